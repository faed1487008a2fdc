import type {
  ChunkHeader,
  ChunkRef,
  ChunkSequence,
  MediaTimeline,
  PeerId,
  PeerRole,
  RenditionId,
  SignedChunkHeader,
  StreamRecord,
} from '@p2ptv/protocol';
import type { ChunkSources, MechanismCounters } from '../engine/counters.js';
import type { PlaybackPosition, UploadPolicy } from '../engine/viewer-input.js';
import type { CacheSize } from '../ports/chunk-cache.js';
import type { OriginFailure, OriginReceived, RecordedList } from '../ports/origin-client.js';
import type { TrackerState } from '../ports/tracker-client.js';

/** Events of a session: past tense, one payload. */
export type PeerSessionEvents = {
  /** The origin's (or a neighbour's) first word on the stream is verified: record and init are there. */
  joined: { readonly record: StreamRecord; readonly rendition: RenditionId };
  /** The origin did not let us in, or is none of ours; it is asked again. With `retryAfterMs` it is full for the moment, and we are in line. */
  joinFailed: { readonly failure: OriginFailure; readonly retryAfterMs?: number };
  recordChanged: { readonly record: StreamRecord };
  /**
   * A chunk is whole and verified, and every chunk before it in the timeline too: the timeline of
   * its rendition now ends with it. The only event that players need for media.
   */
  partReady: {
    readonly header: ChunkHeader;
    /** Something before it was lost for good: the timeline begins anew with it. */
    readonly isRestart: boolean;
  };
  /** Another rendition is about to be watched: its parts become ready where those of the one before end. */
  renditionChosen: { readonly rendition: RenditionId };
  /** Playback of a recording begins with this part, or goes on with it after a seek, as soon as it is there. */
  playbackPlaced: { readonly header: ChunkHeader };
  /** A chunk is whole and verified, in whatever order. */
  chunkVerified: { readonly header: ChunkHeader; readonly sources: ChunkSources };
  /** A neighbour sent something that is not what the publisher signed; its link is closed. */
  chunkRejected: { readonly chunk: ChunkRef; readonly peerId: PeerId; readonly reason: 'block' | 'header' };
  /** An init segment is there that a part needs, after a restart of the encoder. */
  initReady: { readonly initHash: string };
  linkOpened: { readonly peerId: PeerId; readonly role: PeerRole };
  linkClosed: { readonly peerId: PeerId };
  trackerStateChanged: { readonly state: TrackerState; readonly message?: string };
  /** The origin did not answer, or answers again. */
  originStateChanged: { readonly isReachable: boolean; readonly failure?: OriginFailure };
};

/** One neighbour, as the player's panel draws it. */
export type NeighbourStats = {
  readonly peerId: PeerId;
  readonly role: PeerRole;
  /** ms; undefined until measured. */
  readonly roundTripMs?: number;
  /** Media bytes over the link's life. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Media bits a second over the last 2 s. */
  readonly receivingBitsPerSecond: number;
  readonly sendingBitsPerSecond: number;
};

/** A snapshot of a session. Bytes are media bytes unless the name says otherwise. */
export type PeerSessionStats = {
  readonly peerId: PeerId;
  readonly isWebRtcAvailable: boolean;
  readonly trackerState: TrackerState;
  readonly isOriginReachable: boolean;
  /** Verified media bytes, each chunk once, by who delivered them. */
  readonly verifiedBytes: ChunkSources;
  /** Media bytes sent to neighbours. */
  readonly sentBytes: number;
  /** HTTP body bytes received. */
  readonly originReceived: Readonly<OriginReceived>;
  /** Of its media, what was fetched later than for the first frame. */
  readonly fallbackBytes: number;
  /** Bytes received in frames from the origin's seeder, control included. */
  readonly seederFrameBytes: number;
  readonly chunksVerified: number;
  readonly chunksRejected: number;
  readonly mechanisms: Readonly<MechanismCounters>;
  readonly neighbours: readonly NeighbourStats[];
  readonly dutyStripes: readonly number[];
  /** Of a volunteer that keeps a recording whole; left out: it does not, or not yet. */
  readonly kept?: KeptStats;
  /** The viewer's own cache; undefined: there is none. */
  readonly cache: CacheSize | undefined;
  readonly upload: UploadPolicy;
};

/** What a volunteer has of a recording on its disk. */
export type KeptStats = {
  readonly chunks: number;
  /** As they are kept, of all recordings of the stream, and the most that may be. */
  readonly bytes: number;
  readonly quotaBytes: number;
  /** There is no more of the recording. */
  readonly isComplete: boolean;
  /** The quota or the disk takes no more. */
  readonly isFull: boolean;
};

/** Where playback is to go on, as program date-times, ms since the Unix epoch. */
export type SoughtPlace = {
  /** The media are wanted from here on. */
  readonly dateMs: number;
  /** They begin with this chunk, which a list of segments dates so; default: with the one that is played then. */
  readonly sequence?: ChunkSequence;
  /** The picture goes on here; default: with the first part. */
  readonly pictureMs?: number;
  /** In this rendition; default: the one that is played. */
  readonly rendition?: RenditionId;
};

/** Is told what is kept of a stream, once. */
export type RecordedListener = {
  listed(list: RecordedList): void;
  failed(failure: OriginFailure): void;
};

/**
 * One peer in one swarm: the engine, run by a platform's adapters. Players, the origin's seeder,
 * volunteers and benches all use this.
 */
export interface PeerSession {
  readonly peerId: PeerId;
  /** Undefined until `joined`. */
  readonly record: StreamRecord | undefined;
  /** Begins: no request leaves before. Progress and failures come as events; it retries by itself. */
  start(): void;
  /** Subscribes; returns the unsubscribe function. A listener that throws hurts nobody else. */
  on<Name extends keyof PeerSessionEvents>(
    name: Name,
    listener: (event: PeerSessionEvents[Name]) => void,
  ): () => void;
  /** Verified parts of a rendition in play order, without holes; read only. */
  timeline(rendition: RenditionId): MediaTimeline;
  /** A private copy of a verified chunk, or undefined when it is not (or no longer) held. */
  read(chunk: ChunkRef): Uint8Array<ArrayBuffer> | undefined;
  /** A private copy of a verified init segment, or undefined until it is there. */
  initSegment(initHash: string): Uint8Array<ArrayBuffer> | undefined;
  setPlayback(position: PlaybackPosition): void;
  /**
   * Chooses the rendition: one, as soon as one can change over to it, or whatever arrives in time (SPEC QR). Until it is
   * called that of the join answer is watched.
   */
  setQuality(choice: 'auto' | RenditionId): void;
  /** False while a recording is played, or what is kept of a live stream. */
  readonly isAtLiveEdge: boolean;
  /**
   * Asks the origin what is kept of a rendition, after a media sequence or all. It is not signed: what is fetched by it is.
   *
   * @returns withdraws the question
   */
  listRecorded(request: { readonly rendition: RenditionId; readonly after?: number }, listener: RecordedListener): () => void;
  /** Goes to a place of a recording, or of what is kept of a live stream: from then on parts are read by chunk, and there is no timeline. */
  seek(place: SoughtPlace): void;
  /** Returns to the live edge: its parts become ready in a timeline of their own. Does nothing there, and once the stream has ended. */
  goLive(): void;
  setUpload(policy: UploadPolicy): void;
  /** Tells whether the page is visible: a hidden viewer is no super-peer, but goes on serving. */
  setVisible(isVisible: boolean): void;
  stats(): PeerSessionStats;
  /** Forgets what the viewer's own cache keeps, of all streams; does nothing without one. `cleared` is not called once the session is closed. */
  clearCache(cleared?: () => void): void;
  /** Says good-bye to neighbours and tracker, and frees everything. `closed` is called once what a volunteer keeps is on its disk. */
  close(closed?: () => void): void;
}

/** The origin's own peer: it has the chunks first and pushes each to those on duty for its stripe. */
export interface SeederSession extends PeerSession {
  /** Seeds a chunk just published; bytes are kept, not copied. */
  publish(signed: SignedChunkHeader, bytes: Uint8Array): void;
  /** Bytes handed to links so far, control included: the origin's `seeder` total. */
  readonly sentFrameBytes: number;
}
