import { blockCountOf, type ChunkRef, type SignedChunkHeader } from '@p2ptv/protocol';
import type { BaselineNeighbour } from './baseline-neighbour.js';

/** Media bytes by who delivered them. */
export type SourceBytes = { peerBytes: number; seederBytes: number; originBytes: number; readonly cacheBytes: 0 };

/** Where a chunk is coming from; one source at a time. */
export type Supplier =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'peer';
      readonly neighbour: BaselineNeighbour;
      readonly isPush: boolean;
      readonly askedAtMs: number;
      /** When its first block came. */
      begunAtMs: number | undefined;
      lastBlockAtMs: number;
      blocks: number;
    }
  | { readonly kind: 'origin'; readonly fetchId: number; arrivedAtMs: number | undefined };

/** A chunk whose header is verified, whole or on its way to be. */
export type BaselineChunk = {
  readonly signed: SignedChunkHeader;
  readonly ref: ChunkRef;
  readonly acceptedAtMs: number;
  /** How much earlier than needed this peer turns to the origin: spreads neighbours' fallbacks, ms. */
  readonly jitterMs: number;
  readonly blockCount: number;
  /** Verified blocks; references, so that a thousand peers share the same bytes. */
  readonly blocks: (Uint8Array | undefined)[];
  verifiedCount: number;
  readonly sources: SourceBytes;
  supplier: Supplier;
  failures: number;
  retryAtMs: number;
  /** The origin answered that it has it no more. */
  isGoneAtOrigin: boolean;
  isSpared: boolean;
};

/** A chunk of which nothing has come yet. */
export function newChunk(signed: SignedChunkHeader, at: { nowMs: number; jitterMs: number }): BaselineChunk {
  const { rendition, sequence, byteLength } = signed.header;
  const blockCount = blockCountOf(byteLength);
  return {
    signed,
    ref: { rendition, sequence },
    acceptedAtMs: at.nowMs,
    jitterMs: at.jitterMs,
    blockCount,
    blocks: new Array<Uint8Array | undefined>(blockCount).fill(undefined),
    verifiedCount: 0,
    sources: { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 },
    supplier: { kind: 'none' },
    failures: 0,
    retryAtMs: at.nowMs,
    isGoneAtOrigin: false,
    isSpared: false,
  };
}

/** True when every block is verified. */
export function isWhole(chunk: BaselineChunk): boolean {
  return chunk.verifiedCount === chunk.blockCount;
}

/** Index of the first block that is missing; the block count when none is. */
export function firstMissing(chunk: BaselineChunk): number {
  const index = chunk.blocks.indexOf(undefined);
  return index < 0 ? chunk.blockCount : index;
}
