import { Estimate } from './estimate.js';
import type { EngineOptions } from './engine-options.js';

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
    return deadlineMs - this.#fetch95Ms - this.marginMs(chunk.partMs) - chunk.jitterMs;
  }

  /** H95: what 95 of 100 fetches from the origin stay below, ms. */
  get #fetch95Ms(): number {
    return this.#originFetchMs.mean + 2.5 * this.#originFetchMs.deviation;
  }
}
