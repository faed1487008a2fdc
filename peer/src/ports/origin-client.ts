import type {
  ChunkRef,
  PeerDescription,
  RecordedSegment,
  RenditionId,
  SignedChunkHeader,
  StreamRecord,
  ChunkSequence,
} from '@p2ptv/protocol';

/** Ends what it was returned for; harmless when that is over. No callback follows. */
export type Cancel = () => void;

/**
 * `notFound`: the origin answered that it does not have it (404, 410); `unavailable`: no answer,
 * a server's error, or too busy; `invalid`: an answer that was not what it should be.
 */
export type OriginFailure = 'notFound' | 'unavailable' | 'invalid';

/** What a chunk is fetched for: `join`, one of those that the join answer named; `deadline`, any later one. */
export type FetchPurpose = 'join' | 'deadline';

/** The origin's answer to a join, parsed; the record's signature is checked, the headers' are not. */
export type OriginJoin = {
  readonly record: StreamRecord;
  readonly rendition: RenditionId;
  readonly initHash: string;
  /** Its hash is checked. */
  readonly init: Uint8Array;
  readonly headers: readonly SignedChunkHeader[];
  readonly warmPeers: readonly PeerDescription[];
  /** Its uplink is taken: the first frames are to come from peers. */
  readonly isUplinkTaken: boolean;
};

/** What an origin says that it keeps; in the order of their media sequences. */
export type RecordedList = { readonly isEnded: boolean; readonly segments: readonly RecordedSegment[] };

/**
 * The stream's origin, or a cache before it, over HTTP. Callbacks never come from within the call
 * that started them. It tries the link's origins in turn and remembers which one works.
 */
export interface OriginClient {
  /**
   * Asks to join. With `isMediaWanted` the answer may bring the parts that it names: a fetch of one of them is then fed from
   * it, without a request of its own. They come behind the rest, so that `joined` is told before; cancelling ends them too.
   */
  join(
    request: { readonly rendition?: RenditionId; readonly delayMs: number; readonly isMediaWanted?: boolean },
    listener: {
      joined(join: OriginJoin): void;
      /** With `retryAfterMs` the origin is well but full for the moment: whoever asks again then is in line. */
      failed(failure: OriginFailure, retryAfterMs?: number): void;
    },
  ): Cancel;
  /** Fetches a chunk from `firstByte` to its end (Range where it is not 0); `byteLength` is the whole chunk's. */
  fetchChunk(
    request: ChunkRef & {
      readonly firstByte: number;
      readonly byteLength: number;
      /** Passes by every cache: what they hold was wrong, or cut short. */
      readonly isRetry?: boolean;
      /** Tells an origin whose uplink is taken what is urgent: a chunk whose deadline is near, or the first of a newcomer. */
      readonly purpose?: FetchPurpose;
    },
    listener: {
      /** Bytes in order, beginning at `firstByte`; never beyond the chunk's end. They may alias one buffer. */
      bytes(bytes: Uint8Array): void;
      done(): void;
      failed(failure: OriginFailure): void;
    },
  ): Cancel;
  /**
   * Waits for headers after a sequence (undefined: from the newest independent part on), and goes on waiting for the next, until cancelled or failed.
   * Their signatures are not checked. After a failure it may be started again at once: the client
   * itself waits longer after each.
   */
  followHeaders(
    request: { readonly rendition: RenditionId; readonly after: ChunkSequence | undefined },
    listener: {
      headers(headers: readonly SignedChunkHeader[]): void;
      failed(failure: OriginFailure): void;
    },
  ): Cancel;
  /**
   * Fetches headers of a recording once: up to `count` (1–128) from the last independent part at or before a date on,
   * program date-time in ms. Fewer: it has no more. Their signatures are not checked.
   */
  headersAt(
    request: { readonly rendition: RenditionId; readonly dateMs: number; readonly count: number },
    listener: {
      headers(headers: readonly SignedChunkHeader[]): void;
      failed(failure: OriginFailure): void;
    },
  ): Cancel;
  /** Asks what is kept of a rendition: of all, or of what comes after a media sequence, the whole segments. It is not signed. */
  segments(
    request: { readonly rendition: RenditionId; readonly after?: number },
    listener: { listed(list: RecordedList): void; failed(failure: OriginFailure): void },
  ): Cancel;
  /** Fetches an init segment; its hash is checked. */
  fetchInit(
    request: { readonly rendition: RenditionId; readonly initHash: string },
    listener: { fetched(bytes: Uint8Array): void; failed(failure: OriginFailure): void },
  ): Cancel;
  /** Body bytes received from origins since the start, by what they were; as sent by the origin, retries included. */
  readonly received: Readonly<OriginReceived>;
}

/** Body bytes received over HTTP. */
export type OriginReceived = { media: number; init: number; headers: number; join: number };
