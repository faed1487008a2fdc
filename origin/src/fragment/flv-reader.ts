import { ByteQueue } from './byte-queue.js';

/** One message of an FLV file, or of RTMP, whose messages have the same bodies. */
export type FlvTag = {
  readonly kind: 'audio' | 'video' | 'script';
  /** Decode time, ms, as the 32-bit number on the wire. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
};

/** What one call of {@link FlvReader.push} gives: the tags that became whole, or why the bytes are no FLV. */
export type FlvReadResult =
  | { readonly kind: 'tags'; readonly tags: readonly FlvTag[] }
  | { readonly kind: 'malformed'; readonly reason: string };

const TAG_HEADER_BYTES = 11;
const TRAILER_BYTES = 4;
const TAG_KINDS: Readonly<Record<number, FlvTag['kind']>> = { 8: 'audio', 9: 'video', 18: 'script' };
/** A key frame of 8 MiB would be 64 Mb in a thirtieth of a second. Bounds the memory that a broken length can take. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

type ReadStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'header' }
  | { readonly kind: 'tag'; readonly tag: FlvTag }
  | { readonly kind: 'malformed'; readonly reason: string };
const WAIT: ReadStep = { kind: 'wait' };

/**
 * Reads FLV from a byte stream that is cut anywhere.
 *
 * A tag is given out the moment its last byte has arrived, which is why the encoder's output travels
 * as FLV: ffmpeg writes it packet by packet, while its MP4 muxer holds a fragment until the packet
 * after it exists. Once malformed, always malformed: there is no way to find the next tag.
 */
export class FlvReader {
  readonly #pending = new ByteQueue();
  #hasHeader = false;
  #malformed: string | undefined;

  /** Takes the next bytes. They are kept by reference until the tags in them are whole: don't reuse the buffer. */
  push(bytes: Uint8Array): FlvReadResult {
    if (this.#malformed !== undefined) return { kind: 'malformed', reason: this.#malformed };
    this.#pending.push(bytes);
    const tags: FlvTag[] = [];
    while (true) {
      const step = this.#hasHeader ? this.#readTag() : this.#readHeader();
      if (step.kind === 'wait') return { kind: 'tags', tags };
      if (step.kind === 'malformed') return this.#fail(step.reason);
      if (step.kind === 'tag') tags.push(step.tag);
    }
  }

  /** Bytes held for a tag that is not yet whole. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  #readHeader(): ReadStep {
    const header = this.#pending.peek(9 + TRAILER_BYTES);
    if (header === undefined) return WAIT;
    if (header[0] !== 0x46 || header[1] !== 0x4c || header[2] !== 0x56) return malformed('it does not begin with an FLV header');
    this.#pending.drop(header.length);
    this.#hasHeader = true;
    return { kind: 'header' };
  }

  #readTag(): ReadStep {
    const header = this.#pending.peek(TAG_HEADER_BYTES);
    if (header === undefined) return WAIT;
    const view = viewOf(header);
    const bodyBytes = view.getUint32(0) & 0xff_ffff;
    const kind = TAG_KINDS[view.getUint8(0)];
    if (kind === undefined) return malformed(`it has a tag of type ${view.getUint8(0)}`);
    if (bodyBytes > MAX_BODY_BYTES) return malformed(`it has a tag of ${bodyBytes} bytes`);
    const tagBytes = TAG_HEADER_BYTES + bodyBytes;
    const whole = this.#pending.peek(tagBytes + TRAILER_BYTES);
    if (whole === undefined) return WAIT;
    if (viewOf(whole).getUint32(tagBytes) !== tagBytes) return malformed('a tag is not followed by its own length');
    this.#pending.drop(whole.length);
    // The upper eight bits of the time stand behind the lower 24.
    const timestampMs = (view.getUint32(4) >>> 8) + view.getUint8(7) * 0x100_0000;
    return { kind: 'tag', tag: { kind, timestampMs, body: whole.subarray(TAG_HEADER_BYTES, tagBytes) } };
  }

  #fail(reason: string): FlvReadResult {
    this.#malformed = reason;
    this.#pending.clear();
    return { kind: 'malformed', reason };
  }
}

function malformed(reason: string): ReadStep {
  return { kind: 'malformed', reason };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
