import type { EngineCommand, EngineIdentity, LinkId, MechanismCounters } from '@p2ptv/peer/engine';
import type { Random, WireMessage } from '@p2ptv/protocol';
import type { BaselineNeighbour } from './baseline-neighbour.js';
import type { ChunkTable } from './chunk-table.js';

type Counted =
  | 'seedsReceived'
  | 'cutThroughForwards'
  | 'pulls'
  | 'fallbacks'
  | 'rangeTails'
  | 'fallbacksSpared'
  | 'headerPolls'
  | 'bans'
  | 'duplicateBlocks'
  | 'cancels';

/** The engine's counters that have a meaning for every baseline. */
export type BaselineCounters = Pick<MechanismCounters, Counted>;

/** What the parts of one baseline peer share. */
export type BaselineContext = {
  readonly identity: EngineIdentity;
  readonly random: Random;
  readonly counters: BaselineCounters;
  readonly neighbours: Map<LinkId, BaselineNeighbour>;
  readonly chunks: ChunkTable;
  /** False: this viewer serves nobody. */
  isUploading: boolean;
  readonly command: (command: EngineCommand) => void;
  /** Sends a message and counts its bytes. */
  readonly send: (linkId: LinkId, message: WireMessage) => void;
  /** Bytes that a link has not sent yet, those just handed over included. */
  readonly bufferedBytes: (linkId: LinkId) => number;
};
