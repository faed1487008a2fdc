import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BenchError } from '../errors.js';
import { freeTcpPort, freeUdpPort } from '../load/free-port.js';
import { percentile } from '../metrics/percentile.js';
import type { SuiteContext } from '../suite.js';
import { RHYTHM_MS, takeFlashTimes, withFlashAndBeep } from './flash-and-beep.js';
import { offsetsOf, readFlashes } from './flash-reading.js';
import { IngestOrigin, type LogLine } from './ingest-origin.js';
import { pause, until } from './pause.js';
import { savePublished } from './published-window.js';
import type { AvSyncResult, AvSyncWindow } from './report.js';
import type { PublishingBrowser } from './ways/page-publisher.js';
import type { WayIn } from './ways/way.js';

/** What is measured, and with what; `film` flashes and beeps as pages do. */
export type AvSyncPlan = { readonly seconds: number; readonly publishing: PublishingBrowser; readonly ffmpegPath: string; readonly film: string };

/** What is looked at, at a time. */
const WINDOW_SECONDS = 30;
/** A run shorter than this is looked at once: it tells nothing of drift. */
const DRIFT_SECONDS = 90;
const MAX_WINDOWS = 11;
/** What the clocks of a new session need, and segments until they are whole. */
const SETTLE_SECONDS = 5;
const START_LIMIT_MS = 20_000;
const LADDER = '180';
/** Rhythms that differ more are two; pages that have too little of a processor are late by some frames. */
const MAX_SPREAD_MS = 150;

/** A part as it was published, ms since the Unix epoch. */
type Published = { readonly atMs: number; readonly dateMs: number; readonly durationMs: number };

/**
 * Lets somebody publish a flash and a beep every two seconds, and looks in what the origin publishes how far apart they
 * are, and how long after the flash the part with it was there.
 */
export async function measureAvSync(way: WayIn, plan: AvSyncPlan, { signal, print }: SuiteContext): Promise<AvSyncResult> {
  const port = way.protocol === undefined ? 0 : await (way.protocol === 'tcp' ? freeTcpPort : freeUdpPort)();
  const parts: Published[] = [];
  let sessions = 0;
  const onLog = ({ msg, time, chunk }: LogLine): void => {
    if (/^Encoding /.test(msg)) sessions++;
    if (chunk?.rendition === 0) parts.push({ atMs: time, dateMs: chunk.programDateTimeMs, durationMs: chunk.durationUs / 1000 });
  };
  const undo: (() => Promise<void>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'p2ptv-bench-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const settings = (): readonly string[] => ['--slug', way.slug === 'main' ? 'main' : 'unused', '--ladder', LADDER, ...way.originSettings(port)];
    const origin = await IngestOrigin.start({ settings, onLog, signal });
    undo.push(() => origin.stop());
    const publisher = await way.prepare({ ...plan, publishing: withFlashAndBeep(plan.publishing), origin, port });
    undo.push(() => publisher.stop());
    await publisher.start();
    await until(() => parts.length > 0, { limitMs: START_LIMIT_MS, problem: () => publisher.failure ?? `Nothing was published within ${START_LIMIT_MS / 1000} s.`, signal });
    const beganAtMs = (parts[0]?.atMs ?? Date.now()) + SETTLE_SECONDS * 1000;
    const windows: AvSyncWindow[] = [];
    for (const atSeconds of windowStarts(plan.seconds)) {
      const fromMs = beganAtMs + atSeconds * 1000;
      const toMs = fromMs + WINDOW_SECONDS * 1000;
      await pause(toMs + SETTLE_SECONDS * 1000 - Date.now(), signal);
      const file = join(folder, 'window.mp4');
      const firstDateMs = await savePublished(origin, { path: `/live/${way.slug}/0/live.m3u8`, stretch: { fromMs, toMs }, file });
      const { firstFrameMs, flashesMs, beepsMs } = await readFlashes(file, { ffmpegPath: plan.ffmpegPath, folder });
      const capturedMs = publisher.page ? await takeFlashTimes(publisher.page) : [];
      const delays = delaysOf(flashesMs.map((atMs) => atMs - firstFrameMs), { firstDateMs, capturedMs, parts });
      windows.push(summarizeWindow(atSeconds, { offsets: offsetsOf(flashesMs, beepsMs).map(({ offsetMs }) => offsetMs), delays, flashes: flashesMs.length }));
      parts.splice(0, parts.findLastIndex(({ atMs }) => atMs < fromMs));
      const window = windows.at(-1);
      print(`${way.name}, ${atSeconds} of ${plan.seconds} s: sound ${window?.offsetMs?.toFixed(1) ?? '-'} ms after the picture, at most ${window?.mostOffsetMs?.toFixed(1) ?? '-'} ms apart, published ${window?.delayMs?.toFixed(0) ?? '-'} ms after capture`);
    }
    return summarizeAvSync(windows, sessions);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof BenchError ? error : new BenchError(`${way.name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`, { cause: error });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Seconds at which windows begin: one, or several from the beginning to the end. */
export function windowStarts(seconds: number): number[] {
  const count = seconds < DRIFT_SECONDS ? 1 : Math.min(MAX_WINDOWS, Math.floor(seconds / (WINDOW_SECONDS + 15)));
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : Math.round(((seconds - WINDOW_SECONDS) * index) / (count - 1))));
}

/**
 * How long after its capture each flash was published, ms.
 *
 * @param placesMs of the flashes in media that begin with the part of `firstDateMs`
 * @param from `capturedMs`: when there were flashes, in an uneven rhythm
 */
export function delaysOf(
  placesMs: readonly number[],
  { firstDateMs, capturedMs, parts }: { readonly firstDateMs: number; readonly capturedMs: readonly number[]; readonly parts: readonly Published[] },
): number[] {
  const first = parts.findIndex(({ dateMs }) => dateMs >= firstDateMs);
  if (first < 0) return [];
  // Dates follow the capture clock by small steps; where a part lies in the media is exact.
  let endMs = 0;
  const ends = parts.slice(first).map(({ atMs, durationMs }) => ({ atMs, endMs: (endMs += durationMs) }));
  const skipped = alignmentOf(placesMs.map((placeMs) => firstDateMs + placeMs), capturedMs);
  if (skipped === undefined) return [];
  return placesMs.flatMap((placeMs, index) => {
    const publishedMs = ends.find((end) => placeMs < end.endMs - 1)?.atMs;
    const flashMs = capturedMs[index + skipped];
    return publishedMs === undefined || flashMs === undefined ? [] : [publishedMs - flashMs];
  });
}

/** How many of `longer` come before the first of `shorter`, where the two keep the same rhythm most nearly and are less than half of it apart; undefined: nowhere. */
export function alignmentOf(shorter: readonly number[], longer: readonly number[]): number | undefined {
  let best: { readonly skipped: number; readonly spreadMs: number } | undefined;
  for (let skipped = 0; skipped + shorter.length <= longer.length; skipped++) {
    const apart = shorter.map((time, index) => time - (longer[index + skipped] ?? 0));
    if (Math.abs(apart[0] ?? 0) > RHYTHM_MS / 2) continue;
    const spreadMs = Math.max(...apart) - Math.min(...apart);
    if (!best || spreadMs < best.spreadMs) best = { skipped, spreadMs };
  }
  return best && best.spreadMs < MAX_SPREAD_MS ? best.skipped : undefined;
}

/** The figures of a window from what was read. */
export function summarizeWindow(atSeconds: number, read: { readonly offsets: readonly number[]; readonly delays: readonly number[]; readonly flashes: number }): AvSyncWindow {
  return {
    atSeconds,
    flashes: read.flashes,
    pairs: read.offsets.length,
    offsetMs: percentile(read.offsets, 0.5) ?? null,
    mostOffsetMs: percentile(read.offsets.map(Math.abs), 1) ?? null,
    delayMs: percentile(read.delays, 0.5) ?? null,
  };
}

/** The figures of a way in from its windows. */
export function summarizeAvSync(windows: readonly AvSyncWindow[], encoderSessions: number): AvSyncResult {
  const [first, last] = [windows[0], windows.at(-1)];
  const grown = (of: 'offsetMs' | 'delayMs'): number | null => {
    const [before, after] = [first?.[of], last?.[of]];
    return windows.length < 2 || typeof before !== 'number' || typeof after !== 'number' ? null : after - before;
  };
  const isComplete = windows.length > 0 && windows.every(({ flashes, pairs }) => flashes > 0 && pairs === flashes);
  return {
    offsetMs: percentile(windows.flatMap(({ offsetMs }) => offsetMs ?? []), 0.5) ?? null,
    // A flash without a beep near it is worse than any figure.
    mostOffsetMs: isComplete ? Math.max(...windows.map(({ mostOffsetMs }) => mostOffsetMs ?? Infinity)) : null,
    offsetDriftMs: grown('offsetMs'),
    delayMs: percentile(windows.flatMap(({ delayMs }) => delayMs ?? []), 0.5) ?? null,
    delayDriftMs: grown('delayMs'),
    encoderSessions,
    windows: [...windows],
  };
}
