import rateLimit from '@fastify/rate-limit';
import { BEACON_BYTES, STREAM_PATHS, viewerBeaconSchema, type ViewerBeacon } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';

import { sendProblem } from '../publish/answer.js';
import { streamOf, type StreamDirectory } from '../publish/stream-directory.js';

/** Beacons a minute from one address; a viewer sends two, and many may share an address. Bounds how much one can skew. */
const BEACONS_PER_MINUTE = 600;

const LABELS = ['channel'] as const;

/** How viewers say that playback goes, by channel: histograms and totals in a Prometheus registry. */
export class ViewerFigures {
  readonly #startup: Histogram<'channel'>;
  readonly #delay: Histogram<'channel'>;
  readonly #offload: Histogram<'channel'>;
  readonly #copies: Histogram<'channel'>;
  readonly #beacons: Counter<'channel'>;
  readonly #stalls: Counter<'channel'>;
  readonly #stalledSeconds: Counter<'channel'>;
  readonly #playedSeconds: Counter<'channel'>;
  readonly #mediaBytes: Counter<'channel' | 'from'>;
  readonly #channels = new Set<string>();

  constructor(registry: Registry) {
    const histogram = (name: string, help: string, buckets: number[]): Histogram<'channel'> =>
      new Histogram({ name: `p2ptv_viewer_${name}`, help, labelNames: LABELS, buckets, registers: [registry] });
    const counter = (name: string, help: string): Counter<'channel'> => new Counter({ name: `p2ptv_viewer_${name}`, help, labelNames: LABELS, registers: [registry] });
    this.#startup = histogram('startup_seconds', 'From the click to the first frame', [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10]);
    this.#delay = histogram('delay_seconds', 'Delay of the live picture, once a beacon', [0.5, 0.75, 1, 1.2, 1.4, 1.6, 2, 3, 5, 10, 30]);
    this.#offload = histogram('offload_ratio', 'Share of the received media that the origin did not send, once a beacon', [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]);
    this.#copies = histogram('chunk_copies', 'How often a viewer received its chunks: 1 is nothing twice, once a beacon', [1, 1.01, 1.05, 1.1, 1.2, 1.5, 2, 3]);
    this.#beacons = counter('beacons_total', 'Beacons of viewers');
    this.#stalls = counter('stalls_total', 'Stops of the picture for want of data');
    this.#stalledSeconds = counter('stalled_seconds_total', 'How long the picture stood');
    this.#playedSeconds = counter('played_seconds_total', 'How long the picture should have moved');
    this.#mediaBytes = new Counter({ name: 'p2ptv_viewer_media_bytes_total', help: 'Media that viewers had, by who brought them', labelNames: ['channel', 'from'], registers: [registry] });
  }

  /** Counts a beacon. */
  add(channel: string, beacon: ViewerBeacon): void {
    const label = { channel };
    const { origin, seeder, peers, cache } = beacon.bytes;
    const receivedBytes = origin + seeder + peers;
    this.#channels.add(channel);
    this.#beacons.inc(label);
    if (beacon.startupMs !== undefined) this.#startup.observe(label, beacon.startupMs / 1000);
    if (beacon.delayMs !== undefined) this.#delay.observe(label, beacon.delayMs / 1000);
    if (receivedBytes > 0) {
      this.#offload.observe(label, 1 - beacon.originSentBytes / receivedBytes);
      this.#copies.observe(label, 1 + beacon.duplicateBytes / receivedBytes);
    }
    this.#stalls.inc(label, beacon.stalls);
    this.#stalledSeconds.inc(label, beacon.stalledMs / 1000);
    this.#playedSeconds.inc(label, beacon.playedMs / 1000);
    for (const [from, bytes] of Object.entries({ origin, seeder, peers, cache })) this.#mediaBytes.inc({ channel, from }, bytes);
  }

  /** Forgets channels that are no more. */
  keepOnly(isThere: (channel: string) => boolean): void {
    for (const channel of this.#channels) {
      if (isThere(channel)) continue;
      this.#channels.delete(channel);
      for (const metric of [this.#startup, this.#delay, this.#offload, this.#copies, this.#beacons, this.#stalls, this.#stalledSeconds, this.#playedSeconds]) metric.remove({ channel });
      for (const from of ['origin', 'seeder', 'peers', 'cache']) this.#mediaBytes.remove({ channel, from });
    }
  }
}

/** Takes viewers' beacons: `POST /live/<slug>/beacon`. */
export async function registerBeacons(
  fastify: FastifyInstance,
  { streams, channelOf, figures }: { readonly streams: StreamDirectory; /** Under whose name a slug is counted. */ readonly channelOf: (slug: string) => string; readonly figures: ViewerFigures },
): Promise<void> {
  await fastify.register(async (scope) => {
    await scope.register(rateLimit, {
      max: BEACONS_PER_MINUTE,
      timeWindow: '1 minute',
      errorResponseBuilder: (_request, { statusCode }) => Object.assign(new Error('Too many beacons from your address.'), { statusCode }),
    });
    scope.post(`/live/:slug/${STREAM_PATHS.beacon}`, { bodyLimit: BEACON_BYTES }, (request, reply) => {
      const published = streamOf(streams, request);
      if (!published) return sendProblem(reply, 404, 'There is no such stream.');
      const beacon = viewerBeaconSchema.safeParse(typeof request.body === 'string' ? parseJson(request.body) : request.body);
      if (!beacon.success) return sendProblem(reply, 400, 'That is no beacon.');
      figures.add(channelOf((request.params as { slug: string }).slug), beacon.data);
      return reply.code(204).send();
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
