import { setTimeout } from 'node:timers/promises';

import type { Browser } from 'playwright-core';

import { BenchError } from '../errors.js';
import { freeTcpPort, freeUdpPort } from '../load/free-port.js';
import { percentile } from '../metrics/percentile.js';
import { IngestOrigin, type LogLine } from './ingest-origin.js';
import { TIMES, type WayResult, type WayRound } from './report.js';
import { WatchVisit } from './watch-visit.js';
import type { Stage, WayIn } from './ways/way.js';

/** What all rounds share. */
export type WaySurroundings = Pick<Stage, 'publishing' | 'ffmpegPath' | 'film'> & {
  readonly watching: Browser;
  readonly signal: AbortSignal;
};

/** Who sees nothing by then never will, ms. */
const FRAME_LIMIT_MS = 20_000;
const AWAY_LIMIT_MS = 15_000;
/** Whoever comes later finds a stream that is under way. */
const LATER_MS = 2_000;
/** What a page and an origin have still to do when they say that they are ready. */
const REST_MS = 1_000;

const TAKEN = /^The publisher (has come|is back)/;
const ENCODING = /^Encoding /;

/**
 * One publication: an origin of its own, a page that waits, a publisher that begins, and when all went well a page that comes later.
 *
 * @throws BenchError when the publisher cannot even begin
 */
export async function measureRound(way: WayIn, { watching, signal, ...stage }: WaySurroundings): Promise<WayRound & { readonly failure: string | undefined }> {
  const port = way.protocol === undefined ? 0 : await (way.protocol === 'tcp' ? freeTcpPort : freeUdpPort)();
  const log: LogLine[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    const settings = (): readonly string[] => ['--slug', way.slug === 'main' ? 'main' : 'unused', ...way.originSettings(port)];
    const origin = await IngestOrigin.start({ settings, onLog: (line) => void log.push(line), signal });
    undo.push(() => origin.stop());
    const publisher = await way.prepare({ ...stage, origin, port });
    undo.push(() => publisher.stop());
    const watchUrl = `${origin.url}/watch/${way.slug}`;
    const visit = await WatchVisit.open(watching, watchUrl);
    undo.push(() => visit.close());
    await visit.untilAway(AWAY_LIMIT_MS);
    await setTimeout(REST_MS, undefined, { signal });

    const startedAtMs = await publisher.start();
    const shownAtMs = await visit.firstFrame(FRAME_LIMIT_MS);
    signal.throwIfAborted();
    const since = (atMs: number | undefined): number | null => (atMs === undefined ? null : Math.max(0, atMs - startedAtMs));
    const first = (isIt: (line: LogLine) => boolean): number | null => since(log.find((line) => line.time >= startedAtMs && isIt(line))?.time);
    const { toldAtMs, joinedAtMs } = visit.moments;
    return {
      firstFrameMs: since(shownAtMs),
      takenMs: first(({ msg }) => TAKEN.test(msg)),
      firstPartMs: first(({ chunk }) => chunk !== undefined),
      toldMs: since(toldAtMs),
      joinedMs: since(joinedAtMs),
      openedLaterMs: shownAtMs === undefined ? null : await openLater(watching, { watchUrl, signal }),
      encoderSessions: log.filter(({ msg }) => ENCODING.test(msg)).length,
      failure: shownAtMs === undefined ? (publisher.failure ?? `no picture within ${FRAME_LIMIT_MS / 1000} s: ${lastWarning(log)}`) : undefined,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof BenchError ? error : new BenchError(`${way.name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`, { cause: error });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

async function openLater(watching: Browser, { watchUrl, signal }: { readonly watchUrl: string; readonly signal: AbortSignal }): Promise<number | null> {
  await setTimeout(LATER_MS, undefined, { signal });
  const visit = await WatchVisit.open(watching, watchUrl);
  try {
    const shownAtMs = await visit.firstFrame(FRAME_LIMIT_MS);
    return shownAtMs === undefined ? null : shownAtMs - visit.moments.openedAtMs;
  } finally {
    await visit.close();
  }
}

/** The figures of a way in from its rounds; a round without a figure is not in its median. */
export function summarizeWay(rounds: readonly WayRound[], failures: readonly string[]): WayResult {
  const values = (name: (typeof TIMES)[number]): number[] => rounds.flatMap((round) => round[name] ?? []);
  const medians = Object.fromEntries(TIMES.map((name) => [name, percentile(values(name), 0.5) ?? null])) as Record<(typeof TIMES)[number], number | null>;
  return { ...medians, mostFirstFrameMs: percentile(values('firstFrameMs'), 1) ?? null, rounds: [...rounds], failures: [...failures] };
}

/** pino's number for `warn`. */
const WARNING = 40;

function lastWarning(log: readonly LogLine[]): string {
  return log.findLast(({ level }) => level >= WARNING)?.msg ?? 'the origin did not say why';
}
