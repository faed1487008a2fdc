import { createHash } from 'node:crypto';

import { signatureOf, type ChunkSequence } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { ChunkLog, LoggedChunk } from '../package/chunk-log.js';
import type { UplinkPriority } from '../uplink/uplink-budget.js';
import { IMMUTABLE, sendAnswer, sendProblem } from './answer.js';
import type { PublishedStream } from './published-stream.js';
import { renditionOf, streamOf, type StreamDirectory } from './stream-directory.js';

const PART = /^part-(\d{1,10})\.m4s$/;
const SEGMENT = /^segment-(\d{1,10})-(\d{1,10})\.m4s$/;
const INIT = /^init-([0-9a-f]{64})\.mp4$/;
const CONTENT_TYPE = 'video/mp4';

type Ask = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly published: PublishedStream;
  readonly log: ChunkLog;
};

/** Serves parts, whole segments and init segments: immutable, with Range and ETag. */
export function registerMediaRoutes(fastify: FastifyInstance, streams: StreamDirectory): void {
  fastify.get('/live/:slug/:rendition/:file', async (request, reply) => {
    const { rendition, file } = request.params as { rendition: string; file: string };
    const published = streamOf(streams, request);
    const log = published && renditionOf(published, rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const ask = { request, reply, published, log };
    const part = PART.exec(file);
    if (part) return sendPart(ask, Number(part[1]) as ChunkSequence);
    const segment = SEGMENT.exec(file);
    if (segment) return sendSegment(ask, { epoch: Number(segment[1]), mediaSequence: Number(segment[2]) });
    const init = INIT.exec(file);
    if (init) return sendInit(ask, init[1] ?? '');
    return sendProblem(reply, 404, 'There is no such file.');
  });
}

async function sendPart(ask: Ask, sequence: ChunkSequence): Promise<FastifyReply> {
  const { reply, published, log } = ask;
  // Only the hinted part is worth waiting for; what lies beyond it may never exist.
  const isHinted = log.last !== undefined && sequence === log.last.sequence + 1 && published.live.state !== 'ended';
  if (isHinted) {
    const limit = { timeoutMs: published.patienceMs, response: reply.raw };
    const outcome = await published.waiters.until(() => (log.last?.sequence ?? 0) >= sequence, limit);
    if (outcome === 'gone') return reply.hijack();
    if (outcome !== 'ready') return sendProblem(reply, 503, 'No new media has come; ask again.');
  }
  const place = log.find(sequence);
  switch (place.kind) {
    case 'unknown':
      return sendProblem(reply, 404, 'There is no such part.');
    case 'gone':
      return sendProblem(reply, 410, 'The part is no longer kept.');
    case 'here':
      return sendChunks(ask, [place.chunk]);
    case 'archived': {
      const chunk = await log.read(sequence);
      if (!chunk) return sendProblem(reply, 410, 'The part is no longer kept.');
      return sendChunks(ask, [chunk]);
    }
  }
}

async function sendSegment(ask: Ask, named: { epoch: number; mediaSequence: number }): Promise<FastifyReply> {
  const { reply, log } = ask;
  const place = log.findSegment(named.epoch, named.mediaSequence);
  if (place.kind === 'unknown') return sendProblem(reply, 404, 'There is no such segment.');
  if (place.kind === 'gone') return sendProblem(reply, 410, 'The segment is no longer kept.');
  const chunks = await Promise.all(place.sequences.map((sequence) => log.read(sequence)));
  const held = chunks.filter((chunk) => chunk !== undefined);
  if (held.length < chunks.length) return sendProblem(reply, 410, 'The segment is no longer kept.');
  return sendChunks(ask, held);
}

function sendInit(ask: Ask, initHash: string): FastifyReply {
  const bytes = ask.log.init(initHash);
  if (!bytes) return sendProblem(ask.reply, 404, 'There is no such init segment.');
  sendAnswer(ask.request, ask.reply, {
    pieces: [bytes],
    contentType: CONTENT_TYPE,
    etag: `"${initHash.slice(0, 32)}"`,
    cacheControl: IMMUTABLE,
    isRangeServed: true,
    uplink: ask.published.uplinkFor('join'),
    count: ask.published.counter('init'),
  });
  return ask.reply;
}

function sendChunks(ask: Ask, chunks: readonly LoggedChunk[]): FastifyReply {
  sendAnswer(ask.request, ask.reply, {
    pieces: chunks.map((chunk) => chunk.bytes),
    contentType: CONTENT_TYPE,
    etag: etagOf(chunks),
    cacheControl: IMMUTABLE,
    isRangeServed: true,
    uplink: ask.published.uplinkFor(priorityOf(ask.request)),
    count: ask.published.counter('media'),
  });
  return ask.reply;
}

/** Peers say what they fetch a part for; players without peers say nothing. */
function priorityOf(request: FastifyRequest): UplinkPriority {
  const { purpose } = request.query as { purpose?: unknown };
  return purpose === 'deadline' || purpose === 'join' ? purpose : 'other';
}

/** Signatures cover the hashes of all bytes, so they tell contents apart. */
function etagOf(chunks: readonly LoggedChunk[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(signatureOf(chunk.signed));
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
