/** Frames a second as an exact fraction: 29.97 is 30000/1001, and a rounded value drifts by a frame every few minutes. */
export type FrameRate = {
  readonly numerator: number;
  readonly denominator: number;
};

/**
 * Rates that we encode at. An input between two of them gets the nearest, since a broken or variable
 * rate reported by a container must not become an odd frame duration in every part.
 */
const STANDARD_FRAME_RATES: readonly FrameRate[] = [
  { numerator: 10, denominator: 1 },
  { numerator: 12, denominator: 1 },
  { numerator: 15, denominator: 1 },
  { numerator: 20, denominator: 1 },
  { numerator: 24_000, denominator: 1001 },
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30_000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 48, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60_000, denominator: 1001 },
  { numerator: 60, denominator: 1 },
];

/** What an input of unknown rate is encoded at. */
export const DEFAULT_FRAME_RATE: FrameRate = { numerator: 30, denominator: 1 };

/** Frames a second as a decimal number, for display and for playlists. */
export function framesPerSecond(rate: FrameRate): number {
  return rate.numerator / rate.denominator;
}

/** As ffmpeg's options want it: `30` or `30000/1001`. */
export function formatFrameRate(rate: FrameRate): string {
  return rate.denominator === 1 ? String(rate.numerator) : `${rate.numerator}/${rate.denominator}`;
}

/**
 * The standard rate nearest to a measured one; {@link DEFAULT_FRAME_RATE} when it is unknown.
 *
 * @param measured frames a second as a container or a probe reports it; anything not a positive number is unknown
 */
export function nearestStandardFrameRate(measured: number | undefined): FrameRate {
  if (measured === undefined || !Number.isFinite(measured) || measured <= 0) return DEFAULT_FRAME_RATE;
  let nearest = DEFAULT_FRAME_RATE;
  for (const rate of STANDARD_FRAME_RATES) {
    if (Math.abs(framesPerSecond(rate) - measured) < Math.abs(framesPerSecond(nearest) - measured)) nearest = rate;
  }
  return nearest;
}

/**
 * The clock of a video track on which every frame has the same whole duration.
 *
 * Whole rates are multiplied so that the clock stays fine enough for players that round to its tick.
 */
export function frameTimescale(rate: FrameRate): { readonly timescale: number; readonly frameDuration: number } {
  const factor = rate.numerator >= 1000 ? 1 : 1000;
  return { timescale: rate.numerator * factor, frameDuration: rate.denominator * factor };
}
