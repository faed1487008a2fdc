import type { ChunkRef, RenditionId, SignedChunkHeader } from '@p2ptv/protocol';

/** What a stream is taken for until headers tell: bits a second, and the length of a part, ms. */
export const ASSUMED_STREAM_BITS_PER_SECOND = 3_000_000;
export const ASSUMED_PART_MS = 200;

/** What a peer wants of a stream, and when: PlayOrder of a live one, OnDemandWindow of a recording. */
export interface Viewing {
  /** The rendition that is played now; undefined until that is known. */
  readonly rendition: RenditionId | undefined;
  /** The renditions whose chunks are wanted, as a set of bits. */
  readonly followedBits: number;
  /** Length of a part, ms. */
  readonly partMs: number;
  /** Media bits a second of a rendition, from its newest headers. */
  bitsPerSecond(rendition: RenditionId): number;
  /** True when chunks of the rendition are wanted; also before it is known which are. */
  isFollowed(rendition: RenditionId): boolean;
  /** When {@link advance} or {@link pollHeaders} wants to run again. */
  dueMs(nowMs: number): number;
  /** A header is verified and new. */
  accepted(nowMs: number, signed: SignedChunkHeader): void;
  /** A neighbour tells of a chunk. */
  told(nowMs: number, chunk: ChunkRef): void;
  /** Makes up its mind what is wanted; returns when the playhead's progress asks for another look, ms, beside {@link dueMs}. */
  advance(nowMs: number): number;
  /** Asks the origin for headers that are not there. */
  pollHeaders(nowMs: number): void;
}
