import type { ChunkRef, Random, RenditionId, SignedChunkHeader, StreamId } from '@p2ptv/protocol';
import { MediaSource, type MediaOptions } from './media-source.js';

/** Each rendition has half the rate of the one before. */
const STEP_RATIO = 0.5;

/** One of a stream's renditions. */
export type Rung = { readonly rendition: RenditionId; readonly bitsPerSecond: number };

/** The renditions of a stream whose best has a rate: as many as wanted, the best first. */
export function ladderOf(bitsPerSecond: number, count: number): readonly Rung[] {
  return Array.from({ length: count }, (_, index) => ({
    rendition: index as RenditionId,
    bitsPerSecond: bitsPerSecond * STEP_RATIO ** index,
  }));
}

/** What a simulated encoder makes of every rendition: parts and GOPs begin at the same dates in all. */
export class LadderMedia {
  readonly #sources: ReadonlyMap<RenditionId, MediaSource>;

  /** @param randomOf chance of its own for each rendition */
  constructor(
    rungs: readonly Rung[],
    options: Omit<MediaOptions, 'rendition' | 'bitsPerSecond'> & { readonly streamId: StreamId },
    randomOf: (rendition: RenditionId) => Random,
  ) {
    this.#sources = new Map(rungs.map((rung) => [rung.rendition, new MediaSource({ ...options, ...rung }, randomOf(rung.rendition))]));
  }

  /** All chunks of a rendition so far; their sequences are their places in it. */
  chunksOf(rendition: RenditionId): readonly SignedChunkHeader[] {
    return this.#sources.get(rendition)?.chunks ?? [];
  }

  get({ rendition, sequence }: ChunkRef): SignedChunkHeader | undefined {
    return this.#sources.get(rendition)?.get(sequence);
  }

  /** Whether a header is one that this publisher has signed. */
  isGenuine(signed: SignedChunkHeader): boolean {
    return this.#sources.get(signed.header.rendition)?.isGenuine(signed) ?? false;
  }

  /** Makes the next chunk of every rendition, published at `nowMs` of the run. */
  make(nowMs: number): SignedChunkHeader[] {
    return [...this.#sources.values()].map((source) => source.make(nowMs));
  }
}
