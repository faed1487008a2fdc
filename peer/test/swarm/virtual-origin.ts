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

const INIT = new Uint8Array(700).fill(9);
const INIT_HASH = createHash('sha256').update(INIT).digest('hex');

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
  isAway = false;
  onPublished: ((chunk: PublishedChunk) => void) | undefined;

  constructor(time: OriginTime, chunkBytes: number) {
    this.#time = time;
    this.#chunkBytes = chunkBytes;
  }

  publishUntil(endMs: number): void {
    for (let atMs = this.#time.nowMs() + PART_MS; atMs <= endMs; atMs += PART_MS) this.#time.schedule(atMs, () => this.#publish());
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
          const headers = this.#joinHeaders(delayMs);
          const bytes = encodeHeaderBatch(headers).length + INIT.length + 600;
          this.bytes.join += bytes;
          received.join += bytes;
          const warmPeers: PeerDescription[] = [];
          listener.joined({ record: record(), rendition: RENDITION, initHash: INIT_HASH, init: INIT, headers, warmPeers });
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
      followHeaders: ({ after }, listener) => {
        let isOver = false;
        let last: number = after;
        const look = (): void => {
          if (isOver) return;
          if (this.isAway) {
          listener.failed('unavailable');
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
      fetchInit: (_request, listener) => later(() => listener.fetched(INIT)),
    };
  }

  #publish(): void {
    const sequence = this.chunks.length;
    const bytes = new Uint8Array(this.#chunkBytes).map((_, index) => (index * 31 + sequence * 7) & 0xff);
    const chunk = { signed: signedHeader(sequence, bytes, this.#time.wallMs() - PART_MS), bytes };
    this.chunks.push(chunk);
    this.onPublished?.(chunk);
    for (const look of [...this.#waiting]) look();
  }

  #joinHeaders(delayMs: number): SignedChunkHeader[] {
    const from = Math.max(0, this.chunks.length - 1 - Math.ceil(delayMs / PART_MS));
    return this.chunks.slice(from - (from % PARTS_PER_GOP)).map(({ signed }) => signed);
  }
}

/** A correctly signed header; `forgedBy` signs it with another key. */
export function signedHeader(sequence: number, bytes: Uint8Array, dateMs: number, forgedBy?: Uint8Array): SignedChunkHeader {
  const blockHashes: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    blockHashes.push(createHash('sha256').update(bytes.subarray(start, start + BLOCK_BYTES)).digest());
  }
  const header: ChunkHeader = {
    streamId: LINK.streamId,
    epoch: 1,
    rendition: RENDITION,
    sequence: sequence as ChunkSequence,
    mediaSequence: Math.floor(sequence / PARTS_PER_SEGMENT),
    partIndex: sequence % PARTS_PER_SEGMENT,
    isIndependent: sequence % PARTS_PER_GOP === 0,
    isSegmentLast: sequence % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1,
    durationUs: PART_MS * 1000,
    programDateTimeMs: dateMs,
    byteLength: bytes.length,
    initHash: INIT_HASH,
    blockHashes,
  };
  const encoded = encodeChunkHeader(header);
  return signedChunkHeader(header, encoded, sign(encoded, forgedBy ?? KEYS.secretKey));
}

function record(): StreamRecord {
  return {
    version: 1,
    streamId: LINK.streamId,
    slug: SLUG,
    title: 'Test',
    revision: 1,
    epoch: 1,
    partTargetMs: PART_MS,
    targetDurationSeconds: 2,
    renditions: [
      {
        id: RENDITION,
        codecs: 'avc1.42c01e',
        width: 320,
        height: 180,
        frameRate: 30,
        bandwidthBitsPerSecond: 1_000_000,
        averageBandwidthBitsPerSecond: 1_000_000,
        initHash: INIT_HASH,
      },
    ],
    isEnded: false,
  };
}
