import type {
  ChunkSources,
  EngineCommand,
  EngineIdentity,
  EngineInput,
  LinkId,
  MechanismCounters,
} from '@p2ptv/peer/engine';
import type { ChunkRef, PeerId, Random } from '@p2ptv/protocol';

/**
 * What decides for one simulated peer: our engine, or a baseline that speaks the same messages and
 * is handed the same inputs. Sans-IO: an input goes in with the time, commands come out.
 */
export type PeerAgent = {
  /** Handles one input at `nowMs`, which never runs backwards. */
  handle(nowMs: number, input: EngineInput): void;
  /** Takes what the agent wants done, in order. */
  takeCommands(): readonly EngineCommand[];
  /** When it wants a `tick`, ms; Infinity: not before something else happens. */
  dueMs(nowMs: number): number;
  /** What this peer has lately shown that it can send, bits a second; 0 = unknown. Told to the tracker. */
  uplinkBitsPerSecond(nowMs: number): number;
  /** The bytes of a whole chunk, where the agent can give them: they are looked at for what polluters altered. */
  bytesOf?(chunk: ChunkRef): Uint8Array | undefined;
  /** True when all of a chunk is there; only of agents that play recordings. */
  has?(chunk: ChunkRef): boolean;
  readonly state: PeerAgentState;
};

/** Totals of an agent; read now and then, for reports to the tracker and at the end. */
export type PeerAgentState = {
  readonly counters: Readonly<Partial<MechanismCounters>>;
  /** Media bytes of whole verified chunks, by who delivered them. */
  readonly verifiedBytes: ChunkSources;
  readonly sentMediaBytes: number;
  readonly sentFrameBytes: number;
  readonly neighbourCount: number;
};

/** What an agent stands on. */
export type PeerAgentPorts = {
  /** Its own id, as neighbours know it. */
  readonly peerId: PeerId;
  readonly random: Random;
  /** Bytes waiting in a link's send buffer; asked while an input is handled. */
  readonly bufferedBytes: (linkId: LinkId) => number;
};

/** A way to spread chunks; each runs on the same network with the same seed. Adding one is one file. */
export type Strategy = {
  readonly name: string;
  /** One line for tables and `--help`. */
  readonly summary: string;
  readonly createAgent: (identity: EngineIdentity, ports: PeerAgentPorts) => PeerAgent;
};
