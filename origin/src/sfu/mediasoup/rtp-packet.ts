import type { TrackPacket } from '../sfu-port.js';

const HEADER_BYTES = 12;

/** Reads an RTP packet (RFC 3550 section 5.1); undefined when it is none. Header extensions and padding are left out. */
export function readRtpPacket(bytes: Uint8Array): Omit<TrackPacket, 'arrivedAtMs'> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint8(0) >> 6 !== 2) return undefined;
  const flags = view.getUint8(0);
  let begin = HEADER_BYTES + 4 * (flags & 0x0f);
  if ((flags & 0x10) !== 0) {
    if (bytes.length < begin + 4) return undefined;
    begin += 4 + 4 * view.getUint16(begin + 2);
  }
  const end = bytes.length - ((flags & 0x20) === 0 ? 0 : view.getUint8(bytes.length - 1));
  if (begin > end) return undefined;
  return { sequenceNumber: view.getUint16(2), timestamp: view.getUint32(4), isMarked: (view.getUint8(1) & 0x80) !== 0, payload: bytes.subarray(begin, end) };
}
