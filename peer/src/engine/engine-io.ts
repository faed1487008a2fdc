import type {
  ByeReason,
  ChunkHeader,
  ChunkRef,
  ChunkSequence,
  DutyMap,
  PeerDescription,
  PeerId,
  PeerRole,
  RenditionId,
  Signal,
  SignedChunkHeader,
  WireMessage,
} from '@p2ptv/protocol';
import type { OriginFailure } from '../ports/origin-client.js';
import type { ChunkSources } from './counters.js';
import type { PlaybackPosition, QualityChoice, UploadPolicy } from './viewer-input.js';

/** A chunk as it was kept: its blocks are checked. */
export type FoundChunk = { readonly signed: SignedChunkHeader; readonly bytes: Uint8Array };

/** Numbers the links of one engine, from 1. */
export type LinkId = number;

/** Whatever happens to an engine. It acts on nothing else, and only when it is handed one of these. */
export type EngineInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'linkOpened'; readonly linkId: LinkId; readonly peerId: PeerId; readonly role: PeerRole }
  | { readonly kind: 'linkEnded'; readonly linkId: LinkId }
  | { readonly kind: 'linkDrained'; readonly linkId: LinkId }
  | { readonly kind: 'message'; readonly linkId: LinkId; readonly message: WireMessage }
  | { readonly kind: 'malformed'; readonly linkId: LinkId }
  | { readonly kind: 'signatureChecked'; readonly checkId: number; readonly isValid: boolean }
  | { readonly kind: 'blockDigested'; readonly digestId: number; readonly digest: Uint8Array }
  /** The origin's join answer: playback will begin at the first of these headers. Who played a recording goes back to the live edge so. */
  | {
      readonly kind: 'joined';
      readonly rendition: RenditionId;
      readonly headers: readonly SignedChunkHeader[];
      /** The origin has no room for the first frames: they are asked of peers. Default: it has. */
      readonly isUplinkTaken?: boolean;
      /** So far behind the live edge playback was to begin, ms. Default: anywhere. */
      readonly delayMs?: number;
    }
  /** The same of a recording, or of what is kept of a live stream, answered for a place in it: who followed the live edge leaves it so; `isEnd`: the last header is the recording's last. */
  | { readonly kind: 'opened'; readonly rendition: RenditionId; readonly headers: readonly SignedChunkHeader[]; readonly isEnd: boolean }
  /**
   * Playback of a recording is to go on at another place: program date-time, ms since the Unix epoch. `sequence`: with this
   * part, which a list dates so (protocol OR6); default: with the one that is played then.
   * `pictureMs`: the media are wanted from there on, the picture goes on at this date, and what lies before it is needed to
   * make it, at once.
   */
  | { readonly kind: 'seek'; readonly dateMs: number; readonly sequence?: ChunkSequence; readonly pictureMs?: number }
  /** The answer to `headersAt`. */
  | { readonly kind: 'placeHeaders'; readonly requestId: number; readonly headers: readonly SignedChunkHeader[]; readonly isEnd: boolean }
  | { readonly kind: 'placeHeadersFailed'; readonly requestId: number }
  /** Only for volunteers: these renditions of a recording are got whole, to be kept and served; the disk has some already. */
  | { readonly kind: 'fill'; readonly renditions: readonly RenditionId[]; readonly kept: readonly ChunkRef[] }
  /** The volunteer's disk keeps these chunks; `isFull`: it takes no more. */
  | { readonly kind: 'kept'; readonly chunks: readonly ChunkRef[]; readonly isFull: boolean }
  /** The answer to `readKept`: all of the chunk, header and blocks checked; undefined: the disk has not got it, or had it wrong. */
  | { readonly kind: 'keptRead'; readonly chunk: ChunkRef; readonly found: FoundChunk | undefined }
  | { readonly kind: 'originHeaders'; readonly rendition: RenditionId; readonly headers: readonly SignedChunkHeader[] }
  | { readonly kind: 'originHeadersFailed'; readonly rendition: RenditionId }
  | { readonly kind: 'fetchBytes'; readonly fetchId: number; readonly bytes: Uint8Array }
  | { readonly kind: 'fetchDone'; readonly fetchId: number }
  | { readonly kind: 'fetchFailed'; readonly fetchId: number; readonly failure: OriginFailure }
  | { readonly kind: 'neighboursOffered'; readonly neighbours: readonly PeerDescription[] }
  | { readonly kind: 'dialFailed'; readonly peerId: PeerId }
  /** A signal of ours that goes over a link, because it answers one that came so, or the tracker is away. */
  | { readonly kind: 'signal'; readonly signal: Signal; readonly via: LinkId | undefined }
  | { readonly kind: 'duty'; readonly rendition: RenditionId; readonly stripes: readonly number[] }
  | { readonly kind: 'dutyMap'; readonly map: DutyMap }
  | { readonly kind: 'playback'; readonly position: PlaybackPosition }
  | { readonly kind: 'upload'; readonly policy: UploadPolicy }
  | { readonly kind: 'quality'; readonly choice: QualityChoice }
  | { readonly kind: 'visibility'; readonly isVisible: boolean }
  /** The viewer has a cache of its own, which is being opened; `cacheTold` follows. */
  | { readonly kind: 'cacheAwaited' }
  /** The viewer's own cache holds these. */
  | { readonly kind: 'cacheTold'; readonly chunks: readonly ChunkRef[] }
  /** The answer to `readCached`: all of the chunk, its blocks checked; undefined: the cache did not have it, or had it wrong. */
  | { readonly kind: 'cacheRead'; readonly signed: SignedChunkHeader; readonly bytes: Uint8Array | undefined }
  /** Only for the origin's seeder: a chunk that it has made itself. */
  | { readonly kind: 'published'; readonly signed: SignedChunkHeader; readonly bytes: Uint8Array };

/** What an engine wants done. Nothing of it may call back into the engine at once. */
export type EngineCommand =
  | { readonly kind: 'send'; readonly linkId: LinkId; readonly message: WireMessage }
  | { readonly kind: 'closeLink'; readonly linkId: LinkId; readonly reason: ByeReason }
  /** `via`: the link to a neighbour that named the peer; signals go over it instead of over the tracker. */
  | { readonly kind: 'dial'; readonly peerId: PeerId; readonly via?: LinkId }
  /** A signal that a neighbour passed on; an answer goes back over the same link. */
  | { readonly kind: 'takeSignal'; readonly linkId: LinkId; readonly signal: Signal }
  /** `rendition`: that they should follow; undefined: any. */
  | { readonly kind: 'wantNeighbours'; readonly count: number; readonly rendition: RenditionId | undefined; readonly exclude: readonly PeerId[] }
  | { readonly kind: 'checkSignature'; readonly checkId: number; readonly signed: SignedChunkHeader }
  /** The bytes must be left alone until the answer. */
  | { readonly kind: 'digestBlock'; readonly digestId: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'fetchChunk';
      readonly fetchId: number;
      readonly chunk: ChunkRef;
      readonly firstByte: number;
      /** Of the whole chunk. */
      readonly byteLength: number;
      /** It was fetched in vain before: what a cache holds may be the reason. */
      readonly isRetry: boolean;
    }
  | { readonly kind: 'abortFetch'; readonly fetchId: number }
  /** From the volunteer's disk; answered once, by `keptRead`. */
  | { readonly kind: 'readKept'; readonly chunk: ChunkRef }
  /** From the viewer's own cache; answered once, by `cacheRead`. */
  | { readonly kind: 'readCached'; readonly signed: SignedChunkHeader }
  /** `after` undefined: from the newest independent part on. */
  | { readonly kind: 'followHeaders'; readonly rendition: RenditionId; readonly after: ChunkSequence | undefined }
  /** Up to `count` headers from the last independent part at or before a date on; answered once, by `placeHeaders`. */
  | { readonly kind: 'headersAt'; readonly requestId: number; readonly rendition: RenditionId; readonly dateMs: number; readonly count: number }
  | { readonly kind: 'stopHeaders'; readonly rendition: RenditionId }
  | { readonly kind: 'event'; readonly event: EngineEvent };

/** What an engine tells its session; names as in PeerSessionEvents. */
export type EngineEvent =
  /** Another rendition is about to be followed; its parts become ready where those of the one before end. */
  | { readonly name: 'renditionChosen'; readonly rendition: RenditionId }
  | { readonly name: 'partReady'; readonly header: ChunkHeader; readonly isRestart: boolean }
  /** Playback of a recording begins with this part, or goes on with it after a seek, as soon as it is there. */
  | { readonly name: 'playbackPlaced'; readonly header: ChunkHeader }
  | { readonly name: 'chunkVerified'; readonly header: ChunkHeader; readonly sources: ChunkSources }
  | {
      readonly name: 'chunkRejected';
      readonly chunk: ChunkRef;
      readonly peerId: PeerId;
      readonly reason: 'block' | 'header';
    };
