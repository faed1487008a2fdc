import type Hls from 'hls.js';
import type { BufferAppendingData, BufferFlushingData, Events } from 'hls.js';
import { CAPTION_CHANNELS, captionPairsOf, captionsName, type CaptionChannel } from '@p2ptv/protocol';
import { CaptionPieces } from './caption-pieces.js';
import { CaptionTrack } from './caption-track.js';
import { framesOf, pictureTrackOf, type PictureTrack, type TimedFrame } from './fragment-frames.js';

/** Options of {@link readPictureCaptions}; all optional. */
export type PictureCaptionsOptions = {
  /** Channels that the stream is known to have (`CC1` …): they can be chosen before the first word comes. Others are added as they come. Default: none. */
  readonly channels?: readonly string[];
  /** Where captions of the lower half stand, as `VTTCue.line` counts: -4 leaves room for controls. Default `auto`: at the bottom. */
  readonly line?: number | 'auto';
};

/** What is appended so near to the end of what was read follows it, s: epochs may overlap by a frame. */
const CONTIGUOUS_SECONDS = 0.1;

/**
 * Reads the captions that the picture brings (CEA-608) in what an hls.js instance plays, the light build included, and gives its media element
 * a text track for each channel, not shown: `textTrack.mode` shows it.
 *
 * hls.js's own reader, which is turned off, begins anew with each part of a low-latency stream, and tells a caption when it ends.
 *
 * @returns what removes the tracks and ends it, as the instance's end does
 */
export function readPictureCaptions(hls: Hls, options: PictureCaptionsOptions = {}): () => void {
  const captions = new PictureCaptions(hls, options);
  return () => captions.stop();
}

class PictureCaptions {
  readonly #hls: Hls;
  readonly #line: number | 'auto';
  readonly #channels: Set<CaptionChannel>;
  readonly #tracks = new Map<CaptionChannel, CaptionTrack>();
  readonly #cleanups: (() => void)[] = [];
  readonly #pieces = new CaptionPieces();
  #picture: { readonly init: Uint8Array; readonly track: PictureTrack | undefined } | undefined;
  /** Where what was read ends, on the player's clock. */
  #readUpToSeconds: number | undefined;

  constructor(hls: Hls, { channels = [], line = 'auto' }: PictureCaptionsOptions) {
    this.#hls = hls;
    this.#line = line;
    this.#channels = new Set(CAPTION_CHANNELS.filter((channel) => channels.includes(channel)));
    const { enableCEA708Captions } = hls.config;
    hls.config.enableCEA708Captions = false;
    this.#cleanups.push(() => (hls.config.enableCEA708Captions = enableCEA708Captions));
    // From the instance, so that the page's own build of hls.js is the only one.
    const events = (hls.constructor as typeof Hls).Events;
    const on = (name: Events, listener: (name: never, data: never) => void): void => {
      hls.on(name, listener as never);
      this.#cleanups.push(() => hls.off(name, listener as never));
    };
    on(events.MEDIA_ATTACHED, () => this.#attach());
    on(events.MEDIA_DETACHING, () => this.#detach());
    on(events.MANIFEST_LOADING, () => this.#beginAnew());
    on(events.BUFFER_APPENDING, (_name, data: BufferAppendingData) => this.#appending(data));
    on(events.BUFFER_FLUSHING, (_name, data: BufferFlushingData) => this.#flushing(data));
    on(events.DESTROYING, () => this.stop());
    if (hls.media) this.#attach();
  }

  stop(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.#detach();
  }

  #attach(): void {
    for (const channel of this.#channels) this.#track(channel);
  }

  #detach(): void {
    for (const track of this.#tracks.values()) track.remove();
    this.#tracks.clear();
    this.#beginAnew();
  }

  /** Another timeline. */
  #beginAnew(): void {
    this.#follow(undefined);
    for (const track of this.#tracks.values()) track.flush(-Infinity, Infinity);
  }

  #flushing({ startOffset, endOffset, type }: BufferFlushingData): void {
    if (type === 'audio') return;
    for (const track of this.#tracks.values()) track.flush(startOffset, endOffset);
  }

  #appending({ type, frag, data, offset }: BufferAppendingData): void {
    const init = frag.initSegment?.data;
    if (type === 'audio' || offset === undefined || !init) return;
    try {
      if (this.#picture?.init !== init) this.#picture = { init, track: pictureTrackOf(init) };
      if (this.#picture.track) this.#read(framesOf(data, this.#picture.track), offset);
    } catch (error) {
      // A picture without captions is better than none.
      if (!(error instanceof RangeError)) throw error;
    }
  }

  #read(frames: readonly TimedFrame[], offset: number): void {
    const first = frames[0];
    const last = frames.at(-1);
    if (!first || !last) return;
    const [from, to] = [first.startSeconds + offset, last.endSeconds + offset];
    this.#follow(from);
    for (const track of this.#tracks.values()) track.forget(from, to);
    const carried = frames.map(({ startSeconds, bytes }) => ({ startSeconds: startSeconds + offset, pairs: captionPairsOf(bytes) }));
    for (const piece of this.#pieces.read(carried, to)) {
      this.#channels.add(piece.channel);
      this.#track(piece.channel)?.add(piece);
    }
    for (const track of this.#tracks.values()) track.readUpTo(to);
    this.#readUpToSeconds = to;
  }

  /** What is read next begins there; if that does not follow what was read last, captions do not go on. */
  #follow(fromSeconds: number | undefined): void {
    const last = this.#readUpToSeconds;
    if (last !== undefined && fromSeconds !== undefined && Math.abs(fromSeconds - last) < CONTIGUOUS_SECONDS) return;
    this.#pieces.reset();
    for (const track of this.#tracks.values()) track.close();
    this.#readUpToSeconds = undefined;
  }

  #track(channel: CaptionChannel): CaptionTrack | undefined {
    const { media } = this.#hls;
    const known = this.#tracks.get(channel);
    if (known || !media) return known;
    const next = CAPTION_CHANNELS.slice(CAPTION_CHANNELS.indexOf(channel)).find((later) => this.#tracks.has(later));
    const made = new CaptionTrack(media, { label: captionsName(channel), line: this.#line, next: next && this.#tracks.get(next) });
    this.#tracks.set(channel, made);
    return made;
  }
}
