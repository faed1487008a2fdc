import type { SwarmScrape } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import type { ChannelRegistry } from '../channel/channel-registry.js';
import type { StreamDirectory } from '../publish/stream-directory.js';
import type { UplinkStats } from '../uplink/uplink-gate.js';
import { registerBeacons, ViewerFigures } from './viewer-beacons.js';

/** What is measured. */
export type MetricsSources = {
  readonly channels: ChannelRegistry;
  /** Swarms as the embedded tracker knows them; none where there is none. */
  readonly swarms: () => readonly SwarmScrape[];
  readonly uplinkStats: (() => UplinkStats) | undefined;
  /** Where beacons may be sent. */
  readonly streams: StreamDirectory;
  /** The channel that a recording is of. */
  readonly channelOf: (slug: string) => string | undefined;
  readonly wallMs: () => number;
};

const LABELS = ['channel'] as const;
/** Recordings of no channel are counted together: a label for each would be one for every file. */
const UPLOADED = '(uploaded)';

/**
 * Serves `/metrics` in Prometheus's text format: the process, channels, swarms, and what viewers tell. Figures are read when
 * they are asked for; only viewers' beacons are counted as they come. Private channels are in it: keep it from strangers at the proxy.
 */
export async function registerMetrics(fastify: FastifyInstance, sources: MetricsSources): Promise<void> {
  const registry = new Registry();
  const viewerFigures = new ViewerFigures(registry);
  const isChannel = (slug: string): boolean => sources.channels.find(slug) !== undefined;
  const channelOf = (slug: string): string => (isChannel(slug) ? slug : (sources.channelOf(slug) ?? UPLOADED));
  await registerBeacons(fastify, { streams: sources.streams, channelOf, figures: viewerFigures });
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string): Gauge<'channel'> => new Gauge({ name: `p2ptv_${name}`, help, labelNames: LABELS, registers: [registry] });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name: `p2ptv_${name}`, help, labelNames, registers: [registry] });

  const readings: (() => void)[] = [];
  const live = gauge('channel_live', 'Whether media flows: 1 or 0');
  const publisher = gauge('channel_publisher', 'Whether somebody publishes over the network: 1 or 0');
  const ageSeconds = gauge('channel_newest_chunk_age_seconds', 'Age of the newest chunk, by its capture time: rises when the input or the encoder stands still');
  const bitsPerSecond = gauge('channel_bits_per_second', 'Rate of the media that are published');
  const viewers = gauge('swarm_viewers', 'Viewers now');
  const seeders = gauge('swarm_seeders', 'Peers that serve without watching, the origin included');
  const seedCopies = gauge('swarm_seed_copies', 'Copies of each chunk that the origin sends into the swarm');
  const sentBytes = counter('origin_sent_bytes_total', 'Bytes that the origin has sent to viewers', ['channel', 'kind']);
  const joins = counter('swarm_joins_total', 'Joins of viewers', ['channel']);
  const receivedBytes = counter('swarm_received_bytes_total', 'Media bytes as viewers reported them, by who sent them', ['channel', 'from']);
  const { uplinkStats } = sources;
  if (uplinkStats) {
    const limit = new Gauge({ name: 'p2ptv_uplink_limit_bits_per_second', help: 'What is sent to viewers at most', registers: [registry] });
    const turnedAway = counter('uplink_turned_away_total', 'Requests answered with 503 because the uplink was taken', ['what']);
    readings.push(() => {
      const stats = uplinkStats();
      limit.set(stats.limitBitsPerSecond);
      turnedAway.reset();
      turnedAway.inc({ what: 'join' }, stats.joinsTurnedAway);
      turnedAway.inc({ what: 'other' }, stats.requestsTurnedAway);
    });
  }

  fastify.get('/metrics', async (_request, reply) => {
    // What is gone is no more told.
    for (const metric of [live, publisher, ageSeconds, bitsPerSecond, viewers, seeders, seedCopies, sentBytes, joins, receivedBytes]) metric.reset();
    viewerFigures.keepOnly((slug) => slug === UPLOADED || isChannel(slug));
    const swarms = new Map(sources.swarms().map((swarm) => [swarm.streamId, swarm]));
    for (const channel of sources.channels.list()) {
      const label = { channel: channel.slug };
      live.set(label, Number(channel.state === 'live'));
      publisher.set(label, Number(channel.hasPublisher));
      bitsPerSecond.set(label, channel.rate.bitsPerSecond ?? 0);
      const newest = channel.live.log.last?.programDateTimeMs;
      if (newest !== undefined) ageSeconds.set(label, Math.max(0, sources.wallMs() - newest) / 1000);
      for (const [kind, bytes] of Object.entries(channel.published.originBytes())) sentBytes.inc({ ...label, kind }, bytes);
      const swarm = swarms.get(channel.streamId);
      if (!swarm) continue;
      viewers.set(label, swarm.viewers);
      seeders.set(label, swarm.seeders);
      seedCopies.set(label, swarm.seedCopies);
      joins.inc(label, swarm.downloaded);
      for (const [from, bytes] of [['origin', swarm.originBytes], ['seeder', swarm.seederBytes], ['peer', swarm.peerBytes]] as const) receivedBytes.inc({ ...label, from }, bytes);
    }
    for (const read of readings) read();
    return reply.header('cache-control', 'no-store').type(registry.contentType).send(await registry.metrics());
  });
}
