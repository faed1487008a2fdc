import type { PeerReport } from '@p2ptv/protocol';
import { TokenBucket } from './token-bucket.js';

/** Media bytes by where they came from. */
export type ReceivedBytes = { originBytes: number; seederBytes: number; peerBytes: number };

/** 1 Gb/s: more than a viewer's line carries. What a peer claims beyond it is not counted. */
const MAX_BYTES_PER_SECOND = 125_000_000;
/** Reports may come late and in bunches; ten seconds' worth may come at once. */
const BURST_SECONDS = 10;

/**
 * Turns one peer's cumulative reports into what they add to the swarm's totals. Totals never
 * shrink, and a lie is bounded by what a line could have carried in the meantime.
 */
export class ByteTally {
  readonly #bucket: TokenBucket;
  #originBytes = 0;
  #seederBytes = 0;
  #peerBytes = 0;

  constructor(nowMs: number) {
    this.#bucket = new TokenBucket(
      // Who has just come has moved nothing yet.
      { perSecond: MAX_BYTES_PER_SECOND, capacity: MAX_BYTES_PER_SECOND * BURST_SECONDS, initialLevel: 0 },
      nowMs,
    );
  }

  /** What this report adds beyond the ones before. */
  take(report: PeerReport, nowMs: number): ReceivedBytes {
    const added = {
      originBytes: this.#allow(report.fromOriginBytes - this.#originBytes, nowMs),
      seederBytes: this.#allow(report.fromSeederBytes - this.#seederBytes, nowMs),
      peerBytes: this.#allow(report.fromPeersBytes - this.#peerBytes, nowMs),
    };
    // The claim itself becomes the base, so that what was refused once does not come in later.
    this.#originBytes = Math.max(this.#originBytes, report.fromOriginBytes);
    this.#seederBytes = Math.max(this.#seederBytes, report.fromSeederBytes);
    this.#peerBytes = Math.max(this.#peerBytes, report.fromPeersBytes);
    return added;
  }

  #allow(claimedBytes: number, nowMs: number): number {
    return Math.floor(this.#bucket.takeUpTo(Math.max(0, claimedBytes), nowMs));
  }
}
