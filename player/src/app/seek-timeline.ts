import type { P2ptvStats } from '../library/index.js';

/** Between which dates the viewer may seek, and where the picture stands; program date-times, ms. */
export type SeekTimeline = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly positionMs: number;
  /** Its end is the live edge, and moves. */
  readonly isLive: boolean;
};

/** Less than so much of the past is not worth a bar, ms. */
const MIN_LENGTH_MS = 10_000;
/** So near to the end of a live stream it is the live edge that is meant, ms. */
const EDGE_MS = 3_000;

/** What a seek bar is told from. */
export type SeekInput = {
  readonly stats: Pick<P2ptvStats, 'recording' | 'playoutDelayMs'> | undefined;
  /** From when on the origin keeps a live stream; undefined where it is not known. */
  readonly keptFromMs: number | undefined;
  /** Whether it is a recording, which has an end. */
  readonly isOnDemand: boolean;
  readonly nowMs: number;
};

/** Between which dates one can seek now; undefined: nowhere. */
export function seekTimelineOf({ stats, keptFromMs, isOnDemand, nowMs }: SeekInput): SeekTimeline | undefined {
  if (!stats) return undefined;
  const { recording, playoutDelayMs = 0 } = stats;
  if (recording) {
    const { fromMs, toMs, positionMs = fromMs } = recording;
    return { fromMs, toMs: isOnDemand ? toMs : Math.max(toMs, nowMs), positionMs: Math.max(fromMs, positionMs), isLive: !isOnDemand };
  }
  const positionMs = nowMs - playoutDelayMs;
  if (isOnDemand || keptFromMs === undefined || positionMs - keptFromMs < MIN_LENGTH_MS) return undefined;
  return { fromMs: keptFromMs, toMs: positionMs, positionMs, isLive: true };
}

/** Where a wish to be at a date leads: to the live edge, or to what there is nearest to it. */
export function seekTarget({ fromMs, toMs, isLive }: SeekTimeline, dateMs: number): 'live' | number {
  if (isLive && dateMs > toMs - EDGE_MS) return 'live';
  return Math.min(toMs, Math.max(fromMs, dateMs));
}
