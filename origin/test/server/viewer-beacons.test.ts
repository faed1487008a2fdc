import type { ViewerBeacon } from '@p2ptv/protocol';
import { fastify, type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { StreamDirectory } from '../../src/publish/stream-directory.js';
import { registerBeacons, ViewerFigures } from '../../src/server/viewer-beacons.js';

const BEACON: ViewerBeacon = {
  version: 1,
  startupMs: 350,
  delayMs: 1_250,
  playedMs: 30_000,
  stalledMs: 500,
  stalls: 2,
  bytes: { origin: 100_000, seeder: 100_000, peers: 800_000, cache: 500_000 },
  originSentBytes: 250_000,
  duplicateBytes: 100_000,
};

describe('beacons of viewers', () => {
  let server: FastifyInstance;
  let registry: Registry;
  let figures: ViewerFigures;

  beforeEach(async () => {
    registry = new Registry();
    figures = new ViewerFigures(registry);
    server = fastify();
    const streams = { get: (slug: string) => (slug === 'main' || slug === 'r1' ? {} : undefined), values: () => [] } as unknown as StreamDirectory;
    await registerBeacons(server, { streams, channelOf: (slug) => (slug === 'r1' ? 'main' : slug), figures });
  });

  afterEach(() => server.close());

  const post = async (payload: unknown, slug = 'main'): Promise<number> => {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return (await server.inject({ method: 'POST', url: `/live/${slug}/beacon`, headers: { 'content-type': 'text/plain;charset=UTF-8' }, payload: body })).statusCode;
  };
  const figure = async (line: string): Promise<number | undefined> => {
    const found = (await registry.metrics()).split('\n').find((text) => text.startsWith(`p2ptv_viewer_${line} `));
    return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ')));
  };

  it('OR9: become histograms and totals of the channel, a recording\'s those of its channel', async () => {
    expect(await post(BEACON)).toBe(204);
    const { startupMs: _startup, delayMs: _delay, ...later } = BEACON;
    expect(await post(later, 'r1')).toBe(204);
    expect(await figure('beacons_total{channel="main"}')).toBe(2);
    expect(await figure('startup_seconds_sum{channel="main"}')).toBeCloseTo(0.35);
    expect(await figure('startup_seconds_count{channel="main"}')).toBe(1);
    expect(await figure('delay_seconds_bucket{le="1.4",channel="main"}')).toBe(1);
    expect(await figure('offload_ratio_sum{channel="main"}')).toBeCloseTo(1.5);
    expect(await figure('chunk_copies_sum{channel="main"}')).toBeCloseTo(2.2);
    expect(await figure('stalls_total{channel="main"}')).toBe(4);
    expect(await figure('stalled_seconds_total{channel="main"}')).toBe(1);
    expect(await figure('played_seconds_total{channel="main"}')).toBe(60);
    expect(await figure('media_bytes_total{channel="main",from="cache"}')).toBe(1_000_000);
  });

  it.each([
    ['text that is no JSON', '{'],
    ['a field that tells who', { ...BEACON, name: 'ann' }],
    ['less than nothing', { ...BEACON, stalls: -1 }],
    ['more than can be', { ...BEACON, playedMs: 1e9 }],
    ['no number', { ...BEACON, playedMs: null }],
    ['another version', { ...BEACON, version: 2 }],
  ])('OR9: refuses %s, and counts nothing', async (_what, payload) => {
    expect(await post(payload)).toBe(400);
    expect(await figure('beacons_total{channel="main"}')).toBeUndefined();
  });

  it('OR9: refuses what is too long, and what is for no stream', async () => {
    expect(await post(`${JSON.stringify(BEACON)}${' '.repeat(1_024)}`)).toBe(413);
    expect(await post(BEACON, 'other')).toBe(404);
  });

  it('OR9: takes 600 a minute from one address', async () => {
    for (let count = 0; count < 600; count++) await post(BEACON);
    expect(await post(BEACON)).toBe(429);
    expect(await figure('beacons_total{channel="main"}')).toBe(600);
  });

  it('forgets a channel that is gone', async () => {
    await post(BEACON);
    figures.keepOnly((channel) => channel === 'main');
    expect(await figure('beacons_total{channel="main"}')).toBe(1);
    figures.keepOnly(() => false);
    expect((await registry.metrics()).includes('main')).toBe(false);
  });
});
