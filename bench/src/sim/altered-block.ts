import { BLOCK_BYTES, type WireMessage } from '@p2ptv/protocol';

/** What polluters send; no honest block begins like it (media-source.ts). */
const ALTERED_BYTE = 0xbd;
const ALTERED = new Uint8Array(BLOCK_BYTES).fill(ALTERED_BYTE);

/** A block as a polluter sends it: the same length, other bytes. */
export function alteredBlock(message: Extract<WireMessage, { kind: 'block' }>): WireMessage {
  return { ...message, bytes: ALTERED.subarray(0, message.bytes.length) };
}

/** Whether a block was altered on its way; also after it was encoded and decoded. */
export function isAltered(block: Uint8Array): boolean {
  return block[0] === ALTERED_BYTE;
}

/** Altered blocks among the bytes of a chunk. */
export function countAltered(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) if (bytes[at] === ALTERED_BYTE) count++;
  return count;
}
