import type { Readable } from 'node:stream';

import type { FeedCaptions } from '../captions/feed-captions.js';
import type { FrameRate } from '../encode/frame-rate.js';
import type { PublisherPresence } from './publisher-presence.js';

/** What an input holds, as far as the encoder has to know. */
export type MediaDescription = {
  /** Size of the picture as shown, pixels; undefined when it is not known beforehand. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** The standard rate at which to encode; of no meaning without a picture. */
  readonly frameRate: FrameRate;
  /** At least one of the two. */
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
};

/** The input of one encoder session: how ffmpeg gets at it. */
export type SourceFeed = {
  readonly media: MediaDescription;
  /** ffmpeg's input options and inputs, e.g. `['-re', '-i', 'clip.mp4']`. */
  readonly inputArguments: readonly string[];
  /** ffmpeg's stream specifier of the picture and of the sound, where there is any. */
  readonly videoMap: string | undefined;
  readonly audioMap: string | undefined;
  /** What the picture is scaled to before anything else, where it may change its size or begin smaller than it is meant to be; pixels. */
  readonly canvas?: { readonly width: number; readonly height: number } | undefined;
  /** Bytes for ffmpeg's standard input, where the input is `pipe:0`. */
  readonly stdin: Readable | undefined;
  /** Whether the input comes at its natural speed. */
  readonly isPaced: boolean;
  /** Captions that it brings as text. */
  readonly captions?: FeedCaptions | undefined;
};

/**
 * Where the picture comes from.
 *
 * The encoder calls `open` before each of its sessions, and again after a session has ended. A source
 * that has nothing yet (RTMP without a publisher) answers when it has.
 */
export interface Source {
  readonly kind: 'file' | 'testCard' | 'rtmp' | 'srt' | 'hls' | 'stdin' | 'webrtc';
  /** For the log: what a person would call it. */
  readonly label: string;
  /** Who publishes, where somebody does. */
  readonly publisher?: PublisherPresence;
  /** Sends the publisher away, where there is one, who may come again; `reason` is one sentence. */
  dismiss?(reason: string): void;
  /**
   * Gives the input of the next session; undefined when there will be none any more.
   *
   * @param signal gives up the wait; the answer is then undefined
   * @throws IngestError `BAD_INPUT`
   */
  open(signal: AbortSignal): Promise<SourceFeed | undefined>;
  /** Is told of each part's date: when what it was given at a media time was captured, by our estimate, ms since the Unix epoch. */
  noteDate?(part: { readonly mediaTimeMs: number; readonly programDateTimeMs: number }): void;
  /** Lets go of ports and connections. */
  close(): Promise<void>;
}
