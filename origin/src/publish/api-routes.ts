import { formatMagnetLink, STREAM_PATHS, withViewerToken, type LiveCaptions, type StreamLink, type StreamListing } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { SLOT_MS } from '../captions/live-captions.js';
import type { Publisher } from '../package/publisher.js';
import type { UplinkGate, UplinkStats } from '../uplink/uplink-gate.js';
import { sendProblem } from './answer.js';
import type { DvrPreviews } from './dvr-previews.js';
import { THUMBNAIL_MS } from './live-thumbnails.js';
import { originStats } from './origin-stats.js';
import { sendPicture } from './picture-answer.js';
import type { PublishedStream } from './published-stream.js';
import { streamOf, type StreamDirectory } from './stream-directory.js';

/** What the API takes from elsewhere. */
export type ApiRouteOptions = {
  readonly publisher: Publisher;
  /** Where the world reaches this origin, without a closing slash; undefined: as each request names it. */
  readonly publicUrl: string | undefined;
  /** Trackers that run by themselves; with none, links name the one embedded in this origin. */
  readonly trackers: readonly string[];
  readonly viewerCount: (published: PublishedStream) => number;
  /** What the catalogue tells of a stream beyond its media. */
  readonly catalogueEntry: (published: PublishedStream) => Pick<StreamListing, 'description' | 'tags' | 'seeders' | 'isWhip'>;
  /** Whether a stream is in the list of streams. */
  readonly isListed: (published: PublishedStream) => boolean;
  /** The viewer token of a request, which links then hold. */
  readonly viewerTokenIn?: ((request: FastifyRequest) => string | undefined) | undefined;
  /** Wall clock, ms. */
  readonly wallMs: () => number;
  /** The newest picture of a stream; undefined: there are none. */
  readonly thumbnailOf?: ((published: PublishedStream) => Promise<Buffer | undefined>) | undefined;
  /** Pictures for the seek bars of live streams; undefined: there are none. */
  readonly dvrPreviews?: DvrPreviews | undefined;
  /** Lets pages and pictures out, where the uplink is limited; streams bring their own. */
  readonly gate?: UplinkGate | undefined;
  /** How the limited uplink is used; undefined: it has no limit. */
  readonly uplinkStats?: (() => UplinkStats) | undefined;
};

/** A host name or address with an optional port; anything else in a Host header is not repeated. */
const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** How long what does not change any more may be kept by others: what becomes private is not seen there for much longer. */
const WHOLE_SHEET_SECONDS = 60;

/** How long `?unlike=` waits at most: proxies break off what is silent for a minute. */
const STATE_WAIT_MS = 20_000;

/** Serves what is live, what was sent, and whether the origin is well. */
export function registerApiRoutes(fastify: FastifyInstance, streams: StreamDirectory, options: ApiRouteOptions): void {
  const listingFor = (request: FastifyRequest, published: PublishedStream): StreamListing =>
    describeStream(published, { ...options, baseUrl: options.publicUrl ?? requestedBaseUrl(request), viewerToken: options.viewerTokenIn?.(request) });

  fastify.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/api/') || request.url === '/healthz') void reply.header('cache-control', 'no-store');
  });

  fastify.get('/api/streams', (request) => ({
    streams: [...streams.values()].filter(options.isListed).map((published) => listingFor(request, published)),
  }));

  // With `?unlike=<state>` the answer waits for another state, so that who waits for a publisher hears of it at once.
  fastify.get('/api/streams/:slug', async (request, reply) => {
    const published = streamOf(streams, request);
    if (!published) return sendProblem(reply, 404, 'There is no such stream.');
    const { unlike } = request.query as { readonly unlike?: unknown };
    if (unlike !== undefined) {
      const outcome = await published.waiters.until(() => published.live.state !== unlike, { timeoutMs: STATE_WAIT_MS, response: reply.raw });
      if (outcome === 'gone') return reply.hijack();
    }
    const previews = options.dvrPreviews?.describe(published.live);
    const token = options.viewerTokenIn?.(request);
    const path = `/api/streams/${published.live.slug}/previews/{sheet}.jpg?newest={newest}${token === undefined ? '' : `&token=${token}`}`;
    const captions = liveCaptions(published, token);
    return { ...listingFor(request, published), ...(previews ? { previews: { ...previews, path } } : {}), ...(captions ? { captions } : {}) };
  });

  fastify.get('/api/streams/:slug/previews/:sheet', async (request, reply) => {
    const published = streamOf(streams, request);
    const [, number] = /^(\d{1,9})\.jpg$/.exec((request.params as { readonly sheet: string }).sheet) ?? [];
    const sheet = published && number !== undefined ? await options.dvrPreviews?.get(published.live, Number(number)) : undefined;
    if (!published || !sheet) return sendProblem(reply, 404, 'There is no such picture.');
    if (sheet === 'busy') return sendProblem(reply, 503, 'Other pictures are being made; ask again.');
    return sendPicture(request, reply, { picture: sheet.jpeg, isPublic: options.isListed(published), maxAgeSeconds: sheet.isWhole ? WHOLE_SHEET_SECONDS : 5, gate: options.gate });
  });

  const { thumbnailOf } = options;
  if (thumbnailOf) {
    fastify.get('/api/streams/:slug/thumbnail.jpg', async (request, reply) => {
      const published = streamOf(streams, request);
      const picture = published && (await thumbnailOf(published));
      if (!picture) return sendProblem(reply, 404, 'There is no such picture.');
      return sendPicture(request, reply, { picture, isPublic: options.isListed(published), maxAgeSeconds: THUMBNAIL_MS / 1000, gate: options.gate });
    });
  }

  fastify.get('/api/stats', () => originStats([...streams.values()].filter(options.isListed), options));

  fastify.get('/healthz', () => ({ status: 'ok' }));
}

/** Those of a recording are told of with it. */
function liveCaptions({ live: { slug, textCaptions } }: PublishedStream, token: string | undefined): LiveCaptions | undefined {
  const captions = textCaptions?.tracks ?? [];
  if (captions.length === 0) return undefined;
  const base = `/live/${slug}${token === undefined ? '' : `/~${token}`}`;
  return { everyMs: SLOT_MS, tracks: captions.map(({ language, name }, track) => ({ language, name, path: `${base}/${STREAM_PATHS.captionsSlot(track, '{slot}')}` })) };
}

/** The link of a stream for viewers who reach this origin at a base URL. */
export function linkFor(
  published: PublishedStream,
  origin: Pick<ApiRouteOptions, 'publisher' | 'trackers'> & { readonly baseUrl: string; readonly viewerToken?: string | undefined },
): StreamLink {
  const { live } = published;
  const base = `${origin.baseUrl}/live/${live.slug}`;
  return {
    streamId: live.streamId,
    publicKey: origin.publisher.publicKey,
    title: live.title,
    trackers: origin.trackers.length > 0 ? origin.trackers : [origin.baseUrl],
    origins: [origin.viewerToken === undefined ? base : withViewerToken(base, origin.viewerToken)],
  };
}

function describeStream(
  published: PublishedStream,
  origin: ApiRouteOptions & { readonly baseUrl: string; readonly viewerToken: string | undefined },
): StreamListing {
  const { live } = published;
  const rendition = live.record?.renditions[0];
  const { keptFromMs } = live.log;
  const hasPicture = origin.thumbnailOf !== undefined && (rendition?.height ?? 0) > 0 && live.log.last !== undefined;
  // Of a stream that is over it stays the same.
  const picture = live.state === 'live' ? Math.floor(origin.wallMs() / THUMBNAIL_MS) : (live.log.last?.sequence ?? 0);
  const token = origin.viewerToken === undefined ? '' : `&token=${origin.viewerToken}`;
  return {
    slug: live.slug,
    streamId: live.streamId,
    title: live.title,
    state: live.state,
    viewers: origin.viewerCount(published),
    width: rendition?.width ?? 0,
    height: rendition?.height ?? 0,
    link: formatMagnetLink(linkFor(published, origin)),
    watchPath: `/watch/${live.slug}`,
    startedAtMs: live.startedAtMs,
    ...origin.catalogueEntry(published),
    heights: live.record?.renditions.map(({ height }) => height) ?? [],
    ...(keptFromMs === undefined ? {} : { keptFromMs }),
    ...(hasPicture ? { thumbnailPath: `/api/streams/${live.slug}/thumbnail.jpg?v=${picture}${token}` } : {}),
  };
}

/** Where the world reaches this origin, as a request names it; without a closing slash. */
export function requestedBaseUrl(request: FastifyRequest): string {
  const host = HOST.test(request.host) ? request.host : `localhost:${request.socket.localPort ?? 80}`;
  return `${request.protocol}://${host}`;
}
