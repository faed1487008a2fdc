import type { Cadence } from '../encode/cadence.js';
import { framesPerSecond, frameTimescale, type FrameRate } from '../encode/frame-rate.js';
import { parseAvcConfiguration, type VideoConfiguration } from './codec-configuration.js';
import type { FlvPacket } from './flv-packet.js';
import type { SampleRun } from './media-fragment.js';

/** ffmpeg's FLV timestamps are 31 bits of ms. */
const TIMESTAMP_PERIOD_MS = 2 ** 31;

/** A segment cannot be shorter, and whoever joins waits for one. */
const MOST_GOP_SECONDS = 4;

/** Where key frames stand: as the encoder was told, or as the first two of an input say that is passed on as it is. */
export type TrackCadence =
  | { readonly kind: 'given'; readonly cadence: Cadence }
  | { readonly kind: 'found'; readonly frameRate: FrameRate; readonly cadenceOf: (framesPerGop: number) => Cadence | undefined };

/** The video of one part, and where it stands. */
export type VideoPart = {
  /** Counts from 0 in each session. */
  readonly index: number;
  readonly run: SampleRun;
  readonly startFrame: number;
  readonly endFrame: number;
  readonly isSegmentLast: boolean;
};

/**
 * The video of one rendition, on a clock of frames: it checks that the encoder keeps the cadence, and
 * hands its frames out part by part.
 */
export class VideoTrack {
  /** Ticks a second, and of each frame. */
  readonly timescale: number;
  readonly #frameDuration: number;
  readonly #frameRate: FrameRate;
  readonly #cadenceOf: ((framesPerGop: number) => Cadence | undefined) | undefined;
  #cadence: Cadence | undefined;
  #configuration: VideoConfiguration | undefined;
  readonly #frames: { readonly data: Uint8Array; readonly isKey: boolean }[] = [];
  /** Frames taken in since the session began, and how many parts they became. */
  #frameCount = 0;
  #partCount = 0;
  /** Frames between time zero and the first frame: not zero when the picture begins later than the sound. */
  #firstFrameIndex = 0;

  constructor(how: TrackCadence) {
    this.#frameRate = how.kind === 'given' ? how.cadence.frameRate : how.frameRate;
    this.#cadence = how.kind === 'given' ? how.cadence : undefined;
    this.#cadenceOf = how.kind === 'found' ? how.cadenceOf : undefined;
    const { timescale, frameDuration } = frameTimescale(this.#frameRate);
    this.timescale = timescale;
    this.#frameDuration = frameDuration;
  }

  /** What the encoder said of it; undefined until it has. */
  get configuration(): VideoConfiguration | undefined {
    return this.#configuration;
  }

  /** Undefined until it is found. */
  get cadence(): Cadence | undefined {
    return this.#cadence;
  }

  /** Frames that are in no part yet. */
  get waitingFrames(): number {
    return this.#frames.length;
  }

  /** Where time begins, in frames; undefined before the first one. */
  get firstFrameIndex(): number | undefined {
    return this.#frameCount === 0 ? undefined : this.#firstFrameIndex;
  }

  /** Where the video ends that is there. */
  get endMs(): number {
    return this.frameTimeMs(this.#firstFrameIndex + this.#frameCount);
  }

  /** Index and end of the part that `frames` more frames make. */
  nextPart(frames: number): { readonly index: number; readonly endMs: number } {
    return { index: this.#partCount, endMs: this.frameTimeMs(this.#partStartFrame() + frames) };
  }

  /** Takes the description in; false: it cannot be read. */
  configure(avcC: Uint8Array): boolean {
    this.#configuration ??= parseAvcConfiguration(avcC);
    return this.#configuration !== undefined;
  }

  /** Takes the next frame in; gives the reason when the encoder has left its cadence. */
  push(packet: Extract<FlvPacket, { kind: 'videoFrame' }>): string | undefined {
    const frameRate = this.#frameRate;
    const index = (packet.timestampMs * framesPerSecond(frameRate)) / 1000;
    if (this.#frameCount === 0) this.#firstFrameIndex = Math.round(index);
    const periodFrames = (TIMESTAMP_PERIOD_MS * framesPerSecond(frameRate)) / 1000;
    const off = (index - this.#firstFrameIndex - this.#frameCount) % periodFrames;
    // Timestamps are rounded to ms, less than a tenth of a frame at 60 fps; a whole frame is a gap.
    if (Math.min(Math.abs(off), periodFrames - Math.abs(off)) >= 0.9) return `the encoder left its frame rate at frame ${this.#frameCount}`;
    const problem = this.#cadenceProblem(packet);
    if (problem !== undefined) return problem;
    this.#frameCount++;
    this.#frames.push({ data: packet.data, isKey: packet.isKey });
    return undefined;
  }

  #cadenceProblem({ isKey, compositionMs }: Extract<FlvPacket, { kind: 'videoFrame' }>): string | undefined {
    if (compositionMs !== 0) return 'frames are coded in another order than they are shown (B-frames)';
    const framesPerGop = this.#cadence?.framesPerGop ?? Infinity;
    if ((this.#frameCount === 0 || this.#frameCount % framesPerGop === 0) && !isKey) return `frame ${this.#frameCount} should be a key frame and is not`;
    if (this.#cadence || !this.#cadenceOf || this.#frameCount === 0) return undefined;
    if (this.#frameCount > MOST_GOP_SECONDS * framesPerSecond(this.#frameRate)) return `key frames are more than ${MOST_GOP_SECONDS} s apart`;
    if (!isKey) return undefined;
    this.#cadence = this.#cadenceOf(this.#frameCount);
    return this.#cadence ? undefined : `key frames every ${this.#frameCount} frames leave room for no part of about the wanted length`;
  }

  /** Gives out the next part. */
  take(frames: number, isLast: boolean): VideoPart {
    const taken = this.#frames.splice(0, frames);
    const startFrame = this.#partStartFrame();
    const endFrame = startFrame + taken.length;
    return {
      index: this.#partCount++,
      run: {
        decodeTime: startFrame * this.#frameDuration,
        samples: taken.map((frame) => ({ ...frame, duration: this.#frameDuration })),
      },
      startFrame,
      endFrame,
      isSegmentLast: isLast || (endFrame - this.#firstFrameIndex) % (this.#cadence?.framesPerSegment ?? Infinity) === 0,
    };
  }

  frameTimeUs(frame: number): number {
    return Math.round((frame * this.#frameDuration * 1_000_000) / this.timescale);
  }

  frameTimeMs(frame: number): number {
    return (frame * this.#frameDuration * 1000) / this.timescale;
  }

  #partStartFrame(): number {
    return this.#firstFrameIndex + this.#partCount * (this.#cadence?.framesPerPart ?? 0);
  }
}
