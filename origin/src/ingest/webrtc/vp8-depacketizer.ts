import { MAX_FRAME_BYTES, type Depacketizer, type VideoConfiguration, type VideoFrame } from './video-frame.js';

/** VP8 from RTP (RFC 7741). */
export class Vp8Depacketizer implements Depacketizer {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #timestamp: number | undefined;

  push({ timestamp, isMarked, payload }: Parameters<Depacketizer['push']>[0]): VideoFrame | undefined {
    if (timestamp !== this.#timestamp) this.reset();
    this.#timestamp = timestamp;
    const piece = pieceOf(payload);
    if (!piece) return undefined;
    // Of a picture whose beginning is missing nothing is kept.
    if (this.#pieces.length === 0 && !piece.isStart) return undefined;
    this.#pieces.push(piece.data);
    this.#bytes += piece.data.length;
    if (this.#bytes > MAX_FRAME_BYTES) this.reset();
    if (!isMarked || this.#pieces.length === 0) return undefined;
    const data = Buffer.concat(this.#pieces);
    this.reset();
    const isKey = ((data[0] ?? 1) & 1) === 0;
    return { timestamp, data, isKey, configuration: isKey ? configurationOf(data) : undefined };
  }

  reset(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }
}

/** Takes the payload descriptor off (RFC 7741 section 4.2). */
function pieceOf(payload: Uint8Array): { readonly data: Buffer; readonly isStart: boolean } | undefined {
  const [first = 0, extended = 0, pictureId = 0] = payload;
  let at = 1;
  if (first & 0x80) {
    at = 2;
    if (extended & 0x80) at += pictureId & 0x80 ? 2 : 1;
    if (extended & 0x40) at += 1;
    if (extended & 0x30) at += 1;
  }
  if (payload.length <= at) return undefined;
  return { data: Buffer.from(payload.buffer, payload.byteOffset + at, payload.byteLength - at), isStart: (first & 0x10) !== 0 && (first & 0x0f) === 0 };
}

/** The size is in a key frame's header (RFC 6386 section 9.1). */
function configurationOf(data: Buffer): VideoConfiguration | undefined {
  const hasStartCode = data.length >= 10 && data[3] === 0x9d && data[4] === 0x01 && data[5] === 0x2a;
  if (!hasStartCode) return undefined;
  return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff, codecPrivate: undefined };
}
