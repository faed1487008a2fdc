import { Unwrapper } from './sequence-number.js';

/** Reports at most so many packets at a time: a status count beyond is a sender gone wild. */
const MAX_PACKETS = 1000;
const TICK_MS = 0.25;
const REFERENCE_MS = 64;
const STATUS = { lost: 0, smallDelta: 1, largeDelta: 2 } as const;

/** Whose feedback it is, and on what. */
export type FeedbackSsrcs = { readonly sender: number; readonly media: number };

/**
 * Tells a sender when each of its packets came, by which it finds out what its line carries
 * (transport-wide congestion control, draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * Pure: it knows only the times that it is told.
 */
export class TransportFeedback {
  readonly #unwrapper = new Unwrapper(16);
  /** Arrival by unwrapped sequence number, ms. */
  readonly #arrived = new Map<number, number>();
  #next: number | undefined;
  #count = 0;

  /** A packet with this transport-wide number came. */
  receive(sequenceNumber: number, arrivedAtMs: number): void {
    const unwrapped = this.#unwrapper.unwrap(sequenceNumber);
    if (!this.#arrived.has(unwrapped)) this.#arrived.set(unwrapped, arrivedAtMs);
  }

  /** One RTCP packet on what came since the last one; undefined when nothing did. */
  take(ssrcs: FeedbackSsrcs): Buffer | undefined {
    if (this.#arrived.size === 0) return undefined;
    const numbers = [...this.#arrived.keys()].sort((left, right) => left - right);
    const last = numbers.at(-1) ?? 0;
    const first = Math.max(Math.min(this.#next ?? last, numbers[0] ?? last), last - MAX_PACKETS + 1);
    const times = Array.from({ length: last - first + 1 }, (_, index) => this.#arrived.get(first + index));
    this.#arrived.clear();
    this.#next = last + 1;
    return encodeFeedback({ ssrcs, first: first & 0xffff, count: this.#count++ & 0xff, times });
  }
}

type Feedback = {
  readonly ssrcs: FeedbackSsrcs;
  readonly first: number;
  readonly count: number;
  /** ms, undefined where a packet has not come. */
  readonly times: readonly (number | undefined)[];
};

function encodeFeedback({ ssrcs, first, count, times }: Feedback): Buffer {
  const firstTimeMs = times.find((time) => time !== undefined) ?? 0;
  const reference = Math.floor(firstTimeMs / REFERENCE_MS);
  const deltas: { readonly status: number; readonly ticks: number }[] = [];
  let previousTicks = (reference * REFERENCE_MS) / TICK_MS;
  for (const time of times) {
    if (time === undefined) {
      deltas.push({ status: STATUS.lost, ticks: 0 });
      continue;
    }
    const atTicks = Math.round(time / TICK_MS);
    const ticks = Math.max(-0x8000, Math.min(0x7fff, atTicks - previousTicks));
    previousTicks += ticks;
    deltas.push({ status: ticks >= 0 && ticks <= 0xff ? STATUS.smallDelta : STATUS.largeDelta, ticks });
  }
  const body: number[] = [];
  for (let at = 0; at < deltas.length; at += 7) {
    // A vector of seven statuses of two bits.
    let chunk = 0xc000;
    for (let index = 0; index < 7; index++) chunk |= (deltas[at + index]?.status ?? STATUS.lost) << (12 - 2 * index);
    body.push(chunk >> 8, chunk & 0xff);
  }
  for (const { status, ticks } of deltas) {
    if (status === STATUS.smallDelta) body.push(ticks);
    else if (status === STATUS.largeDelta) body.push((ticks >> 8) & 0xff, ticks & 0xff);
  }
  const unpadded = 20 + body.length;
  const padding = (4 - (unpadded % 4)) % 4;
  const packet = Buffer.alloc(unpadded + padding);
  packet[0] = 0x80 | (padding > 0 ? 0x20 : 0) | 15;
  packet[1] = 205;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrcs.sender, 4);
  packet.writeUInt32BE(ssrcs.media, 8);
  packet.writeUInt16BE(first, 12);
  packet.writeUInt16BE(times.length, 14);
  packet.writeUIntBE(reference & 0xffffff, 16, 3);
  packet[19] = count;
  packet.set(body, 20);
  if (padding > 0) packet[packet.length - 1] = padding;
  return packet;
}
