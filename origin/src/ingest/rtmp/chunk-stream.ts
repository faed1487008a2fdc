import { ByteQueue } from '../../fragment/byte-queue.js';

/** One message of RTMP (Adobe, Real Time Messaging Protocol 1.0, section 5). */
export type RtmpMessage = {
  readonly type: number;
  readonly streamId: number;
  /** 32 bits of ms. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
};

/** Type of the message that announces the sender's chunk size. It concerns only this layer. */
const SET_CHUNK_SIZE = 1;
const ABORT = 2;
const DEFAULT_CHUNK_BYTES = 128;
const AUDIO = 8;
const VIDEO = 9;
/** What no publisher goes beyond. */
const MAX_CHUNK_BYTES = 1024 * 1024;
/** A key frame of 8 MiB would be far beyond any live encoder. Bounds what a publisher can make us hold. */
const MAX_MEDIA_BYTES = 8 * 1024 * 1024;
/**
 * Commands and metadata have a few hundred bytes. Bounds what strangers can make us hold, and how long
 * one message can keep us busy.
 */
const MAX_COMMAND_BYTES = 64 * 1024;
/** Publishers use four or five. Bounds the states that we keep. */
const MAX_CHUNK_STREAMS = 32;
const EXTENDED_TIMESTAMP = 0xff_ffff;
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;

type ChunkStream = {
  timestampMs: number;
  /** Of the last message header: added when a message repeats it. */
  deltaMs: number;
  hasExtendedTimestamp: boolean;
  length: number;
  type: number;
  streamId: number;
  /** As large as what has come, or up to twice: a false length costs nothing. */
  body: Uint8Array;
  receivedBytes: number;
};

/**
 * Puts messages together from chunks; the byte stream may be cut anywhere.
 *
 * Bytes of messages in the making are counted over all chunk streams together: at most 64 KiB until
 * {@link allowMedia}, 8 MiB afterwards.
 */
export class ChunkReader {
  readonly #pending = new ByteQueue();
  readonly #streams = new Map<number, ChunkStream>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  /** The chunk that is arriving: its header was read, and so many bytes of it are missing. */
  #current: { readonly stream: ChunkStream; missingBytes: number } | undefined;
  #unfinishedBytes = 0;
  #isMediaAllowed = false;
  #malformed: string | undefined;

  /** From now on, audio and video messages may have up to 8 MiB. To be called once the sender may publish. */
  allowMedia(): void {
    this.#isMediaAllowed = true;
  }

  /**
   * Takes the next bytes, by reference, and gives each message as soon as it is whole: what it leads to,
   * such as {@link allowMedia}, holds for the bytes behind it.
   *
   * @returns why the connection is beyond saving; undefined while it is not
   */
  push(bytes: Uint8Array, onMessage: (message: RtmpMessage) => void): string | undefined {
    this.#pending.push(bytes);
    while (this.#malformed === undefined) {
      const step = this.#current === undefined ? this.#beginChunk() : this.#continueChunk(this.#current);
      if (step.kind === 'wait') return undefined;
      if (step.kind === 'malformed') this.#malformed = step.reason;
      if (step.kind === 'message' && !this.#takeControl(step.message)) onMessage(step.message);
    }
    this.#pending.clear();
    this.#streams.clear();
    this.#current = undefined;
    return this.#malformed;
  }

  #beginChunk(): ChunkStep {
    const header = this.#readHeader();
    if (header.kind !== 'header') return header;
    const { format, chunkStreamId, view, basicBytes } = header;
    const known = this.#streams.get(chunkStreamId);
    if (known === undefined && format !== 0) return malformed('a chunk continues a message that never began');
    if (known === undefined && this.#streams.size >= MAX_CHUNK_STREAMS) return malformed('there are too many chunk streams');

    const shortTime = format === 3 ? undefined : view.getUint16(basicBytes) * 256 + view.getUint8(basicBytes + 2);
    const hasExtendedTimestamp = shortTime === undefined ? known?.hasExtendedTimestamp === true : shortTime === EXTENDED_TIMESTAMP;
    const headerBytes = basicBytes + MESSAGE_HEADER_BYTES[format];
    const bodyOffset = headerBytes + (hasExtendedTimestamp ? 4 : 0);
    const whole = this.#pending.peek(bodyOffset);
    if (whole === undefined) return WAIT;
    const extendedMs = hasExtendedTimestamp ? viewOf(whole).getUint32(headerBytes) : undefined;

    const isNewMessage = known === undefined || known.receivedBytes === 0;
    if (!isNewMessage && format !== 3) return malformed('a message begins within another one');
    const stream = isNewMessage
      ? beginMessage(known, { format, view, basicBytes, timeMs: extendedMs ?? shortTime, hasExtendedTimestamp })
      : known;
    const isMedia = stream.type === AUDIO || stream.type === VIDEO;
    if (stream.length > (isMedia ? this.#unfinishedLimit : MAX_COMMAND_BYTES)) return malformed(`a message has ${stream.length} bytes`);

    this.#pending.drop(bodyOffset);
    this.#streams.set(chunkStreamId, stream);
    this.#current = { stream, missingBytes: Math.min(this.#chunkBytes, stream.length - stream.receivedBytes) };
    return { kind: 'chunk' };
  }

  /** Takes what has come of a chunk, so that nobody can make us hold many small pieces of one. */
  #continueChunk(current: { readonly stream: ChunkStream; missingBytes: number }): ChunkStep {
    const { stream } = current;
    const bytes = this.#pending.peek(Math.min(current.missingBytes, this.#pending.length)) ?? new Uint8Array();
    if (bytes.length === 0 && current.missingBytes > 0) return WAIT;
    if (this.#unfinishedBytes + bytes.length > this.#unfinishedLimit) return malformed('its unfinished messages are too large');
    append(stream, bytes);
    this.#pending.drop(bytes.length);
    this.#unfinishedBytes += bytes.length;
    current.missingBytes -= bytes.length;
    if (current.missingBytes > 0) return WAIT;
    this.#current = undefined;
    if (stream.receivedBytes < stream.length) return { kind: 'chunk' };
    const { type, streamId, timestampMs, body } = stream;
    this.#forget(stream);
    return { kind: 'message', message: { type, streamId, timestampMs, body } };
  }

  get #unfinishedLimit(): number {
    return this.#isMediaAllowed ? MAX_MEDIA_BYTES : MAX_COMMAND_BYTES;
  }

  /** The stream's message is whole, or was aborted. */
  #forget(stream: ChunkStream): void {
    this.#unfinishedBytes -= stream.receivedBytes;
    stream.body = NO_BYTES;
    stream.receivedBytes = 0;
  }

  #readHeader(): ChunkHeader | { readonly kind: 'wait' } {
    const first = this.#pending.peek(1)?.[0];
    if (first === undefined) return WAIT;
    const short = first & 0x3f;
    const basicBytes = short === 0 ? 2 : short === 1 ? 3 : 1;
    const format = (first >> 6) as 0 | 1 | 2 | 3;
    const bytes = this.#pending.peek(basicBytes + MESSAGE_HEADER_BYTES[format]);
    if (bytes === undefined) return WAIT;
    const second = bytes[1] ?? 0;
    const chunkStreamId = short === 0 ? second + 64 : short === 1 ? (bytes[2] ?? 0) * 256 + second + 64 : short;
    return { kind: 'header', format, chunkStreamId, basicBytes, view: viewOf(bytes) };
  }

  /** @returns whether the message concerned this layer */
  #takeControl({ type, body }: RtmpMessage): boolean {
    if (type !== SET_CHUNK_SIZE && type !== ABORT) return false;
    if (body.length < 4) {
      this.#malformed = 'a control message is too short';
      return true;
    }
    const value = viewOf(body).getUint32(0) & 0x7fff_ffff;
    if (type === ABORT) {
      const aborted = this.#streams.get(value);
      if (aborted !== undefined) this.#forget(aborted);
    } else if (value < 1 || value > MAX_CHUNK_BYTES) this.#malformed = `it announces chunks of ${value} bytes`;
    else this.#chunkBytes = value;
    return true;
  }
}

type ChunkHeader = {
  readonly kind: 'header';
  readonly format: 0 | 1 | 2 | 3;
  readonly chunkStreamId: number;
  readonly basicBytes: number;
  readonly view: DataView;
};

type ChunkStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'chunk' }
  | { readonly kind: 'message'; readonly message: RtmpMessage }
  | { readonly kind: 'malformed'; readonly reason: string };

const WAIT = { kind: 'wait' } as const;
const NO_BYTES = new Uint8Array();

/**
 * The message as one run of bytes with a chunk size as large as itself, to be sent after a
 * `Set Chunk Size` of {@link OUTGOING_CHUNK_BYTES}.
 */
export function encodeMessage({ type, streamId, timestampMs, body }: RtmpMessage): Uint8Array {
  const bytes = Buffer.alloc(12 + body.length);
  // Protocol control goes on chunk stream 2, all else on 3.
  bytes[0] = type <= 6 ? 2 : 3;
  bytes.writeUIntBE(timestampMs & 0xff_ffff, 1, 3);
  bytes.writeUIntBE(body.length, 4, 3);
  bytes[7] = type;
  bytes.writeUInt32LE(streamId, 8);
  bytes.set(body, 12);
  return bytes;
}

/** Our own chunk size: every answer that we give fits into one chunk. */
export const OUTGOING_CHUNK_BYTES = 4096;

function beginMessage(
  known: ChunkStream | undefined,
  chunk: Pick<ChunkHeader, 'format' | 'view' | 'basicBytes'> & { readonly timeMs: number | undefined; readonly hasExtendedTimestamp: boolean },
): ChunkStream {
  const { format, view, basicBytes, timeMs, hasExtendedTimestamp } = chunk;
  const before = known ?? { timestampMs: 0, deltaMs: 0, length: 0, type: 0, streamId: 0 };
  // Format 0 gives the time itself, 1 and 2 its difference, 3 repeats the difference (5.3.1.2).
  const deltaMs = format === 3 ? before.deltaMs : (timeMs ?? 0);
  const timestampMs = format === 0 ? (timeMs ?? 0) : (before.timestampMs + deltaMs) % 2 ** 32;
  return {
    timestampMs,
    deltaMs: format === 0 ? 0 : deltaMs,
    hasExtendedTimestamp,
    length: format <= 1 ? view.getUint32(basicBytes + 2) & 0xff_ffff : before.length,
    type: format <= 1 ? view.getUint8(basicBytes + 6) : before.type,
    streamId: format === 0 ? view.getUint32(basicBytes + 7, true) : before.streamId,
    body: NO_BYTES,
    receivedBytes: 0,
  };
}

/** Copies, so that a small message does not keep a large read buffer alive; grows by doubling, up to the message's length. */
function append(stream: ChunkStream, bytes: Uint8Array): void {
  const neededBytes = stream.receivedBytes + bytes.length;
  if (neededBytes > stream.body.length) {
    const grown = new Uint8Array(Math.min(stream.length, Math.max(neededBytes, 2 * stream.body.length)));
    grown.set(stream.body.subarray(0, stream.receivedBytes));
    stream.body = grown;
  }
  stream.body.set(bytes, stream.receivedBytes);
  stream.receivedBytes = neededBytes;
}

function malformed(reason: string): { readonly kind: 'malformed'; readonly reason: string } {
  return { kind: 'malformed', reason };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
