import { createHash } from 'node:crypto';

import {
  BLOCK_BYTES,
  blockCountOf,
  blockLengthOf,
  encodeChunkHeader,
  isEqualBytes,
  LIMITS,
  SIGNATURE_BYTES,
  signedChunkHeader,
  type ChunkHeader,
  type ChunkSequence,
  type Random,
  type RenditionId,
  type SignedChunkHeader,
  type StreamId,
} from '@p2ptv/protocol';

/** What a simulated encoder makes. */
export type MediaOptions = {
  readonly streamId: StreamId;
  readonly rendition: RenditionId;
  readonly bitsPerSecond: number;
  readonly partMs: number;
  readonly gopMs: number;
  readonly segmentMs: number;
  /** From capture of a part's first frame to its publication, ms. */
  readonly captureToPublishMs: number;
  /** Wall clock at the start of the run, ms since the Unix epoch. */
  readonly startedWallMs: number;
};

/** How much larger than the mean the part with the key frame is. */
const KEY_PART_RATIO = 1.8;
/** Parts vary by as much around their mean, evenly. */
const VARIATION_RATIO = 0.15;

/** One buffer holds the bytes of every chunk: all whole blocks are alike, so that a hundred thousand stores share them. */
const MEDIA = new Uint8Array(Math.ceil(LIMITS.chunkBytes / BLOCK_BYTES) * BLOCK_BYTES);
for (let index = 0; index < BLOCK_BYTES; index++) MEDIA[index] = (index * 31 + 7) & 0xff;
for (let at = BLOCK_BYTES; at < MEDIA.length; at += BLOCK_BYTES) MEDIA.copyWithin(at, 0, BLOCK_BYTES);

const BLOCKS: readonly Uint8Array[] = Array.from({ length: MEDIA.length / BLOCK_BYTES }, (_, index) =>
  MEDIA.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES),
);
const shortBlocks = new Map<number, Uint8Array>();
const digests = new Map<number, Uint8Array>();

/** The bytes of a chunk: a view of what all chunks share. */
export function chunkBytes(byteLength: number): Uint8Array {
  return MEDIA.subarray(0, byteLength);
}

/** The block of that length: the same object each time. */
export function blockOfLength(length: number): Uint8Array {
  if (length === BLOCK_BYTES) return BLOCKS[0] as Uint8Array;
  let block = shortBlocks.get(length);
  if (!block) {
    block = MEDIA.subarray(0, length);
    shortBlocks.set(length, block);
  }
  return block;
}

/** SHA-256 of the block of that length. */
function digestOfLength(length: number): Uint8Array {
  let digest = digests.get(length);
  if (!digest) {
    digest = sha256(blockOfLength(length));
    digests.set(length, digest);
  }
  return digest;
}

/** SHA-256 of bytes that came over the network: looked up where they are a view of the shared ones. */
export function digestOf(bytes: Uint8Array): Uint8Array {
  const isShared = bytes.buffer === MEDIA.buffer && bytes.byteOffset % BLOCK_BYTES === 0 && bytes.length <= BLOCK_BYTES;
  if (isShared || (bytes.length <= BLOCK_BYTES && isEqualBytes(bytes, blockOfLength(bytes.length)))) {
    return digestOfLength(bytes.length);
  }
  return sha256(bytes);
}

/** Makes chunks with headers that are laid out and hashed as real ones; only the signature is no signature. */
export class MediaSource {
  readonly #options: MediaOptions;
  readonly #random: Random;
  readonly #signed: SignedChunkHeader[] = [];
  readonly #initHash = Buffer.from(sha256(new Uint8Array(1))).toString('hex');

  constructor(options: MediaOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** All chunks so far; their sequences are their places in it. */
  get chunks(): readonly SignedChunkHeader[] {
    return this.#signed;
  }

  /** The chunk of a sequence. */
  get(sequence: number): SignedChunkHeader | undefined {
    return this.#signed[sequence];
  }

  /** Whether a header is one that this publisher has signed. */
  isGenuine(signed: SignedChunkHeader): boolean {
    const own = this.#signed[signed.header.sequence];
    return own === signed || (own !== undefined && isEqualBytes(own.bytes, signed.bytes));
  }

  /** Makes the next chunk, published at `nowMs` of the run. */
  make(nowMs: number): SignedChunkHeader {
    const { streamId, rendition, partMs, gopMs, segmentMs, captureToPublishMs, startedWallMs } = this.#options;
    const sequence = this.#signed.length;
    const partsPerSegment = Math.max(1, Math.round(segmentMs / partMs));
    const partIndex = sequence % partsPerSegment;
    const isIndependent = sequence % Math.max(1, Math.round(gopMs / partMs)) === 0;
    const byteLength = this.#byteLength(isIndependent);
    const header: ChunkHeader = {
      streamId,
      epoch: 1,
      rendition,
      sequence: sequence as ChunkSequence,
      mediaSequence: Math.floor(sequence / partsPerSegment),
      partIndex,
      isIndependent,
      isSegmentLast: partIndex === partsPerSegment - 1,
      durationUs: partMs * 1000,
      programDateTimeMs: Math.round(startedWallMs + nowMs - captureToPublishMs),
      byteLength,
      initHash: this.#initHash,
      blockHashes: Array.from({ length: blockCountOf(byteLength) }, (_, index) =>
        digestOfLength(blockLengthOf(byteLength, index)),
      ),
    };
    const signature = new Uint8Array(SIGNATURE_BYTES).fill(sequence & 0xff);
    const signed = signedChunkHeader(header, encodeChunkHeader(header), signature);
    this.#signed.push(signed);
    return signed;
  }

  #byteLength(isIndependent: boolean): number {
    const { bitsPerSecond, partMs, gopMs } = this.#options;
    const meanBytes = (bitsPerSecond * partMs) / 8_000;
    const parts = Math.max(1, Math.round(gopMs / partMs));
    const keyRatio = parts === 1 ? 1 : Math.min(KEY_PART_RATIO, parts);
    const ratio = isIndependent ? keyRatio : (parts - keyRatio) / (parts - 1);
    const variation = 1 + VARIATION_RATIO * (2 * this.#random.next() - 1);
    return Math.max(1, Math.round(meanBytes * ratio * variation));
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
