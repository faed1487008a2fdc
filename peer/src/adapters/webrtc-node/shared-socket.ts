import { createSocket, type SocketType } from 'node:dgram';
import { IceUdpMuxListener } from 'node-datachannel';

/** A UDP socket that connections share which are given its port. */
export type SharedSocket = {
  readonly port: number;
  /** Frees it once the last connection over it has gone. */
  close(): void;
};

/** Between the choice of a port and its use somebody else may take it. */
const TRIES = 3;

/**
 * Opens a socket for many connections. It is held open from here on: the library ends the process when a connection
 * cannot have the port that it is given.
 *
 * @param port default: a free one
 * @returns undefined when there is none, or the port is taken
 */
export async function openSharedSocket(port?: number): Promise<SharedSocket | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const chosen = port ?? (await freePort('udp6')) ?? (await freePort('udp4'));
    if (chosen === undefined) return undefined;
    try {
      // The library's socket lives as long as somebody listens to it, or a connection uses it.
      const listener = new IceUdpMuxListener(chosen);
      return { port: chosen, close: () => listener.stop() };
    } catch {
      // Taken.
    }
  }
  return undefined;
}

/** A port that nobody has at the moment; undefined where there is none of that kind. */
function freePort(type: SocketType): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    socket.once('error', () => resolve(undefined));
    socket.bind(0, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
