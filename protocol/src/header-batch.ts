import { decodeChunkHeader, type SignedChunkHeader } from './chunk-header.js';
import { LIMITS } from './limits.js';

/**
 * Packs signed headers for `headers?after=` and `join`: each behind its length, two bytes, big-endian.
 *
 * @throws RangeError for more than `LIMITS.headersPerAnswer`, which no receiver would read
 */
export function encodeHeaderBatch(headers: readonly SignedChunkHeader[]): Uint8Array {
  if (headers.length > LIMITS.headersPerAnswer) {
    throw new RangeError(`${headers.length} headers in one batch; at most ${LIMITS.headersPerAnswer} fit`);
  }
  const total = headers.reduce((sum, { bytes }) => sum + 2 + bytes.length, 0);
  const batch = new Uint8Array(total);
  const view = new DataView(batch.buffer);
  let offset = 0;
  for (const { bytes } of headers) {
    view.setUint16(offset, bytes.length);
    batch.set(bytes, offset + 2);
    offset += 2 + bytes.length;
  }
  return batch;
}

/** Reads a batch; undefined when any of it is malformed or it holds more than the limit. */
export function decodeHeaderBatch(batch: Uint8Array): SignedChunkHeader[] | undefined {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const headers: SignedChunkHeader[] = [];
  let offset = 0;
  while (offset < batch.length) {
    if (offset + 2 > batch.length || headers.length === LIMITS.headersPerAnswer) return undefined;
    const length = view.getUint16(offset);
    const end = offset + 2 + length;
    if (end > batch.length) return undefined;
    const header = decodeChunkHeader(batch.subarray(offset + 2, end));
    if (!header) return undefined;
    headers.push(header);
    offset = end;
  }
  return headers;
}
