import { Unwrapper } from './sequence-number.js';

/** What a receiver report tells of a track (RFC 3550 section 6.4.1). */
export type ReceptionReport = {
  /** Of 256, since the report before. */
  readonly fractionLost: number;
  /** Since the beginning; negative when duplicates came. */
  readonly packetsLost: number;
  /** With the number of turns in its upper 16 bits. */
  readonly highestSequence: number;
  /** Ticks of the codec's clock. */
  readonly jitter: number;
};

/** Counts what of a track came, what is lost, and how unevenly it came (RFC 3550, appendix A.3 and A.8). */
export class ReceptionStatistics {
  readonly #clockRate: number;
  readonly #unwrapper = new Unwrapper(16);
  #first: number | undefined;
  #highest = 0;
  #received = 0;
  #jitter = 0;
  #transit: number | undefined;
  #expectedBefore = 0;
  #receivedBefore = 0;

  /** @param clockRate ticks a second of the timestamps */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** A packet came, not as a retransmission. */
  receive(packet: { readonly sequenceNumber: number; readonly timestamp: number }, nowMs: number): void {
    const sequence = this.#unwrapper.unwrap(packet.sequenceNumber);
    this.#first ??= sequence;
    this.#highest = Math.max(this.#highest, sequence);
    this.#received++;
    const transit = (nowMs / 1000) * this.#clockRate - packet.timestamp;
    const difference = this.#transit === undefined ? 0 : Math.abs(transit - this.#transit);
    this.#transit = transit;
    // What is larger is a timestamp that turned round.
    if (difference < 10 * this.#clockRate) this.#jitter += (difference - this.#jitter) / 16;
  }

  /** What to report, counted from the report before. */
  report(): ReceptionReport {
    const expected = this.#first === undefined ? 0 : this.#highest - this.#first + 1;
    const lost = expected - this.#expectedBefore - (this.#received - this.#receivedBefore);
    const interval = expected - this.#expectedBefore;
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      fractionLost: interval <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost / interval) * 256)),
      packetsLost: Math.max(-0x800000, Math.min(0x7fffff, expected - this.#received)),
      highestSequence: this.#highest >>> 0,
      jitter: Math.round(this.#jitter) >>> 0,
    };
  }
}
