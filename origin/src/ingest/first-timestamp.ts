const PACKET_BYTES = 188;
const SYNC = 0x47;
/** By then every stream that flows has begun. */
const LOOK_BYTES = 256 * 1024;

/** Finds the first presentation time in MPEG-TS that may be entered anywhere. */
export class FirstTimestamp {
  readonly #streams: number;
  readonly #firstMs = new Map<number, number>();
  #rest = Buffer.alloc(0);
  #bytes = 0;
  #ms: number | undefined;

  /** @param streams how many there are in it; the first of each is waited for */
  constructor(streams: number) {
    this.#streams = streams;
  }

  /** The earliest, ms; undefined while it is not known. */
  get ms(): number | undefined {
    return this.#ms;
  }

  push(bytes: Uint8Array): void {
    if (this.#ms !== undefined) return;
    this.#bytes += bytes.length;
    const all = Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + 2 * PACKET_BYTES <= all.length) {
      if (all[at] !== SYNC || all[at + PACKET_BYTES] !== SYNC) {
        at++;
        continue;
      }
      this.#look(all.subarray(at, at + PACKET_BYTES));
      at += PACKET_BYTES;
    }
    this.#rest = all.subarray(at);
    if (this.#firstMs.size < (this.#bytes > LOOK_BYTES ? 1 : this.#streams)) return;
    this.#ms = Math.min(...this.#firstMs.values());
    this.#rest = Buffer.alloc(0);
  }

  #look(packet: Buffer): void {
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const control = packet.readUInt8(3);
    const payload = packet.subarray((control & 0x20) === 0 ? 4 : 5 + packet.readUInt8(4));
    const isBeginning = (packet.readUInt8(1) & 0x40) !== 0 && (control & 0x10) !== 0;
    if (!isBeginning || this.#firstMs.has(pid) || payload.length < 14) return;
    // A packet of a stream, with a presentation time (ISO/IEC 13818-1, 2.4.3.7).
    if (payload.readUIntBE(0, 3) !== 1 || (payload.readUInt8(7) & 0x80) === 0) return;
    const high = (payload.readUInt8(9) >> 1) & 0x7;
    const ticks = high * 2 ** 30 + (payload.readUInt16BE(10) >> 1) * 2 ** 15 + (payload.readUInt16BE(12) >> 1);
    this.#firstMs.set(pid, ticks / 90);
  }
}
