/** What the rate rule sees, at one moment of playback. */
export type RateInput = {
  /** How far the playhead is behind the edge that this viewer holds, ms. */
  readonly delayMs: number;
  /** Where it should be, ms. */
  readonly targetMs: number;
  /** Media ahead of the playhead, ms. */
  readonly bufferedMs: number;
};

/** The rule's limits; the defaults are {@link DEFAULT_RATE_OPTIONS}. */
export type RateOptions = {
  /** Slowest and fastest rate. Beyond .95–1.1 the change of tempo can be heard. */
  readonly minRate: number;
  readonly maxRate: number;
  /** No correction begins below this error, ms: too low and the rate flutters with the jitter of arrivals. */
  readonly deadBandMs: number;
  /** A correction ends at this error, ms. */
  readonly settledMs: number;
  /** Time in which a correction would close the error if it kept its first rate, ms. */
  readonly closingMs: number;
  /** A correction's least change of rate: too low and its end drags on for longer than it is worth. */
  readonly minChange: number;
  /** With less than this ahead, ms, there is no speeding up, whatever the delay. */
  readonly minBufferedMs: number;
};

/** See {@link RateOptions}. */
export const DEFAULT_RATE_OPTIONS: RateOptions = {
  minRate: 0.95,
  maxRate: 1.1,
  deadBandMs: 100,
  settledMs: 15,
  closingMs: 1_500,
  minChange: 0.03,
  minBufferedMs: 160,
};

/** Rates are hundredths: every change restarts the time-stretching of the sound. */
const RATE_STEPS = 100;

/**
 * The playback rate that brings the delay to its target: a proportional rule with a dead band that
 * is wide to enter and narrow to leave, so that most of the time the rate is exactly 1.
 *
 * @param currentRate the rate that the rule gave last; other than 1 means that it is correcting
 */
export function nextRate(currentRate: number, input: RateInput, options: RateOptions): number {
  const errorMs = input.delayMs - input.targetMs;
  const isCorrecting = currentRate !== 1;
  if (isCorrecting && Math.sign(errorMs) !== Math.sign(currentRate - 1)) return 1;
  if (Math.abs(errorMs) < (isCorrecting ? options.settledMs : options.deadBandMs)) return 1;
  if (errorMs > 0 && input.bufferedMs < options.minBufferedMs) return 1;
  const change = Math.max(options.minChange, Math.abs(errorMs) / options.closingMs);
  const wanted = Math.round((1 + Math.sign(errorMs) * change) * RATE_STEPS) / RATE_STEPS;
  return Math.min(options.maxRate, Math.max(options.minRate, wanted));
}
