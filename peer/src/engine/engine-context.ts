import type { ChunkKey, Random, RenditionId } from '@p2ptv/protocol';
import type { CachedChunks } from './cached-chunks.js';
import type { ChunkStore } from './chunk-store.js';
import type { MechanismCounters } from './counters.js';
import type { EngineCommand, LinkId } from './engine-io.js';
import type { EngineIdentity, ResolvedEngineOptions } from './engine-options.js';
import type { HeaderLog } from './header-log.js';
import type { KeptChunks } from './kept-chunks.js';
import type { Neighbours } from './neighbours.js';

/** What the parts of one engine share. Each part is called in a visible order by PeerEngine. */
export type EngineContext = {
  readonly identity: EngineIdentity;
  readonly options: ResolvedEngineOptions;
  readonly random: Random;
  readonly counters: MechanismCounters;
  readonly headers: HeaderLog;
  readonly store: ChunkStore;
  /** What a volunteer keeps of a recording on its disk; others have nothing there. */
  readonly kept: KeptChunks;
  readonly cached: CachedChunks;
  readonly neighbours: Neighbours;
  /** Queues a command; it is carried out after the engine has returned. */
  readonly command: (command: EngineCommand) => void;
  /** A part has something to do then, sooner than its due time said when it was last looked at; -Infinity: in this input. */
  readonly stir: (atMs: number) => void;
  /** Bytes waiting in a link's send buffer. */
  readonly bufferedBytes: (linkId: LinkId) => number;
  /** Media bits a second of a rendition, from its newest headers. */
  readonly streamBitsPerSecond: (rendition: RenditionId) => number;
  /** The rendition that is followed, or about to be; undefined: none yet, or all that there are. */
  readonly wantedRendition: () => RenditionId | undefined;
  /** True while a newcomer's links to a crowd are being set up: they will bring what is not urgent. */
  readonly isLinking: (nowMs: number) => boolean;
  /** True for who gets chunks from the origin where no neighbour brings them. */
  readonly asksOrigin: () => boolean;
  /** Length of a part, ms, from the newest header. */
  readonly partMs: () => number;
  /** Uniform in [0, 1), always the same for a link and a chunk. */
  readonly noise: (linkId: LinkId, key: ChunkKey) => number;
};
