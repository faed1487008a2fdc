import { createHash } from 'node:crypto';

import { signatureOf, type ChunkSequence } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { LoggedChunk } from '../package/chunk-log.js';
import type { UplinkPriority } from '../uplink/uplink-budget.js';
import { answerSafely, failToAnswer, IMMUTABLE, refuse, sendAnswer, sendProblem, takeOver, type Recipient } from './answer.js';
import type { PublishedStream } from './published-stream.js';
import type { MediaLog } from './served-stream.js';
import { renditionOf, streamOf, type StreamDirectory } from './stream-directory.js';

const PART = /^part-(\d{1,10})\.m4s$/;
const SEGMENT = /^segment-(\d{1,10})-(\d{1,10})\.m4s$/;
const INIT = /^init-([0-9a-f]{64})\.mp4$/;
const CONTENT_TYPE = 'video/mp4';

type Ask = {
  readonly to: Recipient;
  readonly priority: UplinkPriority;
  readonly published: PublishedStream;
  readonly log: MediaLog;
  /** Others wait for the same. */
  readonly isAwaited?: boolean;
};

/** Serves parts, whole segments and init segments: immutable, with Range and ETag. */
export function registerMediaRoutes(fastify: FastifyInstance, streams: StreamDirectory): void {
  fastify.get('/live/:slug/:rendition/:file', (request, reply) => {
    const { rendition, file } = request.params as { rendition: string; file: string };
    const published = streamOf(streams, request);
    const log = published && renditionOf(published, rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const [part, segment, init] = [PART.exec(file), SEGMENT.exec(file), INIT.exec(file)];
    if (!part && !segment && !init) return sendProblem(reply, 404, 'There is no such file.');
    const ask = { to: takeOver(request, reply), priority: priorityOf(request), published, log };
    answerSafely(ask.to, () => {
      if (part) sendPart(ask, Number(part[1]) as ChunkSequence);
      if (segment) sendSegment(ask, { epoch: Number(segment[1]), mediaSequence: Number(segment[2]) });
      if (init) sendInit(ask, init[1] ?? '');
    });
    return reply;
  });
}

function sendPart(ask: Ask, sequence: ChunkSequence): void {
  const { to, published, log } = ask;
  // Only the hinted part is worth waiting for; what lies beyond it may never exist.
  const isHinted = log.last !== undefined && sequence === log.last.sequence + 1 && published.live.state !== 'ended';
  if (!isHinted) {
    sendKnownPart(ask, sequence);
    return;
  }
  const limit = { timeoutMs: published.patienceMs, response: to.response };
  published.waiters.wait(() => (log.last?.sequence ?? 0) >= sequence, limit, (outcome) => {
    answerSafely(to, () => {
      if (outcome === 'ready') sendKnownPart({ ...ask, isAwaited: true }, sequence);
      else if (outcome !== 'gone') refuse(to, 503, 'No new media has come; ask again.');
    });
  });
}

function sendKnownPart(ask: Ask, sequence: ChunkSequence): void {
  const { to, log } = ask;
  const place = log.find(sequence);
  switch (place.kind) {
    case 'unknown':
      refuse(to, 404, 'There is no such part.');
      break;
    case 'gone':
      refuse(to, 410, 'The part is no longer kept.');
      break;
    case 'here':
      sendChunks(ask, [place.chunk]);
      break;
    case 'archived':
      sendRead(ask, log.read(sequence).then((chunk) => chunk && [chunk]), 'The part is no longer kept.');
  }
}

function sendSegment(ask: Ask, named: { epoch: number; mediaSequence: number }): void {
  const { to, log } = ask;
  const place = log.findSegment(named.epoch, named.mediaSequence);
  switch (place.kind) {
    case 'unknown':
      refuse(to, 404, 'There is no such segment.');
      break;
    case 'gone':
      refuse(to, 410, 'The segment is no longer kept.');
      break;
    case 'found': {
      const { sequences } = place;
      const held = sequences.flatMap((sequence) => chunkHere(log, sequence) ?? []);
      if (held.length === sequences.length) {
        sendChunks(ask, held);
        break;
      }
      const read = Promise.all(sequences.map((sequence) => log.read(sequence))).then((chunks) => {
        const kept = chunks.filter((chunk) => chunk !== undefined);
        return kept.length < sequences.length ? undefined : kept;
      });
      sendRead(ask, read, 'The segment is no longer kept.');
    }
  }
}

function chunkHere(log: MediaLog, sequence: ChunkSequence): LoggedChunk | undefined {
  const place = log.find(sequence);
  return place.kind === 'here' ? place.chunk : undefined;
}

/** Sends what is being read; undefined: it is gone. */
function sendRead(ask: Ask, read: Promise<readonly LoggedChunk[] | undefined>, goneMessage: string): void {
  const { to } = ask;
  read.then(
    (chunks) => answerSafely(to, () => (chunks ? sendChunks(ask, chunks) : refuse(to, 410, goneMessage))),
    (error: unknown) => failToAnswer(to, error),
  );
}

function sendInit({ to, published, log }: Ask, initHash: string): void {
  const bytes = log.init(initHash);
  if (!bytes) {
    refuse(to, 404, 'There is no such init segment.');
    return;
  }
  sendAnswer(to, {
    pieces: [bytes],
    contentType: CONTENT_TYPE,
    etag: `"${initHash.slice(0, 32)}"`,
    cacheControl: IMMUTABLE,
    isRangeServed: true,
    uplink: published.uplinkFor('join'),
    count: published.counter('init'),
  });
}

function sendChunks({ to, published, priority, isAwaited }: Ask, chunks: readonly LoggedChunk[]): void {
  sendAnswer(to, {
    pieces: chunks.map((chunk) => chunk.bytes),
    contentType: CONTENT_TYPE,
    etag: etagOf(chunks),
    cacheControl: IMMUTABLE,
    isRangeServed: true,
    uplink: published.uplinkFor(priority),
    ...(isAwaited ? { wholes: published.wholes } : {}),
    count: published.counter('media'),
  });
}

/** Peers say what they fetch a part for; players without peers say nothing. */
function priorityOf(request: FastifyRequest): UplinkPriority {
  const { purpose } = request.query as { purpose?: unknown };
  return purpose === 'deadline' || purpose === 'join' ? purpose : 'other';
}

/** A crowd asks for the same new parts and segments; of these by the last part. */
const etagsOfParts = new WeakMap<LoggedChunk, string>();
const etagsOfSegments = new WeakMap<LoggedChunk, string>();

function etagOf(chunks: readonly LoggedChunk[]): string {
  const last = chunks.at(-1);
  if (!last) return hashOf(chunks);
  const etags = chunks.length > 1 ? etagsOfSegments : etagsOfParts;
  const known = etags.get(last) ?? hashOf(chunks);
  etags.set(last, known);
  return known;
}

/** Signatures cover the hashes of all bytes, so they tell contents apart. */
function hashOf(chunks: readonly LoggedChunk[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(signatureOf(chunk.signed));
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
