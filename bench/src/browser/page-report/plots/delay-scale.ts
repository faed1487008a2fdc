/** How delays are laid out along an axis. */
export type DelayScale = {
  readonly axis: { readonly min: number; readonly max: number; readonly interval: number };
  /** Where a delay lies on it. */
  readonly place: (delayMs: number) => number;
  /** What a place on it is called. */
  readonly format: (place: number) => string;
};

/** Delays that are further apart than so many times can't be told from each other on an even axis. */
const EVEN_RATIO = 4;
const HALF_SECOND_MS = 500;

/** Even for delays of a kind; by powers of two where some are many times others. */
export function delayScale(delaysMs: readonly number[]): DelayScale {
  const least = Math.max(1, Math.min(...delaysMs));
  const most = Math.max(1, ...delaysMs);
  if (most / least < EVEN_RATIO) {
    const interval = most > 4 * HALF_SECOND_MS ? 2 * HALF_SECOND_MS : HALF_SECOND_MS / 2;
    return {
      axis: { min: Math.floor(least / interval) * interval, max: (Math.floor(most / interval) + 1) * interval, interval },
      place: (delayMs) => delayMs,
      format: (ms) => `${ms / 1000} s`,
    };
  }
  return {
    axis: { min: Math.floor(Math.log2(least / HALF_SECOND_MS)), max: Math.ceil(Math.log2(most / HALF_SECOND_MS) + 0.1), interval: 1 },
    place: (delayMs) => Math.log2(Math.max(1, delayMs) / HALF_SECOND_MS),
    format: (place) => `${(2 ** place * HALF_SECOND_MS) / 1000} s`,
  };
}
