import type { RenditionId } from '@p2ptv/protocol';
import type { ChunkSources, MechanismCounters } from './counters.js';
import type { Neighbour } from './neighbours.js';
import type { UploadPolicy } from './viewer-input.js';

/** Totals of an engine. */
export type EngineState = {
  readonly counters: MechanismCounters;
  readonly verifiedBytes: ChunkSources;
  readonly sentMediaBytes: number;
  readonly sentFrameBytes: number;
  readonly chunksVerified: number;
  readonly chunksRejected: number;
  readonly dutyStripes: readonly number[];
  readonly uploadPolicy: UploadPolicy;
  readonly isVisible: boolean;
  /** The one that is played; undefined until that is known. */
  readonly rendition: RenditionId | undefined;
  readonly neighbours: readonly Neighbour[];
  readonly neighbourCount: number;
  /** Of a volunteer that keeps a recording; undefined: it does not. */
  readonly fill: { readonly keptChunks: number; readonly isComplete: boolean; readonly isFull: boolean } | undefined;
};
