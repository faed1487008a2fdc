import { createSocket, type Socket } from 'node:dgram';

import { BenchError } from '../../errors.js';

/** RFC 8489: what a request begins with, and what an answer has. */
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAGIC_COOKIE = 0x2112a442;
const XOR_MAPPED_ADDRESS = 0x0020;
const ADDRESS_BYTES = 8;
const IPV4 = 1;

/** Tells peers behind routers how they are seen from outside: the one thing of STUN that WebRTC asks for. */
export class StunServer {
  readonly #socket: Socket;
  readonly #host: string;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
  }

  /** @throws BenchError when no port can be had */
  static async start(host: string): Promise<StunServer> {
    const socket = createSocket('udp4');
    socket.on('message', (message, { address, port }) => {
      const answer = stunAnswer(message, { address, port });
      if (answer) socket.send(answer, port, address);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(new BenchError(`The STUN server does not start: ${error.message}`, { cause: error })));
      socket.bind(0, host, resolve);
    });
    return new StunServer(socket, host);
  }

  get url(): string {
    return `stun:${this.#host}:${this.#socket.address().port}`;
  }

  stop(): void {
    this.#socket.close();
  }
}

/**
 * The answer to a binding request over IPv4.
 *
 * @returns undefined for whatever else comes
 */
export function stunAnswer(request: Buffer, from: { readonly address: string; readonly port: number }): Buffer | undefined {
  if (request.length < HEADER_BYTES || request.readUInt16BE(0) !== BINDING_REQUEST || request.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  const attribute = 4 + ADDRESS_BYTES;
  const answer = Buffer.alloc(HEADER_BYTES + attribute);
  answer.writeUInt16BE(BINDING_SUCCESS, 0);
  answer.writeUInt16BE(attribute, 2);
  // Cookie and transaction as they came.
  request.copy(answer, 4, 4, HEADER_BYTES);
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, HEADER_BYTES);
  answer.writeUInt16BE(ADDRESS_BYTES, HEADER_BYTES + 2);
  answer.writeUInt8(IPV4, HEADER_BYTES + 5);
  answer.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), HEADER_BYTES + 6);
  const address = from.address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  answer.writeUInt32BE((address ^ MAGIC_COOKIE) >>> 0, HEADER_BYTES + 8);
  return answer;
}
