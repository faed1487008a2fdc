import { Estimate } from './estimate.js';
import type { EngineOptions } from './engine-options.js';

/** The origin is taken to be away for at most so long after it refused, ms. */
const MOST_AWAY_MS = 1_000;
/** How many mean deviations of the peers' delivery time are kept in hand. */
const MARGIN_DEVIATIONS = 2;

/**
 * When it is time to turn to the origin for a chunk: H95 + m + X before its deadline.
 * (SPEC, series FB)
 */
export class FallbackRule {
  /** Acceptance to completion of chunks that peers delivered, ms. */
  readonly #peerDeliveryMs = new Estimate(100);
  /** Start to end of fetches from the origin, ms. */
  readonly #originFetchMs: Estimate;

  readonly #options: EngineOptions;
  #awayUntilMs = -Infinity;
  /** Fetches in a row that failed. */
  #failures = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#originFetchMs = new Estimate(options.fallback.assumedFetchMs);
  }

  /** Peers took so long for a chunk, ms. */
  peersDelivered(elapsedMs: number): void {
    this.#peerDeliveryMs.add(elapsedMs);
  }

  /** A fetch took so long, ms. */
  fetched(elapsedMs: number): void {
    this.#originFetchMs.add(elapsedMs);
    this.#failures = 0;
  }

  /** A fetch failed: for a while, longer each time, peers are better asked, however late. */
  failed(nowMs: number): void {
    const awayMs = this.#options.fallback.retryMs * 2 ** Math.min(4, this.#failures);
    this.#failures++;
    this.leaveAlone(nowMs + Math.min(MOST_AWAY_MS, awayMs));
  }

  /** The origin is to be asked for nothing until then. */
  leaveAlone(untilMs: number): void {
    this.#awayUntilMs = Math.max(this.#awayUntilMs, untilMs);
  }

  /** Until when the origin is not asked, ms; what is past says nothing. */
  get awayUntilMs(): number {
    return this.#awayUntilMs;
  }

  /** m: two mean deviations of what peers take, within what the options allow, ms. */
  marginMs(partMs: number): number {
    const { leastMarginParts, mostMarginParts } = this.#options.fallback;
    const wantedMs = MARGIN_DEVIATIONS * this.#peerDeliveryMs.deviation;
    return Math.min(mostMarginParts * partMs, Math.max(leastMarginParts * partMs, wantedMs));
  }

  /**
   * When to fetch, in the engine's time, ms.
   *
   * @param jitterMs X, drawn for each chunk
   */
  fetchAtMs(deadlineMs: number, chunk: { readonly partMs: number; readonly jitterMs: number }): number {
    return deadlineMs - this.fetch95Ms - this.marginMs(chunk.partMs) - chunk.jitterMs;
  }

  /** What a fetch from the origin takes, ms. */
  get fetchMs(): number {
    return this.#originFetchMs.mean;
  }

  /**
   * H95: what 95 of 100 fetches from the origin stay below, ms; not more than the options allow. An
   * origin whose uplink is taken is no faster for being asked sooner, by everybody.
   */
  get fetch95Ms(): number {
    const { mean, deviation } = this.#originFetchMs;
    return Math.min(this.#options.fallback.mostFetchMs, mean + 2.5 * deviation);
  }
}
