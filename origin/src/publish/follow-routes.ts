import {
  CROWD_WARM_PEERS,
  encodeHeaderBatch,
  HEADERS_WAIT_MS,
  JOIN_LENGTH_BYTES,
  JOIN_WITH_MEDIA_TYPE,
  LIMITS,
  type OriginJoinAnswer,
  type PeerDescription,
  type RenditionId,
  type SignedChunkHeader,
  STREAM_PATHS,
} from '@p2ptv/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';

import type { LoggedChunk } from '../package/chunk-log.js';
import { answerSafely, NOT_CACHED, refuse, refuseFull, sendAnswer, sendProblem, takeOver, type Recipient } from './answer.js';
import type { WaitOutcome } from './edge-waiters.js';
import type { PublishedStream } from './published-stream.js';
import { streamOf, type StreamDirectory } from './stream-directory.js';

/** What the join answer takes from elsewhere. */
export type FollowRouteOptions = {
  /** Peers that watch a rendition of the stream and have lately proved to deliver. */
  readonly warmPeers: (published: PublishedStream, rendition: RenditionId) => readonly PeerDescription[];
  readonly viewerCount: (published: PublishedStream) => number;
  readonly wallMs: () => number;
};

const wholeNumber = z.string().regex(/^\d{1,10}$/, 'must be a whole number').transform(Number);
const headersQuery = z.object({
  rendition: wholeNumber.default(0),
  /** Not said: from the newest independent part on. */
  after: wholeNumber.optional(),
  wait: wholeNumber.default(HEADERS_WAIT_MS),
});
const placeQuery = z.object({
  rendition: wholeNumber.default(0),
  at: z.string().regex(/^\d{1,15}$/, 'must be a date in whole ms since the Unix epoch').transform(Number),
  count: wholeNumber.default(LIMITS.headersPerAnswer),
});
/** No rendition: the one that is played where none is asked for. */
const joinQuery = z.object({ rendition: wholeNumber.optional(), delayMs: wholeNumber.default(0), media: z.enum(['0', '1']).default('0') });

/** How long a join waits for a stream that is just beginning, ms: less than its client waits. */
const JOIN_WAIT_MS = 3000;
/** Of a recording, a join names so many headers: a few come sooner than many. */
const OPENING_HEADERS = 16;
/** What a join answer takes, about: record, init segment, headers, peers. */
const JOIN_ANSWER_BYTES = 8 * 1024;

/** Serves `headers?after=`, `headers?at=` and `join`: how peers learn of chunks from the origin. */
export function registerFollowRoutes(
  fastify: FastifyInstance,
  streams: StreamDirectory,
  options: FollowRouteOptions,
): void {
  fastify.get(`/live/:slug/${STREAM_PATHS.headers}`, (request, reply) => {
    if (typeof request.query === 'object' && request.query !== null && 'at' in request.query) return answerPlace(request, reply, streams);
    const query = headersQuery.safeParse(request.query);
    if (!query.success) return sendProblem(reply, 400, describeQueryProblem(query.error));
    const { rendition, wait } = query.data;
    const published = streamOf(streams, request);
    const log = published?.live.rendition(rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const { live } = published;
    // Those who ask take another one.
    const isOver = (last: number | undefined): boolean => !live.isMade(rendition) && (log.last?.sequence ?? -1) <= (last ?? Infinity);
    if (isOver(query.data.after)) return sendProblem(reply, 410, 'The stream has this rendition no longer.');
    const after = query.data.after ?? (log.newest(0, LIMITS.headersPerAnswer)[0]?.signed.header.sequence ?? 0) - 1;
    const to = takeOver(request, reply);
    const limit = { timeoutMs: Math.min(wait, HEADERS_WAIT_MS), response: reply.raw };
    published.waiters.wait(() => (log.last?.sequence ?? -1) > after || isOver(after), limit, (outcome) => {
      answerSafely(to, () => {
        if (outcome !== 'gone' && isOver(after)) refuse(to, 410, 'The stream has this rendition no longer.');
        else sendHeaders(to, { published, rendition, after, outcome });
      });
    });
    return reply;
  });

  fastify.get(`/live/:slug/${STREAM_PATHS.join}`, async (request, reply) => {
    const query = joinQuery.safeParse(request.query);
    if (!query.success) return sendProblem(reply, 400, describeQueryProblem(query.error));
    const published = streamOf(streams, request);
    const log = published && (query.data.rendition === undefined ? published.live.log : published.live.rendition(query.data.rendition));
    if (!published || !log || (query.data.rendition !== undefined && !published.live.isMade(query.data.rendition))) {
      return sendProblem(reply, 404, 'There is no such stream or rendition.');
    }
    const { live, waiters } = published;
    const isReady = (): boolean => live.recordText !== undefined && (live.record?.isEnded === true ? log.last : log.timeline.last) !== undefined;
    const outcome = await waiters.until(isReady, { timeoutMs: JOIN_WAIT_MS, response: reply.raw });
    if (outcome === 'gone') return reply.hijack();
    const wanted: Wanted = { delayMs: query.data.delayMs, rendition: query.data.rendition ?? live.defaultRendition };
    const warmPeers = options.warmPeers(published, wanted.rendition as RenditionId).slice(0, LIMITS.links);
    const named = await namedHeaders(published, wanted);
    // A crowd can feed a newcomer: then the answer is all that it needs of the origin, and goes before all else.
    const isFedByCrowd = warmPeers.length >= CROWD_WARM_PEERS;
    const crowd = { canFeed: isFedByCrowd, viewers: options.viewerCount(published) };
    const room = published.gate?.admitJoin(named.reduce((sum, { header }) => sum + header.byteLength, JOIN_ANSWER_BYTES), crowd);
    if (room?.kind === 'full') {
      refuseFull(takeOver(request, reply), room.retrySeconds);
      return reply;
    }
    const isUplinkTaken = room?.kind === 'answerOnly';
    const answer = joinAnswer(published, named, { rendition: wanted.rendition as RenditionId, warmPeers, isUplinkTaken, wallMs: options.wallMs() });
    if (!answer) return sendProblem(reply, 503, 'The stream has not begun yet.');
    const json = Buffer.from(JSON.stringify(answer));
    // Where the first frames are to come from peers, the origin does not bring them.
    const isWanted = query.data.media === '1' && !isFedByCrowd && !isUplinkTaken && live.record?.isEnded !== true;
    const parts = isWanted ? firstChunks(published, wanted).map(({ bytes }) => bytes) : [];
    const bytes = parts.reduce((sum, { length }) => sum + length, json.length);
    // No client takes more than so much; and whoever was let in is not to be turned away for the size of its answer.
    const isWithMedia = isWanted && bytes <= LIMITS.joinMediaBytes && published.gate?.hasRoomFor(bytes, 'join') !== false;
    const head = isWithMedia ? Buffer.concat([lengthOf(json), json]) : json;
    sendAnswer(takeOver(request, reply), {
      pieces: [head, ...(isWithMedia ? parts : [])],
      contentType: isWithMedia ? JOIN_WITH_MEDIA_TYPE : 'application/json; charset=utf-8',
      cacheControl: NOT_CACHED,
      uplink: published.uplinkFor(isFedByCrowd ? 'seed' : 'join'),
      count: countJoin(published, head.length),
    });
    return reply;
  });
}

function sendHeaders(
  to: Recipient,
  { published, rendition, after, outcome }: { readonly published: PublishedStream; readonly rendition: number; readonly after: number; readonly outcome: WaitOutcome },
): void {
  switch (outcome) {
    case 'gone':
      break;
    case 'closed':
      refuse(to, 503, 'The origin is shutting down.');
      break;
    case 'full':
      refuse(to, 503, 'Too many requests wait already.');
      break;
    case 'ready':
    case 'timeout':
      sendAnswer(to, {
        pieces: [published.headerBatch(rendition, after)],
        contentType: 'application/octet-stream',
        cacheControl: NOT_CACHED,
        // Without headers a viewer plays nothing, whatever its neighbours have.
        uplink: published.uplinkFor('deadline'),
        wholes: published.wholes,
        count: published.counter('headers'),
      });
  }
}

/** Headers from a place of a recording, or of what is kept of a live stream: what there is, at once. */
async function answerPlace(request: FastifyRequest, reply: FastifyReply, streams: StreamDirectory): Promise<FastifyReply> {
  const query = placeQuery.safeParse(request.query);
  if (!query.success) return sendProblem(reply, 400, describeQueryProblem(query.error));
  const { rendition, at, count } = query.data;
  const published = streamOf(streams, request);
  const log = published?.live.rendition(rendition);
  if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
  const headers = await log.headersFrom(at, Math.min(count, LIMITS.headersPerAnswer));
  sendAnswer(takeOver(request, reply), {
    pieces: [encodeHeaderBatch(headers)],
    contentType: 'application/octet-stream',
    cacheControl: NOT_CACHED,
    uplink: published.uplinkFor('deadline'),
    count: published.counter('headers'),
  });
  return reply;
}

/** The JSON's length, as it stands before it. */
function lengthOf(json: Buffer): Buffer {
  const length = Buffer.alloc(JOIN_LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  return length;
}

/** Counts an answer's bytes: the first as join, what is behind them as media. */
function countJoin(published: PublishedStream, headBytes: number): (bytes: number) => void {
  const join = published.counter('join');
  const media = published.counter('media');
  let leftBytes = headBytes;
  return (bytes) => {
    const ofHead = Math.min(leftBytes, bytes);
    leftBytes -= ofHead;
    join(ofHead);
    media(bytes - ofHead);
  };
}

type Wanted = { readonly rendition: number; readonly delayMs: number };

/** The headers of a join: the newest, or of a recording its first. */
async function namedHeaders(published: PublishedStream, wanted: Wanted): Promise<readonly SignedChunkHeader[]> {
  const { live } = published;
  if (live.record?.isEnded === true) return (await live.rendition(wanted.rendition)?.headersFrom(0, OPENING_HEADERS)) ?? [];
  return firstChunks(published, wanted).map(({ signed }) => signed);
}

function firstChunks(published: PublishedStream, wanted: Wanted): readonly LoggedChunk[] {
  return published.live.rendition(wanted.rendition)?.newest(wanted.delayMs, LIMITS.headersPerAnswer) ?? [];
}

function joinAnswer(
  published: PublishedStream,
  headers: readonly SignedChunkHeader[],
  more: Pick<OriginJoinAnswer, 'rendition' | 'warmPeers' | 'wallMs'> & { readonly isUplinkTaken: boolean },
): OriginJoinAnswer | undefined {
  const { live } = published;
  const initHash = headers[0]?.header.initHash;
  const init = initHash === undefined ? undefined : live.rendition(more.rendition)?.init(initHash);
  if (initHash === undefined || !init || live.recordText === undefined) return undefined;
  return {
    version: 1,
    record: live.recordText,
    rendition: more.rendition,
    initHash,
    init: Buffer.from(init).toString('base64'),
    headers: Buffer.from(encodeHeaderBatch(headers)).toString('base64'),
    warmPeers: more.warmPeers,
    ...(more.isUplinkTaken ? { isUplinkTaken: true } : {}),
    wallMs: more.wallMs,
  };
}

function describeQueryProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? 'The query'}: ${issue?.message ?? 'is malformed'}.`;
}
