import type { LinkId } from '@p2ptv/peer/engine';

/** Shorter spells say nothing: what they measure is the first window of a link, ms and bytes. */
const MIN_SPELL_MS = 5;
const MIN_SPELL_BYTES = 24 * 1024;
const HALF_LIFE_MS = 60_000;

/**
 * What an uplink carries, from how fast it takes away what it was handed: bytes gone since it was
 * idle last, over the time since. The best spell counts, halved every minute without a better one.
 */
export class UplinkMeter {
  readonly #bufferedBytes: (linkId: LinkId) => number;
  readonly #links = new Set<LinkId>();
  #handedBytes = 0;
  #sinceMs = 0;
  #best = 0;
  #bestAtMs = 0;

  constructor(bufferedBytes: (linkId: LinkId) => number) {
    this.#bufferedBytes = bufferedBytes;
  }

  /** Bytes are about to be handed to a link. */
  handed(nowMs: number, linkId: LinkId, bytes: number): void {
    if (this.#waitingBytes() === 0) {
      this.#links.clear();
      this.#handedBytes = 0;
      this.#sinceMs = nowMs;
    }
    this.#links.add(linkId);
    this.#handedBytes += bytes;
  }

  /** A link's buffer has drained: time for a look. */
  drained(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    const goneBytes = this.#handedBytes - this.#waitingBytes();
    if (elapsedMs < MIN_SPELL_MS || goneBytes < MIN_SPELL_BYTES) return;
    const rate = (goneBytes * 8000) / elapsedMs;
    if (rate < this.bitsPerSecond(nowMs)) return;
    this.#best = rate;
    this.#bestAtMs = nowMs;
  }

  linkEnded(linkId: LinkId): void {
    this.#links.delete(linkId);
    // What it held was lost with it: this spell measures nothing any more.
    this.#handedBytes = 0;
  }

  /** bits a second; 0 = unknown. */
  bitsPerSecond(nowMs: number): number {
    return this.#best * 2 ** (-(nowMs - this.#bestAtMs) / HALF_LIFE_MS);
  }

  #waitingBytes(): number {
    let bytes = 0;
    for (const linkId of this.#links) bytes += this.#bufferedBytes(linkId);
    return bytes;
  }
}
