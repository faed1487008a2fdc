import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { IceUdpMuxListener } from 'node-datachannel';

/**
 * A UDP port that connections share which are given it. Until the first of them it is only kept from others: the library
 * does not free a socket that it has opened and that no connection has used.
 */
export class SharedSocket {
  readonly port: number;
  #reserved: Socket | undefined;
  #listener: IceUdpMuxListener | undefined;

  private constructor(port: number, reserved: Socket) {
    this.port = port;
    this.#reserved = reserved;
  }

  /**
   * Takes a port.
   *
   * @param port default: a free one
   * @returns undefined when there is none, or the port is taken
   */
  static async reserve(port = 0): Promise<SharedSocket | undefined> {
    const reserved = (await bound('udp6', port)) ?? (await bound('udp4', port));
    return reserved && new SharedSocket(reserved.address().port, reserved);
  }

  /**
   * Lets connections use it from here on. The library ends the process when a connection cannot have the port that it is
   * given.
   *
   * @returns whether they can: between its last keeper and the library somebody else may have taken it
   */
  open(): boolean {
    if (this.#listener) return true;
    if (!this.#reserved) return false;
    this.#reserved.close();
    this.#reserved = undefined;
    try {
      // The library's socket lives as long as somebody listens to it, or a connection uses it.
      this.#listener = new IceUdpMuxListener(this.port);
      return true;
    } catch {
      return false;
    }
  }

  /** Frees it once the last connection over it has gone. */
  close(): void {
    this.#reserved?.close();
    this.#reserved = undefined;
    this.#listener?.stop();
    this.#listener = undefined;
  }
}

/** Undefined where there is no port of that kind, or that one is taken. */
function bound(type: SocketType, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    socket.unref();
    socket.once('error', () => resolve(undefined));
    socket.bind(port, () => resolve(socket));
  });
}
