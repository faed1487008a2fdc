import { sequenceDistance } from './sequence-number.js';

/** Networks reorder packets by some ms: what is missing is asked for only then. */
const REORDER_MS = 8;
/** Between two requests for the same packet: a round trip of most lines. */
const REPEAT_MS = 60;
/** What has not come by then is of no use any more. */
const GIVE_UP_MS = 500;
/** A gap larger than this is a new beginning, not a loss. */
const MAX_GAP = 500;

type Missing = { readonly sinceMs: number; askedAtMs: number | undefined };

/**
 * Finds out which packets of a track are missing, and when to ask for them (RFC 4585 section 6.2.1).
 *
 * Pure: it knows only the times that it is told.
 */
export class NackGenerator {
  readonly #missing = new Map<number, Missing>();
  #highest: number | undefined;
  /** Packets that were asked for. */
  nackedPackets = 0;
  /** Packets that came after they had been asked for. */
  recoveredPackets = 0;

  /** A packet came, of its own or as a retransmission. */
  receive(sequenceNumber: number, nowMs: number): void {
    const missing = this.#missing.get(sequenceNumber);
    if (missing) {
      if (missing.askedAtMs !== undefined) this.recoveredPackets++;
      this.#missing.delete(sequenceNumber);
      return;
    }
    const highest = this.#highest;
    const distance = highest === undefined ? 1 : sequenceDistance(highest, sequenceNumber);
    if (distance <= 0) return;
    if (highest !== undefined && distance <= MAX_GAP) {
      for (let step = 1; step < distance; step++) this.#missing.set((highest + step) & 0xffff, { sinceMs: nowMs, askedAtMs: undefined });
    } else this.#missing.clear();
    this.#highest = sequenceNumber;
  }

  /** The packets to ask for now; they count as asked for. */
  due(nowMs: number): number[] {
    const due: number[] = [];
    for (const [sequenceNumber, missing] of this.#missing) {
      if (nowMs - missing.sinceMs > GIVE_UP_MS) {
        this.#missing.delete(sequenceNumber);
        continue;
      }
      if (nowMs - (missing.askedAtMs ?? missing.sinceMs + REORDER_MS - REPEAT_MS) < REPEAT_MS) continue;
      if (missing.askedAtMs === undefined) this.nackedPackets++;
      missing.askedAtMs = nowMs;
      due.push(sequenceNumber);
    }
    return due;
  }
}
