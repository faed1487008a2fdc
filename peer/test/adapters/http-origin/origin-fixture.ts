import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom, type ChunkSequence, type RenditionId } from '@p2ptv/protocol';
import { onTestFinished } from 'vitest';
import { HttpOriginClient } from '../../../src/adapters/http-origin/http-origin-client.js';
import { NodeVerifier } from '../../../src/adapters/verifier/node-verifier.js';
import type { OriginFailure } from '../../../src/ports/origin-client.js';
import { TestStream } from './test-stream.js';

/** What a test's server does with a request. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

export const stream = new TestStream();
export const rendition = 0 as RenditionId;
export const chunk = stream.chunk(5);

/** A real server on a free port; returns the stream's base URL and the requests that came. */
export async function serve(handler: Handler): Promise<{ base: string; requests: string[]; open: () => number }> {
  const requests: string[] = [];
  let openCount = 0;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    openCount++;
    response.on('close', () => openCount--);
    handler(request, response, new URL(request.url ?? '', 'http://origin'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live/main`, requests, open: () => openCount };
}

/** Where an answer is expected: what comes late because the machine is busy comes in time. */
export const PATIENT = { answerMs: 30_000, stallMs: 30_000, headersSlackMs: 30_000 };

/** A client of these origins, in this order. */
export function client(origins: string[], timeouts = PATIENT): HttpOriginClient {
  return new HttpOriginClient({
    link: { ...stream.link, origins },
    verifier: new NodeVerifier(stream.link.publicKey),
    random: seededRandom(1),
    timeouts,
  });
}

/** How a fetch ended, and with what. */
export type ChunkOutcome = { bytes: Uint8Array; pieces: number; result: OriginFailure | 'done' };

/** Fetches a chunk to its end. */
export function fetchChunk(
  origin: HttpOriginClient,
  firstByte = 0,
  byteLength = chunk.bytes.length,
  sequence: number = chunk.header.sequence,
): Promise<ChunkOutcome> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    const finish = (result: OriginFailure | 'done'): void =>
      resolve({ bytes: Buffer.concat(pieces), pieces: pieces.length, result });
    origin.fetchChunk(
      { rendition, sequence: sequence as ChunkSequence, firstByte, byteLength },
      { bytes: (bytes) => pieces.push(bytes), done: () => finish('done'), failed: finish },
    );
  });
}
