/** When one viewer watched, wall clock, ms. */
export type Attendance = { readonly fromMs: number; readonly toMs: number };

/**
 * The time-weighted number of viewers, N̄, while there was at least one.
 *
 * @returns 0 without any viewing
 */
export function meanViewers(attendances: readonly Attendance[]): number {
  let watchedMs = 0;
  let coveredMs = 0;
  let coveredToMs = Number.NEGATIVE_INFINITY;
  for (const { fromMs, toMs } of [...attendances].sort((a, b) => a.fromMs - b.fromMs)) {
    if (toMs <= fromMs) continue;
    watchedMs += toMs - fromMs;
    coveredMs += Math.max(0, toMs - Math.max(fromMs, coveredToMs));
    coveredToMs = Math.max(coveredToMs, toMs);
  }
  return coveredMs > 0 ? watchedMs / coveredMs : 0;
}

/** The most that viewers can spare an origin which has to send each byte once: 1 − 1/N̄, and never below 0. */
export function offloadLimitRatio(viewers: number): number {
  return viewers > 1 ? 1 - 1 / viewers : 0;
}
