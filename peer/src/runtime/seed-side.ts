import { BLOCK_BYTES, decodeChunkHeader, isEqualBytes, signatureOf, signedPortion, type ChunkRef, type SignedChunkHeader, type StreamId } from '@p2ptv/protocol';
import type { EngineInput } from '../engine/engine-io.js';
import type { CacheSize, ChunkCache } from '../ports/chunk-cache.js';
import type { Verifier } from '../ports/verifier.js';

/** Before each chunk its signed header, and before that the header's length: what is kept can be served without asking anybody. */
const LENGTH_BYTES = 4;
/** The disk rewrites a little at a time: so much of its quota is left free for that, and nothing that is kept is dropped for it. */
const SPARE_BYTES = 16 * 1024 * 1024;
const SPARE_RATIO = 0.25;

/** What a seed side is made of. */
export type SeedSideParts = {
  readonly streamId: StreamId;
  readonly verifier: Verifier;
  readonly handle: (input: EngineInput) => void;
};

/** A volunteer's disk: what is verified is kept there until it is full, and verified anew when it is read. (SPEC FI) */
export class SeedSide {
  readonly #cache: ChunkCache;
  readonly #parts: SeedSideParts;
  #chunks: readonly ChunkRef[] | undefined;
  #isFull = false;

  constructor(cache: ChunkCache, parts: SeedSideParts) {
    this.#cache = cache;
    this.#parts = parts;
  }

  get size(): CacheSize {
    return this.#cache.size;
  }

  /** Looks what is there; `opened` is called once, and then {@link chunks} tells. */
  open(opened: () => void): void {
    this.#cache.open((chunks) => {
      this.#chunks = chunks;
      opened();
    });
  }

  /** What was there at the start; undefined until that is known. */
  get chunks(): readonly ChunkRef[] | undefined {
    return this.#chunks;
  }

  /** Keeps a verified chunk, if there is room. */
  keep(signed: SignedChunkHeader, media: Uint8Array): void {
    const { rendition, sequence } = signed.header;
    const bytes = new Uint8Array(LENGTH_BYTES + signed.bytes.length + media.length);
    const { size } = this.#cache;
    this.#isFull ||= size.bytes + bytes.length > size.quotaBytes - Math.min(SPARE_BYTES, size.quotaBytes * SPARE_RATIO);
    if (this.#isFull) {
      this.#parts.handle({ kind: 'kept', chunks: [], isFull: true });
      return;
    }
    new DataView(bytes.buffer).setUint32(0, signed.bytes.length);
    bytes.set(signed.bytes, LENGTH_BYTES);
    bytes.set(media, LENGTH_BYTES + signed.bytes.length);
    this.#cache.put({ rendition, sequence }, bytes);
    this.#parts.handle({ kind: 'kept', chunks: [{ rendition, sequence }], isFull: false });
  }

  /** Reads a chunk for the engine, and believes none of it before header and blocks are checked. */
  read(chunk: ChunkRef): void {
    this.#cache.read(chunk, (bytes) => {
      const kept = bytes && split(bytes);
      const { header } = kept?.signed ?? {};
      const isAsked = header?.streamId === this.#parts.streamId && header.rendition === chunk.rendition && header.sequence === chunk.sequence;
      if (kept && isAsked && kept.media.length === header.byteLength) this.#check(chunk, kept);
      else this.#refuse(chunk);
    });
  }

  /** `closed` is called when all is written. */
  close(closed: () => void): void {
    this.#cache.close(closed);
  }

  #check(chunk: ChunkRef, { signed, media }: KeptChunk): void {
    const { verifier, handle } = this.#parts;
    const { blockHashes } = signed.header;
    let left = blockHashes.length + 1;
    let isRight = true;
    const checked = (isThisRight: boolean): void => {
      isRight &&= isThisRight;
      if (--left > 0) return;
      if (isRight) handle({ kind: 'keptRead', chunk, found: { signed, bytes: media } });
      else this.#refuse(chunk);
    };
    verifier.checkSignature({ message: signedPortion(signed), signature: signatureOf(signed) }, checked);
    blockHashes.forEach((expected, index) => {
      verifier.digest(media.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES), (digest) => checked(isEqualBytes(digest, expected)));
    });
  }

  #refuse(chunk: ChunkRef): void {
    this.#cache.drop(chunk);
    this.#parts.handle({ kind: 'keptRead', chunk, found: undefined });
  }
}

type KeptChunk = { readonly signed: SignedChunkHeader; readonly media: Uint8Array };

/** Undefined: it is nothing that {@link SeedSide.keep} has written. */
function split(bytes: Uint8Array): KeptChunk | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const mediaAt = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const signed = mediaAt <= bytes.length ? decodeChunkHeader(bytes.subarray(LENGTH_BYTES, mediaAt)) : undefined;
  return signed && { signed, media: bytes.subarray(mediaAt) };
}
