/** Headers of SCTP, DTLS, UDP and IP that a message costs on the wire besides its packets' own, bytes. */
const MESSAGE_OVERHEAD_BYTES = 48;
/** The same for every further packet of 1,200 bytes, as a share of the message. */
const PACKET_OVERHEAD_RATIO = 1.03;

/** What waits before a downlink that is full, in time; the rest waits at those who send it, as congestion control sees to. */
const FULL_QUEUE_MS = 200;

/** What a host is connected with: one serial uplink and one serial downlink, first come, first served. */
export class AccessLine {
  /** How long its last mile takes, one way, ms; part of every link's delay. */
  readonly accessDelayMs: number;
  readonly uplinkBitsPerSecond: number;
  readonly #fullDownlinkBitsPerSecond: number;
  #slowBitsPerSecond: number | undefined;
  /** When a slow downlink will have taken in all that was sent to it, ms. */
  #promisedFreeAtMs = 0;
  /** Its downlink was slower than it is now for a while. */
  wasSlowed = false;
  #uplinkFreeAtMs = 0;
  #downlinkFreeAtMs = 0;

  constructor(line: {
    readonly accessDelayMs: number;
    /** Infinity: bytes leave at once. */
    readonly uplinkBitsPerSecond: number;
    readonly downlinkBitsPerSecond: number;
  }) {
    this.accessDelayMs = line.accessDelayMs;
    this.uplinkBitsPerSecond = line.uplinkBitsPerSecond;
    this.#fullDownlinkBitsPerSecond = line.downlinkBitsPerSecond;
  }

  get downlinkBitsPerSecond(): number {
    return this.#slowBitsPerSecond ?? this.#fullDownlinkBitsPerSecond;
  }

  get isSlowed(): boolean {
    return this.#slowBitsPerSecond !== undefined;
  }

  /** Its downlink carries only so much from now on; undefined: as much as it should. */
  slowDown(bitsPerSecond: number | undefined): void {
    this.wasSlowed ||= this.isSlowed && bitsPerSecond === undefined;
    this.#slowBitsPerSecond = bitsPerSecond;
  }

  /** When the uplink has sent all that was given to it, ms. */
  get uplinkFreeAtMs(): number {
    return this.#uplinkFreeAtMs;
  }

  /** Gives a message to the uplink; returns when its last bit has left, ms. */
  send(nowMs: number, bytes: number): number {
    const takesMs = (wireBytes(bytes) * 8_000) / this.uplinkBitsPerSecond;
    this.#uplinkFreeAtMs = Math.max(nowMs, this.#uplinkFreeAtMs) + takesMs;
    return this.#uplinkFreeAtMs;
  }

  /** When more may be sent to it, ms: at once, but where its downlink is slow and its queue full. */
  roomAtMs(nowMs: number): number {
    return this.isSlowed ? Math.max(nowMs, this.#promisedFreeAtMs - FULL_QUEUE_MS) : nowMs;
  }

  /** So much is on its way to it. */
  promise(nowMs: number, bytes: number): void {
    if (this.isSlowed) this.#promisedFreeAtMs = Math.max(nowMs, this.#promisedFreeAtMs) + (wireBytes(bytes) * 8_000) / this.downlinkBitsPerSecond;
  }

  /** A message's last bit has reached the downlink's far end; returns when the host has it, ms. */
  receive(nowMs: number, bytes: number): number {
    // An idle downlink adds nothing to what the delay covers; where it is slower than what sends, the first message of a burst is as much too early.
    const takesMs = (wireBytes(bytes) * 8_000) / this.downlinkBitsPerSecond;
    this.#downlinkFreeAtMs = Math.max(nowMs, this.#downlinkFreeAtMs + takesMs);
    return this.#downlinkFreeAtMs;
  }
}

/** Bytes that an application message takes on the wire; counted as time, never as application bytes. */
export function wireBytes(bytes: number): number {
  return bytes * PACKET_OVERHEAD_RATIO + MESSAGE_OVERHEAD_BYTES;
}
