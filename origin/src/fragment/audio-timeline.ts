import { SOUND_FRAME_SAMPLES as FRAME_SAMPLES } from '../encode/cadence.js';
import type { Sample, SampleRun } from './media-fragment.js';

/** An AAC-LC frame of stereo silence, as the encoder itself makes it from zeros. */
const SILENT_STEREO_FRAME = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
/** Silence inserted for one jump of the timestamps (30 s). Bounds what a broken clock can make us hold. */
const MAX_GAP_FRAMES = 1400;
const TIMESTAMP_PERIOD_MS = 2 ** 31;

type AudioFrame = { readonly data: Uint8Array; readonly startSample: number };

/**
 * The audio that waits for its part, on a clock of samples.
 *
 * Audio never goes missing from the track once it has begun: a page that buffers sound and picture
 * together stops at the first hole in either. So what does not come is replaced by silence, and what
 * comes when its time is already filled is dropped.
 */
export class AudioTimeline {
  #sampleRate = 48_000;
  readonly #frames: AudioFrame[] = [];
  /** Where the next frame begins. The encoder's first frame is priming and lies before zero. */
  #nextSample = -FRAME_SAMPLES;
  #isSilent = false;

  /** Sets the clock, before the first frame. */
  setSampleRate(sampleRate: number): void {
    this.#sampleRate = sampleRate;
  }

  /** Where the audio taken in so far ends, ms. */
  get endMs(): number {
    return (this.#nextSample * 1000) / this.#sampleRate;
  }

  /** Whether the newest audio is our own silence. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Takes a frame in. Its timestamp counts from the encoder's first (priming) frame. */
  push(data: Uint8Array, timestampMs: number): void {
    const expectedMs = ((this.#nextSample + FRAME_SAMPLES) * 1000) / this.#sampleRate;
    const aheadMs = wrapped(timestampMs - expectedMs);
    // In whole frames, so that the grid stays: what is off by less than half of one is where it belongs.
    const framesAhead = Math.round((aheadMs * this.#sampleRate) / 1000 / FRAME_SAMPLES);
    if (framesAhead < 0) return;
    for (let count = 0; count < Math.min(framesAhead, MAX_GAP_FRAMES); count++) this.#append(SILENT_STEREO_FRAME);
    this.#append(data);
    this.#isSilent = false;
  }

  /** Appends silence until the audio reaches `untilMs`; nothing if it does already. */
  fillSilence(untilMs: number): void {
    if (this.endMs >= untilMs) return;
    this.#isSilent = true;
    while (this.endMs < untilMs) this.#append(SILENT_STEREO_FRAME);
  }

  /** Frames taken in and not given out. */
  get waitingFrames(): number {
    return this.#frames.length;
  }

  /** Gives out the frames that begin before `untilMs`, and forgets them. */
  take(untilMs: number): SampleRun {
    const untilSample = (untilMs * this.#sampleRate) / 1000;
    const later = this.#frames.findIndex((frame) => frame.startSample >= untilSample);
    return this.takeFrames(later === -1 ? this.#frames.length : later);
  }

  /** Gives out the next frames, so many or as many as there are, and forgets them. */
  takeFrames(count: number): SampleRun {
    const taken = this.#frames.splice(0, count);
    return {
      decodeTime: taken[0]?.startSample ?? 0,
      samples: taken.map(({ data }): Sample => ({ data, duration: FRAME_SAMPLES, isKey: true })),
    };
  }

  #append(data: Uint8Array): void {
    const startSample = this.#nextSample;
    this.#nextSample += FRAME_SAMPLES;
    // The priming frame only warms the decoder up; the frame after it decodes well enough without.
    if (startSample >= 0) this.#frames.push({ data, startSample });
  }
}

function wrapped(differenceMs: number): number {
  const rest = differenceMs % TIMESTAMP_PERIOD_MS;
  if (rest > TIMESTAMP_PERIOD_MS / 2) return rest - TIMESTAMP_PERIOD_MS;
  return rest < -TIMESTAMP_PERIOD_MS / 2 ? rest + TIMESTAMP_PERIOD_MS : rest;
}
