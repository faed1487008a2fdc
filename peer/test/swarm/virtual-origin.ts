import { createHash } from 'node:crypto';
import {
  BLOCK_BYTES,
  deriveStreamId,
  encodeChunkHeader,
  encodeHeaderBatch,
  keyPairFromSecret,
  sign,
  signedChunkHeader,
  type ChunkHeader,
  type ChunkSequence,
  type PeerDescription,
  type RecordedSegment,
  type RenditionId,
  type SignedChunkHeader,
  type StreamLink,
  type StreamRecord,
} from '@p2ptv/protocol';
import type { VirtualTime } from '../../src/adapters/virtual/virtual-time.js';
import type { OriginClient } from '../../src/ports/origin-client.js';

export const PART_MS = 200;
const PARTS_PER_SEGMENT = 10;
const PARTS_PER_GOP = 5;
export const RENDITION = 0 as RenditionId;

const KEYS = keyPairFromSecret(new Uint8Array(32).fill(3));
const SLUG = 'main';

export const LINK: StreamLink = {
  streamId: deriveStreamId(KEYS.publicKey, SLUG),
  publicKey: KEYS.publicKey,
  title: 'Test',
  trackers: ['http://tracker.test'],
  origins: ['http://origin.test/live/main'],
};

/** Every encoder run has an init segment of its own. */
function initOf(epoch: number): Uint8Array {
  return new Uint8Array(700).fill(8 + epoch);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export type PublishedChunk = { readonly signed: SignedChunkHeader; readonly bytes: Uint8Array };

/** Virtual time, or anything that can be waited on like it. */
export type OriginTime = Pick<VirtualTime, 'schedule' | 'nowMs' | 'wallMs'>;

/** An origin on virtual time: it publishes a part every 200 ms and answers each request after a round trip. */
export class VirtualOrigin {
  readonly bytes = { media: 0, headers: 0, join: 0, init: 0 };
  readonly chunks: PublishedChunk[] = [];
  readonly #time: OriginTime;
  readonly #chunkBytes: number;
  readonly #waiting = new Set<() => void>();
  #run: EncoderRun = { epoch: 1, firstSequence: 0, firstMediaSequence: 0 };
  isAway = false;
  /** Says its record; parts go on as they were scheduled. */
  isEnded = false;
  /** The renditions that it says it makes; of others it knows nothing. What it publishes is of {@link RENDITION}. */
  made: readonly RenditionId[] = [RENDITION];
  warmPeers: readonly PeerDescription[] = [];
  isUplinkTaken = false;
  onPublished: ((chunk: PublishedChunk) => void) | undefined;

  constructor(time: OriginTime, chunkBytes: number) {
    this.#time = time;
    this.#chunkBytes = chunkBytes;
  }

  publishUntil(endMs: number): void {
    for (let atMs = this.#time.nowMs() + PART_MS; atMs <= endMs; atMs += PART_MS) this.#time.schedule(atMs, () => this.#publish());
  }

  /** A new encoder run begins then: another epoch and init segment, and the segment is cut. */
  restartEncoderAt(atMs: number): void {
    this.#time.schedule(atMs, () => {
      const last = this.chunks.at(-1)?.signed.header;
      this.#run = {
        epoch: this.#run.epoch + 1,
        firstSequence: this.chunks.length,
        firstMediaSequence: (last?.mediaSequence ?? -1) + 1,
      };
    });
  }

  client(roundTripMs: number): OriginClient {
    const later = (run: () => void): (() => void) => this.#time.schedule(this.#time.nowMs() + roundTripMs, run);
    const received = { media: 0, init: 0, headers: 0, join: 0 };
    return {
      received,
      join: ({ delayMs }, listener) =>
        later(() => {
          if (this.isAway || this.chunks.length === 0) {
            listener.failed('unavailable');
            return;
          }
          const headers = this.isEnded ? this.chunks.slice(0, 16).map(({ signed }) => signed) : this.#joinHeaders(delayMs);
          const init = initOf(this.#run.epoch);
          const bytes = encodeHeaderBatch(headers).length + init.length + 600;
          this.bytes.join += bytes;
          received.join += bytes;
          const { warmPeers, isUplinkTaken } = this;
          listener.joined({ record: { ...record(this.#run.epoch, this.made), isEnded: this.isEnded, revision: this.#run.epoch + (this.isEnded ? 1 : 0) }, rendition: RENDITION, initHash: hashOf(init), init, headers, warmPeers, isUplinkTaken });
        }),
      fetchChunk: ({ sequence, firstByte, byteLength }, listener) =>
        later(() => {
          const chunk = this.chunks[sequence];
          // The range of the real client ends where the caller says that the chunk does.
          const isRangeRight = byteLength === chunk?.bytes.length;
          if (this.isAway || !chunk || !isRangeRight) {
            listener.failed(this.isAway ? 'unavailable' : chunk ? 'invalid' : 'notFound');
            return;
          }
          const bytes = chunk.bytes.slice(firstByte);
          this.bytes.media += bytes.length;
          received.media += bytes.length;
          listener.bytes(bytes);
          listener.done();
        }),
      followHeaders: ({ rendition, after }, listener) => {
        let isOver = false;
        let last = after ?? this.chunks.findLastIndex(({ signed }) => signed.header.isIndependent) - 1;
        const look = (): void => {
          if (isOver) return;
          if (this.isAway || !this.made.includes(rendition)) {
            isOver = true;
            this.#waiting.delete(look);
            listener.failed(this.isAway ? 'unavailable' : 'notFound');
            return;
          }
          const headers = this.chunks.slice(last + 1).map(({ signed }) => signed);
          if (headers.length === 0) return;
          last += headers.length;
          later(() => {
            if (isOver) return;
            const bytes = encodeHeaderBatch(headers).length;
            this.bytes.headers += bytes;
            received.headers += bytes;
            listener.headers(headers);
          });
        };
        this.#waiting.add(look);
        later(look);
        return () => {
          isOver = true;
          this.#waiting.delete(look);
        };
      },
      headersAt: ({ dateMs, count }, listener) =>
        later(() => {
          if (this.isAway) {
            listener.failed('unavailable');
            return;
          }
          const later = this.chunks.findIndex(({ signed }) => signed.header.programDateTimeMs > dateMs);
          let first = Math.max(0, (later < 0 ? this.chunks.length : later) - 1);
          while (first > 0 && !this.chunks[first]?.signed.header.isIndependent) first--;
          const headers = this.chunks.slice(first, first + count).map(({ signed }) => signed);
          const bytes = encodeHeaderBatch(headers).length;
          this.bytes.headers += bytes;
          received.headers += bytes;
          listener.headers(headers);
        }),
      segments: ({ after = -1 }, listener) =>
        later(() => {
          if (this.isAway) listener.failed('unavailable');
          else listener.listed({ isEnded: this.isEnded, segments: this.#segments().filter(({ mediaSequence }) => mediaSequence > after) });
        }),
      fetchInit: ({ initHash }, listener) =>
        later(() => {
          for (let epoch = 1; epoch <= this.#run.epoch; epoch++) {
            const init = initOf(epoch);
            if (hashOf(init) !== initHash) continue;
            listener.fetched(init);
            return;
          }
          listener.failed('notFound');
        }),
    };
  }

  #publish(): void {
    const sequence = this.chunks.length;
    const bytes = new Uint8Array(this.#chunkBytes).map((_, index) => (index * 31 + sequence * 7) & 0xff);
    const chunk = { signed: signedHeader(sequence, bytes, { dateMs: this.#time.wallMs() - PART_MS, run: this.#run }), bytes };
    this.chunks.push(chunk);
    this.onPublished?.(chunk);
    for (const look of [...this.#waiting]) look();
  }

  #segments(): RecordedSegment[] {
    const whole = this.chunks.filter(({ signed: { header } }) => header.isSegmentLast).map(({ signed: { header } }) => header);
    return whole.map(({ mediaSequence, epoch, initHash, sequence, partIndex, programDateTimeMs }) => ({
      mediaSequence,
      epoch,
      initHash,
      sequence: sequence - partIndex,
      partCount: partIndex + 1,
      durationUs: (partIndex + 1) * PART_MS * 1000,
      programDateTimeMs: programDateTimeMs - partIndex * PART_MS,
    }));
  }

  #joinHeaders(delayMs: number): SignedChunkHeader[] {
    let from = Math.max(0, this.chunks.length - 1 - Math.ceil(delayMs / PART_MS));
    while (!this.chunks[from]?.signed.header.isIndependent) from--;
    return this.chunks.slice(from).map(({ signed }) => signed);
  }
}

/** A run of the encoder: where it began, and what media sequence it began with. */
type EncoderRun = { readonly epoch: number; readonly firstSequence: number; readonly firstMediaSequence: number };

/** A correctly signed header. */
function signedHeader(
  sequence: number,
  bytes: Uint8Array,
  made: { readonly dateMs: number; readonly run: EncoderRun },
): SignedChunkHeader {
  const { dateMs, run } = made;
  const index = sequence - run.firstSequence;
  const blockHashes: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    blockHashes.push(createHash('sha256').update(bytes.subarray(start, start + BLOCK_BYTES)).digest());
  }
  const header: ChunkHeader = {
    streamId: LINK.streamId,
    epoch: run.epoch,
    rendition: RENDITION,
    sequence: sequence as ChunkSequence,
    mediaSequence: run.firstMediaSequence + Math.floor(index / PARTS_PER_SEGMENT),
    partIndex: index % PARTS_PER_SEGMENT,
    isIndependent: index % PARTS_PER_GOP === 0,
    isSegmentLast: index % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1,
    durationUs: PART_MS * 1000,
    programDateTimeMs: dateMs,
    byteLength: bytes.length,
    initHash: hashOf(initOf(run.epoch)),
    blockHashes,
  };
  const encoded = encodeChunkHeader(header);
  return signedChunkHeader(header, encoded, sign(encoded, KEYS.secretKey));
}

function record(epoch: number, renditions: readonly RenditionId[]): StreamRecord {
  return {
    version: 1,
    streamId: LINK.streamId,
    slug: SLUG,
    title: 'Test',
    revision: epoch,
    epoch,
    partTargetMs: PART_MS,
    targetDurationSeconds: 2,
    renditions: renditions.map((id) => ({
      id,
      codecs: 'avc1.42c01e',
      width: 320,
      height: 180,
      frameRate: 30,
      bandwidthBitsPerSecond: 1_000_000,
      averageBandwidthBitsPerSecond: 1_000_000,
      initHash: hashOf(initOf(epoch)),
    })),
    isEnded: false,
  };
}
