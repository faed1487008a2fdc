import type { ChunkHeader, SignedChunkHeader } from '@p2ptv/protocol';
import { endDateMs } from './chunk-store.js';
import type { Leap } from './playable-timeline.js';

/** A newcomer among a crowd waits so long for the links that it sets up, as far as deadlines allow, ms. */
export const JOIN_HOPE_MS = 2_000;
/** From the join answer to the first frame where peers bring it, ms: links take several round trips, the first chunks as many. */
const CROWD_STARTUP_MS = 1_200;
/** So long it waits until peers are hardly behind the live edge; then it begins all the same, ms: who waits has no picture, but takes nothing from those who have. */
const CROWD_PATIENCE_MS = 5_000;

/** What playback begins with, and when. */
export type Start = {
  readonly first: ChunkHeader;
  /** When the first frame is hoped for, in the engine's time, ms. */
  readonly atMs: number;
  readonly leap: Leap;
};

/**
 * Where a viewer begins. An origin that has room for it brings the join answer's parts at once, from
 * the first on. One that has not leaves them to peers, and by the time these are linked the oldest
 * parts are too old to be shown: they are not asked for. What peers bring sooner than it is due waits
 * for its time: begun at once, playback would have less to go on than the delay that it asked for.
 * (SPEC PT2, PT9)
 */
export function startRule(
  nowMs: number,
  join: { readonly headers: readonly SignedChunkHeader[]; readonly isUplinkTaken: boolean; readonly delayMs: number; readonly startupMs: number },
): Start | undefined {
  const oldest = join.headers[0]?.header;
  const newest = join.headers.at(-1)?.header;
  if (!oldest || !newest) return undefined;
  if (!join.isUplinkTaken) {
    const leap = { atMs: nowMs + JOIN_HOPE_MS, patientUntilMs: -Infinity, notBeforeDatePlusMs: -Infinity };
    return { first: oldest, atMs: nowMs + join.startupMs, leap };
  }
  const untilMs = oldest.programDateTimeMs + CROWD_STARTUP_MS;
  const isInTime = ({ header }: SignedChunkHeader): boolean => header.isIndependent && header.programDateTimeMs <= untilMs;
  const first = join.headers.findLast(isInTime)?.header ?? oldest;
  const leap = { atMs: nowMs, patientUntilMs: nowMs + CROWD_PATIENCE_MS, notBeforeDatePlusMs: nowMs - endDateMs(newest) + join.delayMs };
  return { first, atMs: nowMs + CROWD_STARTUP_MS, leap };
}
