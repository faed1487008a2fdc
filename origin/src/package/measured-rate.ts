/** Segments that are remembered: a minute of the usual 2 s. */
const WINDOW_SEGMENTS = 30;
/** Before so many the encoder's word counts for more. */
const LEAST_SEGMENTS = 5;
/** A peak above the declared one raises it to the peak and so much more. */
const PEAK_MARGIN_RATIO = 1.1;
/** What was declared may lie so far above what is measured, as a share of it, before it is said anew. */
const TOLERANCE_RATIO = 0.25;
/** Shorter segments, as a share of the target duration, say nothing about the rate (RFC 8216bis section 4.4.6.2). */
const LEAST_DURATION_RATIO = 0.5;

/** Bits a second, as BANDWIDTH and AVERAGE-BANDWIDTH declare them. */
export type DeclaredRate = { readonly bandwidthBitsPerSecond: number; readonly averageBandwidthBitsPerSecond: number };

/** The bit rate of a rendition's segments, and when what was declared of it has to be said anew. */
export class MeasuredRate {
  readonly #segments: { readonly bytes: number; readonly durationUs: number }[] = [];
  #bytes = 0;
  #durationUs = 0;
  #sinceDeclared = 0;

  /** Takes the next part. */
  add(part: { readonly byteLength: number; readonly durationUs: number; readonly isSegmentFirst: boolean }): void {
    if (part.isSegmentFirst) {
      this.#bytes = 0;
      this.#durationUs = 0;
    }
    this.#bytes += part.byteLength;
    this.#durationUs += part.durationUs;
  }

  /**
   * A segment is whole.
   *
   * @returns what is to be declared from now on; undefined: what is declared is near enough. A peak is told at once, all
   * else after some segments, and at most once in as many.
   */
  endSegment(declared: DeclaredRate, targetUs: number): DeclaredRate | undefined {
    if (this.#durationUs < targetUs * LEAST_DURATION_RATIO) return undefined;
    this.#segments.push({ bytes: this.#bytes, durationUs: this.#durationUs });
    if (this.#segments.length > WINDOW_SEGMENTS) this.#segments.shift();
    this.#sinceDeclared++;
    const rates = this.#segments.map(({ bytes, durationUs }) => (bytes * 8e6) / durationUs);
    const peak = Math.max(...rates);
    const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    const isExceeded = peak > declared.bandwidthBitsPerSecond;
    const isOff =
      declared.bandwidthBitsPerSecond > peak * PEAK_MARGIN_RATIO * (1 + TOLERANCE_RATIO) ||
      Math.abs(declared.averageBandwidthBitsPerSecond - average) > average * TOLERANCE_RATIO;
    if (!isExceeded && !(isOff && this.#sinceDeclared >= LEAST_SEGMENTS)) return undefined;
    const isSettled = this.#segments.length >= LEAST_SEGMENTS;
    if (isSettled) this.#sinceDeclared = 0;
    return {
      bandwidthBitsPerSecond: isSettled || isExceeded ? Math.round(peak * PEAK_MARGIN_RATIO) : declared.bandwidthBitsPerSecond,
      averageBandwidthBitsPerSecond: isSettled ? Math.max(1, Math.ceil(average)) : declared.averageBandwidthBitsPerSecond,
    };
  }
}
