import type { TrackPacket } from '../../sfu/sfu-port.js';
import { sequenceDistance } from '../../sfu/sequence-number.js';

/** What leaves the buffer: packets in order, and where some are missing for good. */
export type OrderedPacket = { readonly kind: 'packet'; readonly packet: TrackPacket } | { readonly kind: 'gap' };

/** More than this are not held: a sender at 20 Mb/s fills it in a second. */
const MAX_HELD = 2048;
/** A jump further than this is a new beginning. */
const MAX_JUMP = 3000;

/**
 * Puts a track's packets in order. Nothing is held back while nothing is missing; what is missing is
 * waited for, since it has been asked for again, and given up after a while.
 */
export class JitterBuffer {
  readonly #waitMs: number;
  readonly #held = new Map<number, TrackPacket>();
  #next: number | undefined;
  #stuckSinceMs: number | undefined;

  /** @param waitMs how long a missing packet is waited for: longer mends more, and delays more when it does not */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Takes a packet; gives what is in order by now. */
  push(packet: TrackPacket): OrderedPacket[] {
    this.#next ??= packet.sequenceNumber;
    const distance = sequenceDistance(this.#next, packet.sequenceNumber);
    if (Math.abs(distance) > MAX_JUMP) return [{ kind: 'gap' }, ...this.#restartAt(packet)];
    // It was given up, or it is a duplicate.
    if (distance < 0) return [];
    this.#held.set(packet.sequenceNumber, packet);
    const ordered = this.#takeInOrder();
    if (this.#held.size === 0) {
      this.#stuckSinceMs = undefined;
      return ordered;
    }
    if (ordered.length > 0) this.#stuckSinceMs = undefined;
    this.#stuckSinceMs ??= packet.arrivedAtMs;
    if (packet.arrivedAtMs - this.#stuckSinceMs < this.#waitMs && this.#held.size < MAX_HELD) return ordered;
    this.#stuckSinceMs = packet.arrivedAtMs;
    return [...ordered, { kind: 'gap' }, ...this.#skipHole()];
  }

  #restartAt(packet: TrackPacket): OrderedPacket[] {
    this.#held.clear();
    this.#stuckSinceMs = undefined;
    this.#next = (packet.sequenceNumber + 1) & 0xffff;
    return [{ kind: 'packet', packet }];
  }

  #takeInOrder(): OrderedPacket[] {
    const ordered: OrderedPacket[] = [];
    for (;;) {
      const next = this.#next ?? 0;
      const packet = this.#held.get(next);
      if (!packet) return ordered;
      this.#held.delete(next);
      this.#next = (next + 1) & 0xffff;
      ordered.push({ kind: 'packet', packet });
    }
  }

  #skipHole(): OrderedPacket[] {
    const from = this.#next ?? 0;
    let nearest = Number.POSITIVE_INFINITY;
    for (const sequenceNumber of this.#held.keys()) nearest = Math.min(nearest, sequenceDistance(from, sequenceNumber));
    this.#next = (from + nearest) & 0xffff;
    return this.#takeInOrder();
  }
}
