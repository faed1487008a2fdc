import { cutThroughMs } from './cut-through.js';
import { hardBoundMs } from './hard-bound.js';
import type { PostalTimes } from './postal-model.js';
import { postalSteps } from './postal-model.js';
import { snowballArrivalsMs } from './snowball.js';
import { storeAndForwardMs, storeAndForwardTimes } from './store-and-forward.js';

/** A run, as far as its limits depend on it. */
export type LimitedRun = {
  readonly viewers: number;
  /** Of all who were there, be it more than `viewers` at a time; 0: this one passes nothing on. */
  readonly uplinksBitsPerSecond: readonly number[];
  /** One-way delays of pairs of peers, ms. */
  readonly delaysMs: { readonly median: number; readonly least: number };
  /** Mean size of a chunk. */
  readonly chunkBytes: number;
  readonly blockBytes: number;
  /** Copies of a chunk that the origin gives to viewers without being asked; a mean. Less than one counts as one. */
  readonly seedsPerChunk: number;
  /** Copies of a chunk that left the origin in all, fallbacks included; for a bound in the strict sense the most of any block. */
  readonly originCopies: number;
  /** The fastest there is. */
  readonly downlinkBitsPerSecond: number;
};

/** See {@link chunkDelayLimits}. A curve has at most some 200 points; between them it stays as it is. */
export type DiffusionCurve = readonly { readonly atMs: number; readonly share: number }[];

/** The limits of the chunk delay in one run, ms from publication. */
export type ChunkDelayLimits = {
  /** D*: passed on whole, median uplink and delay. 0 when all viewers are seeds. */
  readonly chunkDelayLimitMs: number;
  /** The same, passed on block by block from one source; a reference. */
  readonly chunkDelayCutThroughMs: number;
  /** What no sample can beat: {@link hardBoundMs}, for all viewers. */
  readonly chunkDelayHardBoundMs: number;
  /** Passed on whole over the real uplinks, the strongest first; null if some can't be reached at all. */
  readonly chunkDelaySnowballMs: number | null;
  /** Share of the viewers that have the chunk: min(1, s·F(t)/N). */
  readonly diffusionLimit: DiffusionCurve;
};

/** Steps of a curve that are smaller than this share are drawn as one. */
const CURVE_STEP = 1 / 200;
/** Of the product of a share and a whole number. */
const ROUNDING = 1e-12;

/**
 * All limits of the chunk delay of a run.
 *
 * @throws RangeError when no viewer has an uplink though there are more viewers than seeds, or a size is not above 0
 */
export function chunkDelayLimits(run: LimitedRun): ChunkDelayLimits {
  const { viewers, chunkBytes, delaysMs } = run;
  const blockBytes = Math.min(run.blockBytes, chunkBytes);
  const seeds = Math.max(1, run.seedsPerChunk);
  const senders = run.uplinksBitsPerSecond.filter((bitsPerSecond) => bitsPerSecond > 0);
  if (viewers <= seeds || senders.length === 0) {
    if (viewers > seeds) throw new RangeError(`Nobody can reach ${viewers} viewers: no uplink is above 0.`);
    return {
      chunkDelayLimitMs: 0,
      chunkDelayCutThroughMs: 0,
      chunkDelayHardBoundMs: 0,
      chunkDelaySnowballMs: 0,
      diffusionLimit: [{ atMs: 0, share: 1 }],
    };
  }
  const median = medianOf(senders);
  const swarm = {
    viewers,
    seeds,
    chunkMs: sendingMs(chunkBytes, median),
    blockMs: sendingMs(blockBytes, median),
    delayMs: delaysMs.median,
  };
  const snowball = snowballArrivalsMs({
    uplinksBitsPerSecond: evenly(run.uplinksBitsPerSecond, viewers),
    seeds,
    chunkBytes,
    delayMs: delaysMs.median,
  }).at(-1);
  return {
    chunkDelayLimitMs: storeAndForwardMs(swarm),
    chunkDelayCutThroughMs: cutThroughMs(swarm),
    chunkDelayHardBoundMs: hardBoundMs(hardBoundOf(run)),
    chunkDelaySnowballMs: snowball !== undefined && Number.isFinite(snowball) ? snowball : null,
    diffusionLimit: curve(storeAndForwardTimes(swarm), seeds / viewers),
  };
}

/**
 * The earliest that a number of viewers can have a chunk in a run: `viewers` of {@link LimitedRun} is that number,
 * so a run's k-th fastest delivery is held against this with `viewers: k`.
 */
export function hardBoundOf(run: Omit<LimitedRun, 'seedsPerChunk'>): Parameters<typeof hardBoundMs>[0] {
  const blockBytes = Math.min(run.blockBytes, run.chunkBytes);
  const fastest = run.uplinksBitsPerSecond.reduce((most, bitsPerSecond) => Math.max(most, bitsPerSecond), 0);
  // A shorter block at the end travels faster; a chunk is not complete without the others.
  const fullBlocks = Math.floor(run.chunkBytes / blockBytes);
  return {
    viewers: run.viewers,
    originCopies: Math.max(1, run.originCopies),
    blockMs: sendingMs(blockBytes, fastest),
    leastDelayMs: run.delaysMs.least,
    blocks: fullBlocks,
    otherBlocksMs: sendingMs((fullBlocks - 1) * blockBytes, run.downlinkBitsPerSecond),
  };
}

function curve(times: PostalTimes, seededShare: number): DiffusionCurve {
  const points: { atMs: number; share: number }[] = [];
  let drawn = 0;
  for (const { atMs, holders } of postalSteps(times)) {
    const reached = seededShare * holders;
    const share = reached >= 1 - ROUNDING ? 1 : reached;
    if (points.length === 0 || share === 1 || share - drawn >= CURVE_STEP) {
      points.push({ atMs, share });
      drawn = share;
    }
    if (share === 1) break;
  }
  return points;
}

/** So many values of the same distribution. */
function evenly(values: readonly number[], wanted: number): readonly number[] {
  if (values.length === wanted) return values;
  const sorted = Float64Array.from(values).sort();
  return Array.from({ length: wanted }, (_, index) => sorted[Math.floor(((index + 0.5) * sorted.length) / wanted)] ?? 0);
}

function sendingMs(bytes: number, bitsPerSecond: number): number {
  return (bytes * 8000) / bitsPerSecond;
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}
