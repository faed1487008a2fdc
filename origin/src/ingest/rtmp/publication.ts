import { PassThrough } from 'node:stream';

import { nearestStandardFrameRate } from '../../encode/frame-rate.js';
import type { FlvTag } from '../../fragment/flv-reader.js';
import { flvHeader, flvTag } from '../../fragment/flv-writer.js';
import type { SourceFeed } from '../source.js';
import type { PublisherMetadata } from './rtmp-connection.js';

/** What a tag means to the one who passes it on. */
type TagRole = 'videoConfiguration' | 'audioConfiguration' | 'key' | 'media' | 'unsupported';

/** How long a picture runs before a sound that was announced is given up, and sound before a picture that was not. ms of the stream. */
const TRACK_WAIT_MS = 1000;
/** Tags held until the tracks are known. Bounds memory: 4 s of 16 Mb/s. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Bytes waiting for ffmpeg at which reading from the publisher pauses. */
const FEED_BUFFER_BYTES = 1024 * 1024;
const CODEC_AVC = 7;
const CODEC_AAC = 10;
const CODEC_MP3 = 2;

/**
 * One publisher's stream, from its first tag to its end: finds out which tracks there are, and feeds
 * encoder sessions with FLV that begins with a key frame, where there is a picture.
 */
export class Publication {
  readonly #setFlowing: (isFlowing: boolean) => void;
  #metadata: PublisherMetadata | undefined;
  #videoConfiguration: FlvTag | undefined;
  #audioConfiguration: FlvTag | undefined;
  /** Media since a key frame, or the newest sound where no picture has come, until a session takes it. */
  #held: FlvTag[] = [];
  #heldBytes = 0;
  /** The tracks, once they are known. */
  #tracks: { readonly hasVideo: boolean; readonly hasAudio: boolean } | undefined;
  #feed: PassThrough | undefined;
  #isWaitingForKey = false;
  #onReady: (() => void) | undefined;
  #hasEnded = false;

  /** @param setFlowing stops and resumes the publisher, when ffmpeg is slower than it */
  constructor(setFlowing: (isFlowing: boolean) => void) {
    this.#setFlowing = setFlowing;
  }

  /** Whether the tracks are known, so that a session can begin. */
  get isReady(): boolean {
    return this.#tracks !== undefined && !this.#hasEnded;
  }

  /** Called once when it becomes ready. */
  set onReady(listener: () => void) {
    this.#onReady = listener;
  }

  /** What the publisher says about its stream. */
  describe(metadata: PublisherMetadata): void {
    this.#metadata = metadata;
  }

  /**
   * Takes the next tag.
   *
   * @returns why the stream cannot be used, in one sentence; undefined when it can
   */
  push(tag: FlvTag): string | undefined {
    const role = roleOf(tag);
    switch (role) {
      case 'unsupported':
        return 'Only H.264 video with AAC or MP3 audio can be published over RTMP: choose them in the encoder settings.';
      case 'videoConfiguration':
      case 'audioConfiguration':
        this.#configure(role, tag);
        return undefined;
      case 'key':
      case 'media':
        this.#takeMedia(tag, role === 'key');
        return undefined;
    }
  }

  /** The publisher has gone: the running session ends with what it has. */
  end(): void {
    this.#hasEnded = true;
    this.#dropHeld();
    this.#feed?.end();
  }

  /** The input of a new encoder session; any earlier one ends. Only when {@link isReady}. */
  open(): SourceFeed {
    this.#feed?.end();
    const { hasVideo = false, hasAudio = false } = this.#tracks ?? {};
    const feed = new PassThrough({ writableHighWaterMark: FEED_BUFFER_BYTES });
    feed.on('drain', () => this.#setFlowing(true));
    this.#feed = feed;
    feed.write(flvHeader({ hasAudio, hasVideo }));
    for (const tag of [hasVideo ? this.#videoConfiguration : undefined, hasAudio ? this.#audioConfiguration : undefined]) {
      if (tag !== undefined) feed.write(flvTag({ ...tag, timestampMs: this.#held[0]?.timestampMs ?? 0 }));
    }
    this.#isWaitingForKey = hasVideo && this.#held.length === 0;
    const held = this.#held;
    this.#dropHeld();
    for (const tag of held) this.#write(tag);
    return {
      media: {
        width: this.#metadata?.width,
        height: this.#metadata?.height,
        frameRate: nearestStandardFrameRate(this.#metadata?.framerate),
        hasVideo,
        hasAudio,
      },
      inputArguments: LIVE_INPUT_ARGUMENTS,
      videoMap: hasVideo ? '0:v:0' : undefined,
      audioMap: hasAudio ? '0:a:0' : undefined,
      stdin: feed,
      isPaced: true,
    };
  }

  #configure(role: 'videoConfiguration' | 'audioConfiguration', tag: FlvTag): void {
    const before = role === 'videoConfiguration' ? this.#videoConfiguration : this.#audioConfiguration;
    if (role === 'videoConfiguration') this.#videoConfiguration = tag;
    else this.#audioConfiguration = tag;
    const isChanged = before !== undefined && !Buffer.from(before.body).equals(tag.body);
    const isLate = role === 'audioConfiguration' ? this.#tracks?.hasAudio === false : this.#tracks?.hasVideo === false;
    if (isLate) this.#tracks = { hasVideo: true, hasAudio: this.#tracks?.hasAudio === true || role === 'audioConfiguration' };
    // A session with a picture begins with a key frame.
    if (before === undefined && role === 'videoConfiguration') this.#dropHeld();
    if (!isChanged && !isLate) return;
    // A new size, or a track that was not there: this session ends, and the next one knows better.
    this.#feed?.end();
    this.#feed = undefined;
    this.#dropHeld();
  }

  #takeMedia(tag: FlvTag, isKey: boolean): void {
    // MP3 has no configuration: its first frame says that there is sound.
    if (this.#tracks === undefined && isMp3(tag)) this.#audioConfiguration ??= tag;
    if (this.#feed === undefined) {
      this.#hold(tag, isKey);
      return;
    }
    if (this.#isWaitingForKey && !isKey) return;
    this.#isWaitingForKey = false;
    this.#write(tag);
  }

  /** Keeps what a session can begin with: from a key frame on where there is a picture, without a gap, and not old. */
  #hold(tag: FlvTag, isKey: boolean): void {
    if (isKey && this.isReady) this.#dropHeld();
    const hasVideo = this.#videoConfiguration !== undefined;
    if (this.#held.length === 0 && (hasVideo ? !isKey : tag.kind !== 'audio')) return;
    this.#held.push(tag);
    this.#heldBytes += tag.body.length;
    const heldMs = tag.timestampMs - (this.#held[0]?.timestampMs ?? 0);
    const isTooMuch = heldMs > TRACK_WAIT_MS || this.#heldBytes > MAX_HELD_BYTES;
    if (this.isReady) {
      if (isTooMuch) this.#dropHeld();
      return;
    }
    const hasAudio = this.#audioConfiguration !== undefined;
    // Sound that nobody can decode, for want of its configuration, is none.
    const isSoundAlone = hasAudio && isTooMuch && !this.#isPictureAnnounced();
    if (hasVideo ? !hasAudio && this.#isSoundAnnounced() && !isTooMuch : !isSoundAlone) {
      if (isTooMuch) this.#dropHeld();
      return;
    }
    this.#tracks = { hasVideo, hasAudio };
    this.#onReady?.();
  }

  #isSoundAnnounced(): boolean {
    return this.#metadata === undefined || (this.#metadata.audiocodecid ?? 0) !== 0;
  }

  /** Who says nothing at all may have none. */
  #isPictureAnnounced(): boolean {
    const { width, height, framerate, videocodecid = 0 } = this.#metadata ?? {};
    return videocodecid !== 0 || (width ?? height ?? framerate) !== undefined;
  }

  #dropHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #write(tag: FlvTag): void {
    const feed = this.#feed;
    if (feed === undefined || feed.writableEnded) return;
    if (this.#tracks?.[tag.kind === 'audio' ? 'hasAudio' : 'hasVideo'] !== true) return;
    if (!feed.write(flvTag(tag))) this.#setFlowing(false);
  }
}

/**
 * FLV announces its tracks and brings their configuration first, so ffmpeg need not look far ahead. The
 * decoder works on one frame at a time: with a thread a frame it would hold as many back.
 */
const LIVE_INPUT_ARGUMENTS = [
  ...['-f', 'flv', '-fflags', 'nobuffer', '-flags', 'low_delay', '-thread_type', 'slice'],
  ...['-probesize', '50000', '-analyzeduration', '200000', '-fpsprobesize', '0', '-i', 'pipe:0'],
] as const;

function roleOf({ kind, body }: FlvTag): TagRole {
  const [first = 0, packetType] = body;
  if (kind === 'audio') {
    const codec = first >> 4;
    if (codec === CODEC_AAC) return packetType === 0 ? 'audioConfiguration' : 'media';
    return codec === CODEC_MP3 ? 'media' : 'unsupported';
  }
  if (body.length === 0) return 'media';
  // The highest bit marks the enhanced form, which other codecs come in.
  if ((first & 0x8f) !== CODEC_AVC) return 'unsupported';
  if (packetType === 0) return 'videoConfiguration';
  return packetType === 1 && first >> 4 === 1 ? 'key' : 'media';
}

function isMp3(tag: FlvTag): boolean {
  return tag.kind === 'audio' && (tag.body[0] ?? 0) >> 4 === CODEC_MP3;
}
