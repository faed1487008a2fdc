import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freeTcpPort } from '../load/free-port.js';
import { percentile } from '../metrics/percentile.js';
import type { SuiteContext } from '../suite.js';
import { IngestOrigin, type LogLine } from './ingest-origin.js';
import { pause, until } from './pause.js';
import type { ChannelsResult, RenditionPace } from './report.js';
import { FfmpegPublisher } from './ways/ffmpeg-publisher.js';

/** What is measured, and with what. */
export type ChannelsPlan = { readonly channels: number; readonly seconds: number; readonly ffmpegPath: string; readonly film: string };

/** How it waits: a test of what is made of the outcome does not. */
export type Waits = { readonly pause: typeof pause; readonly until: typeof until };

/** Heights of the renditions: 320x180 and 160x90. */
const LADDER = [180, 90] as const;
/** What a channel keeps, minutes: what it remembers of that is full when the measurement begins, and memory shows what does not end. */
const DVR_MINUTES = 1;
const PICTURE = 'scale=320:180,setsar=1';
const START_LIMIT_MS = 30_000;
/** Media of a minute are kept in memory and of a minute on disk, of which whole files go: two minutes fill both. */
const FILL_SECONDS = 120;
const READINGS = 20;
const WARNING = 40;

/** A part as it was published. */
type Published = { readonly atMs: number; readonly durationMs: number; readonly capturedAtMs: number };

/**
 * Lets publishers send to channels of one origin by RTMP, each with its own key, and looks whether every rendition keeps up
 * and what the origin's memory does.
 */
export async function measureChannels(plan: ChannelsPlan, { signal, print }: SuiteContext, waits: Waits = { pause, until }): Promise<ChannelsResult> {
  const port = await freeTcpPort();
  const slugs = Array.from({ length: plan.channels }, (_, index) => `channel-${index + 1}`);
  const parts = new Map<string, Published[]>();
  const failures: string[] = [];
  const onLog = (line: LogLine): void => {
    if (line.level >= WARNING) failures.push(`${line.channel ?? 'the origin'}: ${line.msg}`);
    if (!line.chunk || line.channel === undefined) return;
    const { rendition, durationUs, programDateTimeMs } = line.chunk;
    const key = `${line.channel}/${rendition}`;
    const published = parts.get(key) ?? [];
    published.push({ atMs: line.time, durationMs: durationUs / 1000, capturedAtMs: programDateTimeMs });
    parts.set(key, published);
  };
  const settings = (folder: string): readonly string[] => ['--rtmp-port', String(port), '--config', writeConfiguration(folder, slugs)];
  const origin = await IngestOrigin.start({ settings, onLog, signal });
  const publishers = slugs.map((slug) => new FfmpegPublisher(plan.ffmpegPath, { film: plan.film, filters: PICTURE, output: ['-f', 'flv', `rtmp://127.0.0.1:${port}/live/${keyOf(slug)}`] }));
  try {
    for (const publisher of publishers) await publisher.start();
    await waits.until(() => parts.size === plan.channels * LADDER.length, { limitMs: START_LIMIT_MS, problem: () => `Not all renditions were there within ${START_LIMIT_MS / 1000} s.`, signal });
    print(`${plan.channels} channels are on air; their windows fill for ${FILL_SECONDS} s`);
    await waits.pause(FILL_SECONDS * 1000, signal);
    const watched = await watch(origin, { plan, signal, print, waits });
    failures.push(...publishers.flatMap(({ failure }) => failure ?? []));
    return {
      renditions: [...parts].map(([key, published]) => paceOf(key, { published, fromMs: watched.fromMs, toMs: watched.toMs })).sort((a, b) => (a.channel + String(a.rendition)).localeCompare(b.channel + String(b.rendition))),
      memory: watched.memory,
      liveGrowthBytesPerTenMinutes: slopeOf(watched.memory.map(({ atSeconds, liveBytes }) => [atSeconds, liveBytes])) * 600,
      originCpuRatio: watched.cpuRatio,
      // A copy: at the end the origin misses its publishers, too.
      failures: [...failures],
    };
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    await origin.stop();
  }
}

type Watched = { readonly fromMs: number; readonly toMs: number; readonly memory: ChannelsResult['memory']; readonly cpuRatio: number };

async function watch(origin: IngestOrigin, { plan, signal, print, waits }: { readonly plan: ChannelsPlan; readonly waits: Waits } & SuiteContext): Promise<Watched> {
  const fromMs = Date.now();
  const first = await origin.usage(true);
  const memory: ChannelsResult['memory'] = [];
  let last = first;
  for (let reading = 0; reading <= READINGS; reading++) {
    if (reading > 0) await waits.pause(fromMs + (plan.seconds * 1000 * reading) / READINGS - Date.now(), signal);
    last = await origin.usage(true);
    const atSeconds = (Date.now() - fromMs) / 1000;
    memory.push({ atSeconds, rssBytes: last.rssBytes, liveBytes: last.heapBytes + last.externalBytes });
    print(`${Math.round(atSeconds)} of ${plan.seconds} s`);
  }
  return { fromMs, toMs: Date.now(), memory, cpuRatio: (last.cpuSeconds - first.cpuSeconds) / (last.atSeconds - first.atSeconds) };
}

/** How one rendition did between two moments, ms since the Unix epoch. */
export function paceOf(key: string, { published, fromMs, toMs }: { readonly published: readonly Published[]; readonly fromMs: number; readonly toMs: number }): RenditionPace {
  const [channel = '', rendition = '0'] = key.split('/');
  const seen = published.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const behind = seen.map(({ atMs, durationMs, capturedAtMs }) => atMs - capturedAtMs - durationMs);
  const quarter = Math.floor(behind.length / 4);
  const [early, late] = [percentile(behind.slice(0, quarter), 0.5), percentile(behind.slice(behind.length - quarter), 0.5)];
  return {
    channel,
    rendition: Number(rendition),
    parts: seen.length,
    paceRatio: seen.reduce((sum, { durationMs }) => sum + durationMs, 0) / Math.max(1, toMs - fromMs),
    behindMs: { p50: percentile(behind, 0.5) ?? null, p99: percentile(behind, 0.99) ?? null },
    behindGrowthMs: early === undefined || late === undefined || quarter === 0 ? null : late - early,
  };
}

/** The slope of a line through points by least squares; 0 for fewer than two. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  if (points.length < 2) return 0;
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

function keyOf(slug: string): string {
  return `key-of-${slug}`;
}

function writeConfiguration(folder: string, slugs: readonly string[]): string {
  const path = join(folder, 'channels.yaml');
  const channels = slugs.map((slug) => ({ slug, title: slug, input: 'rtmp', 'stream-key': keyOf(slug), ladder: LADDER.join(','), 'dvr-minutes': DVR_MINUTES }));
  // YAML takes JSON.
  writeFileSync(path, JSON.stringify({ channels }));
  return path;
}
