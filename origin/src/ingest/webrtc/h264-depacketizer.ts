import { parseAvcConfiguration } from '../../fragment/codec-configuration.js';
import { MAX_FRAME_BYTES, type Depacketizer, type VideoConfiguration, type VideoFrame } from './video-frame.js';

const NAL = { idr: 5, sps: 7, pps: 8, delimiter: 9, stapA: 24, fuA: 28 } as const;

/** H.264 from RTP (RFC 6184): single NAL units, STAP-A and FU-A, which is packetization mode 1. */
export class H264Depacketizer implements Depacketizer {
  #units: Buffer[] = [];
  #bytes = 0;
  #fragments: Buffer[] | undefined;
  #timestamp: number | undefined;
  #sps: Buffer | undefined;
  #pps: Buffer | undefined;

  push({ timestamp, isMarked, payload }: Parameters<Depacketizer['push']>[0]): VideoFrame | undefined {
    // A picture whose end was not marked ends where the next begins; nobody sends that, and it is dropped.
    if (timestamp !== this.#timestamp) this.reset();
    this.#timestamp = timestamp;
    this.#take(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
    if (this.#bytes > MAX_FRAME_BYTES) this.reset();
    return isMarked ? this.#finish(timestamp) : undefined;
  }

  reset(): void {
    this.#units = [];
    this.#bytes = 0;
    this.#fragments = undefined;
  }

  #take(payload: Buffer): void {
    const header = payload[0];
    if (header === undefined) return;
    switch (header & 31) {
      case NAL.stapA:
        for (let at = 1; at + 2 <= payload.length; ) {
          const length = payload.readUInt16BE(at);
          this.#add(payload.subarray(at + 2, at + 2 + length));
          at += 2 + length;
        }
        break;
      case NAL.fuA:
        this.#takeFragment(payload);
        break;
      default:
        this.#add(payload);
    }
  }

  #takeFragment(payload: Buffer): void {
    const [indicator = 0, header = 0] = payload;
    const isStart = (header & 0x80) !== 0;
    if (isStart) this.#fragments = [Buffer.of((indicator & 0xe0) | (header & 31))];
    if (!this.#fragments) return;
    this.#fragments.push(payload.subarray(2));
    this.#bytes += payload.length;
    if ((header & 0x40) === 0) return;
    const unit = Buffer.concat(this.#fragments);
    this.#bytes -= unit.length;
    this.#fragments = undefined;
    this.#add(unit);
  }

  #add(unit: Buffer): void {
    const type = (unit[0] ?? 0) & 31;
    if (type === 0 || type === NAL.delimiter || type >= NAL.stapA) return;
    if (type === NAL.sps) this.#sps = Buffer.from(unit);
    if (type === NAL.pps) this.#pps = Buffer.from(unit);
    this.#units.push(unit);
    this.#bytes += unit.length;
  }

  #finish(timestamp: number): VideoFrame | undefined {
    const units = this.#units;
    this.reset();
    const isPicture = units.some((unit) => isSlice(unit));
    if (!isPicture) return undefined;
    const isKey = units.some((unit) => ((unit[0] ?? 0) & 31) === NAL.idr);
    const data = Buffer.concat(units.flatMap((unit) => [lengthOf(unit), unit]));
    return { timestamp, data, isKey, configuration: isKey ? this.#configuration() : undefined };
  }

  #configuration(): VideoConfiguration | undefined {
    if (!this.#sps || !this.#pps || this.#sps.length < 4) return undefined;
    const sizes = (unit: Buffer): Buffer => Buffer.of(unit.length >> 8, unit.length & 0xff);
    const avcC = Buffer.concat([
      Buffer.of(1, this.#sps[1] ?? 0, this.#sps[2] ?? 0, this.#sps[3] ?? 0, 0xff, 0xe1),
      sizes(this.#sps),
      this.#sps,
      Buffer.of(1),
      sizes(this.#pps),
      this.#pps,
    ]);
    const parsed = parseAvcConfiguration(avcC);
    return parsed && { width: parsed.width, height: parsed.height, codecPrivate: avcC };
  }
}

function isSlice(unit: Buffer): boolean {
  const type = (unit[0] ?? 0) & 31;
  return type >= 1 && type <= NAL.idr;
}

function lengthOf(unit: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return length;
}
