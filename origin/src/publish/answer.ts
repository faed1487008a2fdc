import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import parseRange from 'range-parser';

import type { UplinkPriority } from '../uplink/uplink-budget.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import { canSendWhole, MOST_WHOLE_BYTES, sendWhole, type WholeAnswers } from './whole-answers.js';

type UplinkUse = { readonly gate: UplinkGate; readonly priority: UplinkPriority };

/** A body to send, and how caches and clients shall treat it. */
export type Answer = {
  /** One behind the other they are the body; they are not changed while being sent. */
  readonly pieces: readonly Uint8Array[];
  readonly contentType: string;
  /** With quotes. */
  readonly etag?: string;
  readonly cacheControl: string;
  readonly isRangeServed?: boolean;
  readonly contentEncoding?: 'gzip' | undefined;
  /** Which of a request's headers the answer depends on. */
  readonly vary?: string;
  /** Where the origin's uplink is limited: what the answer waits for, and how urgent it is. */
  readonly uplink?: UplinkUse | undefined;
  /** Where many are due the same at the same moment: what is ready for them. */
  readonly wholes?: WholeAnswers | undefined;
  /** Told as body bytes are handed to the system: what an aborted answer never sent is not counted. */
  readonly count: (bytes: number) => void;
};

type WholeAnswer = Answer & { readonly pieces: readonly [Uint8Array]; readonly wholes: WholeAnswers };

/** What is named by a sequence, an epoch or a hash never changes. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Playlists: a cache may answer a crowd's simultaneous requests with one copy. */
export const SHORT_LIVED = 'public, max-age=1';
/** Answers that waited for the edge: always to be asked for again, though a 304 will do. */
export const REVALIDATED = 'no-cache';

/** What the next moment makes wrong. */
export const NOT_CACHED = 'no-store';

/**
 * So much of a body is handed to the system at a time: what a client has of it that hangs up in the middle is not counted. Peers
 * break off parts when another brings them; segments go out in larger steps, which make half as much work.
 */
const STEP_BYTES = 64 * 1024;
const LARGE_STEP_BYTES = 256 * 1024;
/** What status line and headers of an answer take, about. */
const HEAD_BYTES = 400;
/** Why a 503: there is no room for the moment, and whoever asks again is in line. */
const REASON_HEADER = 'p2ptv-reason';

/** Somebody who waits for an answer that Fastify does not send. */
export type Recipient = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What every answer of the server carries: names and values in turn, which Node writes out as they are. */
  readonly headers: readonly string[];
  readonly log: FastifyBaseLogger;
};

/**
 * Takes a reply out of Fastify's hands: thousands of answers may be due at the same moment, and the bytes
 * have to be counted. Whoever takes it over answers it, whatever happens.
 */
export function takeOver(request: FastifyRequest, reply: FastifyReply): Recipient {
  const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) => [name, String(value)]);
  reply.hijack();
  return { request: request.raw, response: reply.raw, headers, log: request.log };
}

/** Does what ends in an answer; a fault in it costs this recipient its answer, and nobody else anything. */
export function answerSafely(to: Recipient, answer: () => void): void {
  try {
    answer();
  } catch (error) {
    failToAnswer(to, error);
  }
}

/** Says that something went wrong here; the operator reads what. */
export function failToAnswer(to: Recipient, error: unknown): void {
  to.log.error({ error, url: to.request.url }, 'A request failed');
  if (to.response.headersSent) to.response.destroy();
  else refuse(to, 500, 'The origin failed to answer.');
}

/** Whether a client takes an answer compressed. */
export function isGzipTaken({ request }: Recipient): boolean {
  const accepted = request.headers['accept-encoding'];
  return typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/.test(accepted);
}

/** Answers a GET or HEAD with 200, 206, 304 or 416, or with 503 where the uplink is taken. */
export function sendAnswer(to: Recipient, answer: Answer): void {
  const { request, response } = to;
  const total = answer.pieces.reduce((sum, piece) => sum + piece.length, 0);
  const headers = [...to.headers, 'cache-control', answer.cacheControl];
  if (answer.vary !== undefined) headers.push('vary', answer.vary);
  if (answer.etag !== undefined) headers.push('etag', answer.etag);
  if (answer.isRangeServed === true) headers.push('accept-ranges', 'bytes');
  const { uplink } = answer;
  uplink?.gate.spend(HEAD_BYTES, uplink.priority);
  if (answer.etag !== undefined && isMatch(request.headers['if-none-match'], answer.etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = answer.isRangeServed === true ? wantedRange(request, { total, etag: answer.etag }) : undefined;
  const bodyBytes = range === undefined || range === 'unsatisfiable' ? total : range.end - range.start;
  const retrySeconds = request.method === 'HEAD' ? undefined : uplink?.gate.turnAway(bodyBytes, uplink.priority);
  if (retrySeconds !== undefined) {
    refuseFull(to, retrySeconds);
    return;
  }
  if (range === 'unsatisfiable') {
    response.writeHead(416, [...headers, 'content-range', `bytes */${total}`, 'content-length', '0']).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: total };
  headers.push('content-type', answer.contentType, 'content-length', String(end - start));
  if (answer.contentEncoding) headers.push('content-encoding', answer.contentEncoding);
  if (range) headers.push('content-range', `bytes ${start}-${end - 1}/${total}`);
  if (!range && isSentWhole(to, answer)) {
    const [body] = answer.pieces;
    sendWhole(response, answer.wholes.of(body, headers), () => answer.count(body.length));
    return;
  }
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD') response.end();
  else sendBody(response, answer, { start, end });
}

/** Whether an answer goes out as it is ready: by one write, which no budget paces. */
function isSentWhole({ request, response, headers }: Recipient, answer: Answer): answer is WholeAnswer {
  const { pieces, uplink, wholes } = answer;
  if (!wholes || uplink || pieces.length !== 1 || (pieces[0]?.length ?? Infinity) > MOST_WHOLE_BYTES) return false;
  return request.method === 'GET' && !headers.includes('connection') && canSendWhole(response);
}

/** Answers with a status and a sentence for people, while Fastify has the reply. */
export function sendProblem(reply: FastifyReply, status: number, message: string): FastifyReply {
  void reply.code(status).header('cache-control', 'no-store');
  if (status === 503) void reply.header('retry-after', '1');
  return reply.send({ error: message });
}

/** The same for a {@link Recipient}. */
export function refuse(to: Recipient, status: number, message: string): void {
  sendError(to, { status, message, headers: status === 503 ? ['retry-after', '1'] : [] });
}

/** Answers that the uplink is taken for the moment, and when to ask again. */
export function refuseFull(to: Recipient, retrySeconds: number): void {
  const headers = [REASON_HEADER, 'full', 'retry-after', String(retrySeconds)];
  sendError(to, { status: 503, message: 'The broadcast is full for the moment; ask again.', headers });
}

function sendError(to: Recipient, problem: { readonly status: number; readonly message: string; readonly headers: readonly string[] }): void {
  const body = Buffer.from(JSON.stringify({ error: problem.message }));
  const described = ['cache-control', NOT_CACHED, 'content-type', 'application/json; charset=utf-8', 'content-length', String(body.length)];
  to.response.writeHead(problem.status, [...to.headers, ...problem.headers, ...described]);
  to.response.end(to.request.method === 'HEAD' ? undefined : body);
}

function sendBody(response: ServerResponse, answer: Answer, range: { start: number; end: number }): void {
  const { uplink, count } = answer;
  const stepBytes = uplink?.gate.pieceBytes ?? (range.end - range.start > LARGE_STEP_BYTES ? LARGE_STEP_BYTES : STEP_BYTES);
  const body = slices(answer, { ...range, most: stepBytes });
  const [only] = body;
  if (uplink) void paceBody(response, body, { ...uplink, count });
  else if (body.length > 1 || !only) void writeBody(response, body, { stepBytes, count });
  else response.end(only, () => count(only.length));
}

/** As the client takes it: a step, of several pieces perhaps, by one write. */
async function writeBody(
  response: ServerResponse,
  body: readonly Uint8Array[],
  { stepBytes, count }: { readonly stepBytes: number; readonly count: Answer['count'] },
): Promise<void> {
  for (let at = 0; at < body.length; ) {
    response.cork();
    for (let bytes = 0; bytes < stepBytes; at++) {
      const slice = body[at];
      if (!slice) break;
      bytes += slice.length;
      response.write(slice, (error) => {
        if (!error) count(slice.length);
      });
    }
    response.uncork();
    if (response.writableNeedDrain && !(await isDrained(response))) return;
  }
  response.end();
}

/** As a budget lets it, a piece at a time. */
async function paceBody(response: ServerResponse, body: readonly Uint8Array[], { gate, priority, count }: UplinkUse & Pick<Answer, 'count'>): Promise<void> {
  const place = gate.newPlace();
  let laterBytes = body.reduce((sum, slice) => sum + slice.length, 0);
  for (const slice of body) {
    laterBytes -= slice.length;
    if (!(await gate.wait({ bytes: slice.length, laterBytes, priority, place }, response))) return;
    const isRoom = response.write(slice, (error) => {
      if (!error) count(slice.length);
    });
    if (isRoom || !response.writableNeedDrain) continue;
    if (!(await isDrained(response))) return;
  }
  response.end();
}

/** Waits until the client has taken what was written; false when it hangs up instead. */
function isDrained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed || response.socket?.destroyed === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (isWritable: boolean): void => {
      response.off('drain', drained).off('close', closed);
      resolve(isWritable);
    };
    const drained = (): void => settle(true);
    const closed = (): void => settle(false);
    response.on('drain', drained).on('close', closed);
  });
}

/** The bytes from `start` to `end` of an answer, none longer than `most`. */
function slices({ pieces }: Answer, range: { start: number; end: number; most: number }): Uint8Array[] {
  const found: Uint8Array[] = [];
  const { most } = range;
  let offset = 0;
  for (const piece of pieces) {
    const from = Math.max(0, range.start - offset);
    const to = Math.min(piece.length, range.end - offset);
    for (let at = from; at < to; at += most) found.push(piece.subarray(at, Math.min(to, at + most)));
    offset += piece.length;
  }
  return found;
}

function wantedRange(
  request: IncomingMessage,
  body: { readonly total: number; readonly etag: string | undefined },
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const { range, 'if-range': ifRange } = request.headers;
  if (range === undefined || (ifRange !== undefined && ifRange !== body.etag)) return undefined;
  // A suffix longer than the body means all of it (RFC 9110 section 14.1.2), which range-parser takes for an error.
  const suffix = /^bytes=-(\d+)$/.exec(range)?.[1];
  if (suffix !== undefined && body.total > 0 && Number(suffix) >= body.total) return { start: 0, end: body.total };
  const parsed = parseRange(body.total, range, { combine: true });
  if (parsed === -1) return 'unsatisfiable';
  // What is malformed, of another unit, or scattered, is answered with the whole (RFC 9110 section 14.2).
  const only = parsed === -2 || parsed.type !== 'bytes' || parsed.length !== 1 ? undefined : parsed[0];
  return only && { start: only.start, end: only.end + 1 };
}

function isMatch(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const bare = (tag: string): string => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag));
}
