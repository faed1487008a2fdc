import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Idle connections outlive the pause between two requests of a player that waits for a part. */
export const KEEP_ALIVE_MS = 65_000;

/** A part of 200 ms at 5 Mb/s. What of an answer goes out before its client hangs up is not counted, and a client that stalls keeps so much waiting. */
export const MOST_WHOLE_BYTES = 128 * 1024;

/** Playlists in two forms, each whole and compressed, a part and a batch of headers: bounds the memory of one who asks for all. */
const MAX_ANSWERS = 8;

type WholeAnswer = {
  readonly body: Uint8Array;
  readonly headers: readonly string[];
  /** Which second its date names, s since the Unix epoch. */
  readonly second: number;
  readonly bytes: Buffer;
};

/**
 * Answers that are ready to the last byte, head and body in one buffer: thousands who wait for the same part
 * are due the same bytes at the same moment, and each gets them by one write.
 */
export class WholeAnswers {
  readonly #answers: WholeAnswer[] = [];
  #next = 0;

  /** Forgets all: the stream has changed, and what was due is old. */
  clear(): void {
    this.#answers.length = 0;
    this.#next = 0;
  }

  /**
   * The bytes of a 200 over HTTP/1.1 on a connection that stays open.
   *
   * @param headers names and values in turn, all but Date and those of the connection
   */
  of(body: Uint8Array, headers: readonly string[]): Buffer {
    const second = Math.floor(Date.now() / 1000);
    for (const answer of this.#answers) {
      if (answer.body === body && answer.second === second && isSame(answer.headers, headers)) return answer.bytes;
    }
    const bytes = Buffer.concat([Buffer.from(headOf(headers, second), 'latin1'), body]);
    this.#answers[this.#next] = { body, headers, second, bytes };
    this.#next = (this.#next + 1) % MAX_ANSWERS;
    return bytes;
  }
}

/** Whether a response can be sent by {@link sendWhole}: it is its connection's turn, and that stays open afterwards. */
export function canSendWhole(response: ServerResponse): boolean {
  return response.socket instanceof Socket && response.shouldKeepAlive && !response.headersSent;
}

/**
 * Sends an answer past Node's own writing of responses, which would put a head together for each, and take
 * several buffers to the connection where one does: for a crowd that is half of what its answers cost.
 * As with those the response is finished when the system has taken all of it, and the server goes on with
 * the connection.
 *
 * @param sent told then; never, when the client hangs up before
 */
export function sendWhole(response: ServerResponse, bytes: Buffer, sent: () => void): void {
  response.socket?.write(bytes, (error) => {
    if (error) return;
    sent();
    if (!response.destroyed) response.emit('finish');
  });
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, index) => text === others[index]);
}

function headOf(headers: readonly string[], second: number): string {
  let head = 'HTTP/1.1 200 OK\r\n';
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index] ?? ''}: ${headers[index + 1] ?? ''}\r\n`;
  const date = new Date(second * 1000).toUTCString();
  return `${head}date: ${date}\r\nconnection: keep-alive\r\nkeep-alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`;
}
