import type { FastifyRequest } from 'fastify';

import type { PublishedStream } from './published-stream.js';
import type { MediaLog } from './served-stream.js';

/** The streams that an origin serves at the moment. */
export interface StreamDirectory {
  /** The stream of a slug. */
  get(slug: string): PublishedStream | undefined;
  /** All of them, in the order in which they are listed. */
  values(): Iterable<PublishedStream>;
}

/** The stream that a route's `:slug` names. */
export function streamOf(streams: StreamDirectory, request: FastifyRequest): PublishedStream | undefined {
  return streams.get((request.params as { slug?: string }).slug ?? '');
}

/** The chunks of the rendition that a route's `:rendition` names: a number in digits, nothing that merely converts to one. */
export function renditionOf(published: PublishedStream, rendition: string): MediaLog | undefined {
  return /^\d{1,2}$/.test(rendition) ? published.live.rendition(Number(rendition)) : undefined;
}

/** A query in which nothing is given twice; undefined for any other. */
export function singleValues(query: unknown): Readonly<Record<string, string | undefined>> | undefined {
  const values = query as Record<string, unknown>;
  const isSingle = Object.values(values).every((value) => typeof value === 'string');
  return isSingle ? (values as Record<string, string>) : undefined;
}
