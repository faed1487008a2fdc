import type { ChunkHeader, SignedChunkHeader } from '@p2ptv/protocol';

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
  /** From `atMs` on playback begins with whatever independent part is there; until `patientUntilMs` only where peers are hardly behind the live edge. */
  readonly leap: { readonly atMs: number; readonly patientUntilMs: number };
};

/**
 * Where a viewer begins. An origin that has room for it brings the join answer's parts at once, from
 * the first on. One that has not leaves them to peers, and by the time these are linked the oldest
 * parts are too old to be shown: they are not asked for. (SPEC PT2, PT9)
 */
export function startRule(
  nowMs: number,
  join: { readonly headers: readonly SignedChunkHeader[]; readonly isUplinkTaken: boolean; readonly startupMs: number },
): Start | undefined {
  const oldest = join.headers[0]?.header;
  if (!oldest) return undefined;
  if (!join.isUplinkTaken) return { first: oldest, atMs: nowMs + join.startupMs, leap: { atMs: nowMs + JOIN_HOPE_MS, patientUntilMs: -Infinity } };
  const untilMs = oldest.programDateTimeMs + CROWD_STARTUP_MS;
  const isInTime = ({ header }: SignedChunkHeader): boolean => header.isIndependent && header.programDateTimeMs <= untilMs;
  const first = join.headers.findLast(isInTime)?.header ?? oldest;
  return { first, atMs: nowMs + CROWD_STARTUP_MS, leap: { atMs: nowMs, patientUntilMs: nowMs + CROWD_PATIENCE_MS } };
}
