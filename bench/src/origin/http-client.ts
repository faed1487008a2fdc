import { connect, type Socket } from 'node:net';

import { monotonicMs } from '../load/monotonic-ms.js';

/** One answer, as it came. */
export type HttpAnswer = {
  readonly status: number;
  /** First and last byte, monotonic ms. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  readonly bodyBytes: number;
};

/** Who asks: the heads of a browser's requests have some 600 bytes, which a server has to read. */
const HEADERS = [
  'Connection: keep-alive',
  'Accept: */*',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-US,en;q=0.9',
  'Origin: https://tv.example.org',
  'Referer: https://tv.example.org/watch/main',
  'Sec-Fetch-Dest: empty',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Site: same-origin',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
];
const HEAD_END = '\r\n\r\n';
/** All clients of a process read into the same memory, one after the other: what they read is counted and not kept. */
const READ_BUFFER = Buffer.alloc(512 * 1024);

/** One HTTP/1.1 connection that stays open, as light as it can be: thousands of whole clients would be the load. */
export class HttpClient {
  readonly #socket: Socket;
  readonly #host: string;
  #head = '';
  #status = 0;
  #beganAtMs = 0;
  /** Of the body, still to come; undefined: the head is not complete yet. */
  #leftBytes: number | undefined;
  #bodyBytes = 0;
  /** All that came of an answer that is to be kept. */
  #kept: Buffer[] | undefined;
  #waiting: { readonly resolve: (answer: HttpAnswer) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  private constructor(port: number) {
    this.#host = `127.0.0.1:${port}`;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length, bytes) => {
          this.#read(bytes.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  /** @throws the system's error when there is no connection */
  static open(port: number): Promise<HttpClient> {
    const client = new HttpClient(port);
    return new Promise((resolve, reject) => {
      client.#socket.once('connect', () => resolve(client));
      client.#socket.once('error', reject);
    });
  }

  /**
   * Asks for a path; one at a time.
   *
   * @throws Error when the connection is lost, or the answer has no length
   */
  get(path: string): Promise<HttpAnswer> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#head = '';
    this.#leftBytes = undefined;
    this.#beganAtMs = 0;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${HEADERS.join('\r\n')}${HEAD_END}`);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /**
   * The same, of which every byte is kept, the head's too.
   *
   * @throws Error as {@link get}, or when the answer is no 200
   */
  async getBytes(path: string): Promise<Buffer> {
    const kept: Buffer[] = [];
    this.#kept = kept;
    const { status } = await this.get(path);
    this.#kept = undefined;
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    return Buffer.concat(kept);
  }

  /** Hangs up. */
  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Uint8Array): void {
    this.#kept?.push(Buffer.from(bytes));
    if (this.#beganAtMs === 0) this.#beganAtMs = monotonicMs();
    if (this.#leftBytes !== undefined) {
      this.#leftBytes -= bytes.length;
    } else if (!this.#readHead(bytes)) {
      return;
    }
    if (this.#leftBytes === 0) this.#end();
  }

  /** @returns whether the head is complete */
  #readHead(bytes: Uint8Array): boolean {
    const known = this.#head.length;
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return false;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end))?.[1];
    if (length === undefined) {
      this.#fail(new Error('an answer came without its length'));
      return false;
    }
    this.#status = Number(this.#head.slice(9, 12));
    this.#bodyBytes = Number(length);
    this.#leftBytes = this.#bodyBytes - (bytes.length - (end + HEAD_END.length - known));
    return true;
  }

  #end(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: this.#status, beganAtMs: this.#beganAtMs, endedAtMs: monotonicMs(), bodyBytes: this.#bodyBytes });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}
