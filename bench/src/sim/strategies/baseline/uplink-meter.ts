import type { LinkId } from '@p2ptv/peer/engine';

/** Shorter spells say nothing: what they measure is the first window of a link, ms and bytes. */
const MIN_SPELL_MS = 5;
const MIN_SPELL_BYTES = 24 * 1024;
const HALF_LIFE_MS = 60_000;
/** A link that has taken nothing for this long has a slow receiver or is dead: it does not hold up the others, ms. */
const FULL_LINK_PATIENCE_MS = 150;

type FilledLink = { bufferedBytes: number; movedAtMs: number };

/**
 * What waits on the way out, over all links, and how fast it goes: bytes gone since the uplink was
 * idle last, over the time since. The best spell counts, halved every minute without a better one.
 */
export class UplinkMeter {
  readonly #bufferedBytes: (linkId: LinkId) => number;
  readonly #links = new Map<LinkId, FilledLink>();
  #handedBytes = 0;
  #sinceMs = 0;
  #best = 0;
  #bestAtMs = 0;

  constructor(bufferedBytes: (linkId: LinkId) => number) {
    this.#bufferedBytes = bufferedBytes;
  }

  /** Bytes are about to be handed to a link. */
  handed(nowMs: number, linkId: LinkId, bytes: number): void {
    if (this.#links.size === 0) {
      this.#handedBytes = 0;
      this.#sinceMs = nowMs;
    }
    const link = this.#links.get(linkId) ?? { bufferedBytes: 0, movedAtMs: nowMs };
    link.bufferedBytes += bytes;
    this.#links.set(linkId, link);
    this.#handedBytes += bytes;
  }

  /** Bytes in the buffers of all links that move. */
  waitingBytes(nowMs: number): number {
    let waiting = 0;
    let stuck = 0;
    for (const [linkId, link] of this.#links) {
      const bufferedBytes = this.#bufferedBytes(linkId);
      if (bufferedBytes === 0) {
        this.#links.delete(linkId);
        continue;
      }
      if (bufferedBytes < link.bufferedBytes) link.movedAtMs = nowMs;
      link.bufferedBytes = bufferedBytes;
      if (nowMs - link.movedAtMs < FULL_LINK_PATIENCE_MS) waiting += bufferedBytes;
      else stuck += bufferedBytes;
    }
    if (this.#links.size > 0) this.#measure(nowMs, this.#handedBytes - waiting - stuck);
    return waiting;
  }

  linkEnded(linkId: LinkId): void {
    // What it held was lost with it: this spell measures nothing any more.
    if (this.#links.delete(linkId)) this.#handedBytes = -Infinity;
  }

  /** bits a second; 0 = unknown. */
  bitsPerSecond(nowMs: number): number {
    return this.#best * 2 ** (-(nowMs - this.#bestAtMs) / HALF_LIFE_MS);
  }

  #measure(nowMs: number, goneBytes: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < MIN_SPELL_MS || goneBytes < MIN_SPELL_BYTES) return;
    const rate = (goneBytes * 8000) / elapsedMs;
    if (rate < this.bitsPerSecond(nowMs)) return;
    this.#best = rate;
    this.#bestAtMs = nowMs;
  }
}
