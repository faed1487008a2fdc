import type { OriginBytes } from '@p2ptv/protocol';

/** Where the stream is. */
export type StreamAddresses = {
  /** The stream's magnet link. */
  readonly link: string;
  /** Its multivariant playlist at the origin. */
  readonly playlistUrl: string;
  /** The most that the viewer may upload, where that is limited. */
  readonly uploadBitsPerSecond?: number;
  /** Where a WebTorrent tracker listens, if a system of the run needs one. */
  readonly webTorrentTrackerUrl?: string;
};

/** What one viewer's player has counted since it was started. */
export type SystemFigures = {
  /** Unique media bytes that hls.js was handed; without init segments. */
  readonly handedBytes: number;
  /** The same by segment, each under the name that it has in every viewer. */
  readonly handedSegments: Readonly<Record<string, number>>;
  /** Media bytes as the system itself counts them, by who sent them. */
  readonly mediaBytes: { readonly origin: number; readonly peers: number };
  /** Media bytes sent to other viewers, where the system counts them. */
  readonly sentBytes?: number;
  /** Application bytes received from the origin, where the system counts them itself. */
  readonly received: OriginBytes | undefined;
  readonly chunksVerified: number;
  readonly chunksRejected: number;
  /** How often each of its mechanisms acted. */
  readonly mechanisms: Readonly<Record<string, number>>;
  /** Why what is measured is not what was meant to be, e.g. a fatal error of the player. */
  readonly problem: string | undefined;
};

/** A system that plays. */
export interface RunningSystem {
  figures(): SystemFigures;
  /** Frees everything; nothing is received afterwards. */
  stop(): void;
}

/**
 * What a file of this folder exports as `start`: begins to play, as its users would write it.
 * Before the call nothing of the stream, the tracker or other viewers is touched.
 */
export type StartSystem = (video: HTMLVideoElement, stream: StreamAddresses) => RunningSystem;
