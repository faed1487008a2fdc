/** How long bytes are kept for a newcomer, ms: by then it has asked for what it needs. */
const KEPT_MS = 3_000;
/** Weight of the assumption that newcomers fetch everything, bytes; outweighed by what is learnt. */
const PRIOR_BYTES = 512 * 1024;
const LEAST_RATIO = 0.1;
/** What was learnt is forgotten over this time, ms. */
const MEMORY_MS = 20_000;

type Promised = {
  readonly untilMs: number;
  /** All that the newcomer may fetch. */
  readonly bytes: number;
  /** What it was expected to. */
  readonly expectedBytes: number;
  usedBytes: number;
};

/** Bytes kept for newcomers that were let in, until they ask for them; and what part of it they ask for. */
export class JoinPromises {
  #open: Promised[] = [];
  /** Of promises that are over. */
  #closedBytes = 0;
  #closedUsedBytes = 0;
  #learntAtMs = 0;

  add(nowMs: number, promised: { readonly bytes: number; readonly expectedBytes: number }): void {
    this.#open.push({ ...promised, untilMs: nowMs + KEPT_MS, usedBytes: 0 });
  }

  /** A newcomer asks: whoever it is, the oldest promise is taken to be its own. */
  used(nowMs: number, bytes: number): void {
    let left = bytes;
    for (const promised of this.#open) {
      const taken = Math.min(left, promised.bytes - promised.usedBytes);
      promised.usedBytes += taken;
      left -= taken;
      if (left === 0) break;
    }
    this.#close(nowMs);
  }

  /** Bytes that are still expected to be asked for. */
  bytes(nowMs: number): number {
    this.#close(nowMs);
    return this.#open.reduce((sum, promised) => sum + Math.max(0, promised.expectedBytes - promised.usedBytes), 0);
  }

  /** The part of what newcomers may fetch that they do fetch, .1–1. */
  usedRatio(nowMs: number): number {
    this.#close(nowMs);
    const ratio = (this.#closedUsedBytes + PRIOR_BYTES) / (this.#closedBytes + PRIOR_BYTES);
    return Math.min(1, Math.max(LEAST_RATIO, ratio));
  }

  #close(nowMs: number): void {
    const isOver = ({ untilMs, bytes, usedBytes }: Promised): boolean => untilMs <= nowMs || usedBytes >= bytes;
    if (!this.#open.some(isOver)) return;
    const decay = Math.exp(-Math.max(0, nowMs - this.#learntAtMs) / MEMORY_MS);
    this.#closedBytes *= decay;
    this.#closedUsedBytes *= decay;
    this.#learntAtMs = nowMs;
    for (const promised of this.#open) {
      if (!isOver(promised)) continue;
      this.#closedBytes += promised.bytes;
      this.#closedUsedBytes += promised.usedBytes;
    }
    this.#open = this.#open.filter((promised) => !isOver(promised));
  }
}
