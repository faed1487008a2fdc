import type { Cadence } from '../encode/cadence.js';
import { framesPerSecond, frameTimescale } from '../encode/frame-rate.js';
import { AudioTimeline } from './audio-timeline.js';
import { parseAudioSpecificConfig, parseAvcConfiguration, type AudioConfiguration } from './codec-configuration.js';
import type { FlvPacket } from './flv-packet.js';
import { buildInitSegment } from './init-segment.js';
import { buildMediaFragment, type Sample } from './media-fragment.js';

/** The init segment of an encoder session and what it says. */
export type AssembledInit = {
  readonly kind: 'init';
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** RFC 6381, video first, as CODECS in a playlist wants it. */
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second. */
  readonly frameRate: number;
  readonly hasVideo: true;
  readonly hasAudio: boolean;
  /** Ticks a second of each track; undefined where there is no such track. */
  readonly timescales: { readonly video: number; readonly audio: number | undefined };
};

/** One part: one `moof` and one `mdat`. */
export type AssembledPart = {
  readonly kind: 'part';
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly durationUs: number;
  /** Decode (and presentation) time of the first video frame since the session began. */
  readonly decodeTimeUs: number;
  /** Begins with an IDR frame. */
  readonly isIndependent: boolean;
  readonly isSegmentLast: boolean;
  readonly videoFrameCount: number;
  readonly audioFrameCount: number;
};

/** What the assembler gives. After `broken` it gives nothing more: the encoder session is of no further use. */
export type AssemblerOutput = AssembledInit | AssembledPart | { readonly kind: 'broken'; readonly reason: string };

/** Options of a {@link PartAssembler}. */
export type PartAssemblerOptions = {
  readonly cadence: Cadence;
  readonly hasAudio: boolean;
  /**
   * Whether the input comes at its natural speed. If so, no part waits long for its audio: what is
   * missing is late or silent, and silence is put in its place. If not, each part waits for all of it.
   */
  readonly isPaced: boolean;
};

/**
 * How far audio may end before the video of a paced part. The AAC encoder looks one frame of 21 ms
 * ahead and gives whole frames, so it is 43–64 ms behind the video; sooner or later than that gains nothing.
 */
const AUDIO_LAG_MS = 150;
/** How much video beyond a part's end has to be there before missing audio is taken for silence. */
const AUDIO_PATIENCE_MS = 300;
/** ffmpeg's FLV timestamps are 31 bits of ms. */
const TIMESTAMP_PERIOD_MS = 2 ** 31;

type VideoFrame = { readonly data: Uint8Array; readonly isKey: boolean };

/**
 * Cuts the encoder's packets into parts of whole frames.
 *
 * A part is closed by its own last video frame, not by the first of the next, and takes all audio that
 * begins before its end and is there. Pure: the same packets in the same order give the same bytes.
 */
export class PartAssembler {
  readonly #options: PartAssemblerOptions;
  readonly #audio: AudioTimeline | undefined;
  readonly #timescale: number;
  readonly #frameDuration: number;
  #avcC: Uint8Array | undefined;
  #audioConfiguration: AudioConfiguration | undefined;
  #isInitGiven = false;
  #isBroken = false;
  #videoFrames: VideoFrame[] = [];
  /** Frames taken in since the session began, and how many parts they became. */
  #frameCount = 0;
  #partCount = 0;
  /** Frames between time zero and the first frame: not zero when the picture begins later than the sound. */
  #firstFrameIndex = 0;
  #hasAudioEnded = false;

  constructor(options: PartAssemblerOptions) {
    this.#options = options;
    this.#audio = options.hasAudio ? new AudioTimeline() : undefined;
    const { timescale, frameDuration } = frameTimescale(options.cadence.frameRate);
    this.#timescale = timescale;
    this.#frameDuration = frameDuration;
  }

  /** Takes the next packet of either track; within a track they must come in order. */
  push(packet: FlvPacket): AssemblerOutput[] {
    if (this.#isBroken) return [];
    switch (packet.kind) {
      case 'nothing':
        return [];
      case 'unsupported':
        return this.#break(`the encoder gave ${packet.reason}`);
      case 'avcConfiguration':
        this.#avcC ??= packet.avcC;
        return this.#drain();
      case 'aacConfiguration':
        return this.#takeAudioConfiguration(packet.audioSpecificConfig);
      case 'videoFrame':
        return this.#takeVideoFrame(packet);
      case 'audioFrame':
        this.#audio?.push(packet.data, packet.timestampMs);
        return this.#drain();
    }
  }

  /** The audio track gives nothing more: parts no longer wait for it. */
  endAudio(): AssemblerOutput[] {
    this.#hasAudioEnded = true;
    return this.#isBroken ? [] : this.#drain();
  }

  /** The encoder has ended: gives what is left as a last part, shorter than the others. */
  end(): AssemblerOutput[] {
    const outputs = this.endAudio();
    if (!this.#isInitGiven || this.#isBroken || this.#videoFrames.length === 0) return outputs;
    return [...outputs, this.#closePart(this.#videoFrames.length, true)];
  }

  #takeAudioConfiguration(audioSpecificConfig: Uint8Array): AssemblerOutput[] {
    const configuration = parseAudioSpecificConfig(audioSpecificConfig);
    if (configuration === undefined) return this.#break('the encoder described its audio in a way that we cannot read');
    this.#audioConfiguration ??= configuration;
    this.#audio?.setSampleRate(configuration.sampleRate);
    return this.#drain();
  }

  #takeVideoFrame(packet: Extract<FlvPacket, { kind: 'videoFrame' }>): AssemblerOutput[] {
    const { frameRate, framesPerGop } = this.#options.cadence;
    const index = (packet.timestampMs * framesPerSecond(frameRate)) / 1000;
    if (this.#frameCount === 0) this.#firstFrameIndex = Math.round(index);
    const periodFrames = (TIMESTAMP_PERIOD_MS * framesPerSecond(frameRate)) / 1000;
    const off = (index - this.#firstFrameIndex - this.#frameCount) % periodFrames;
    // Timestamps are rounded to ms, less than a tenth of a frame at 60 fps; a whole frame is a gap.
    if (Math.min(Math.abs(off), periodFrames - Math.abs(off)) >= 0.9) {
      return this.#break(`the encoder left its frame rate at frame ${this.#frameCount}`);
    }
    if (this.#frameCount % framesPerGop === 0 && !packet.isKey) {
      return this.#break(`frame ${this.#frameCount} should be a key frame and is not`);
    }
    this.#frameCount++;
    this.#videoFrames.push({ data: packet.data, isKey: packet.isKey });
    return this.#drain();
  }

  #drain(): AssemblerOutput[] {
    const outputs: AssemblerOutput[] = [];
    if (!this.#isInitGiven) {
      const init = this.#initOnceKnown();
      if (init === undefined) return outputs;
      if (init.kind === 'broken') return this.#break(init.reason);
      this.#isInitGiven = true;
      outputs.push(init);
    }
    const { framesPerPart } = this.#options.cadence;
    while (this.#videoFrames.length >= framesPerPart && this.#isAudioReady(framesPerPart)) {
      outputs.push(this.#closePart(framesPerPart, false));
    }
    return outputs;
  }

  #initOnceKnown(): AssembledInit | { kind: 'broken'; reason: string } | undefined {
    const { cadence, hasAudio } = this.#options;
    if (this.#avcC === undefined || (hasAudio && this.#audioConfiguration === undefined)) return undefined;
    const video = parseAvcConfiguration(this.#avcC);
    if (video === undefined) return { kind: 'broken', reason: 'the encoder described its video in a way that we cannot read' };
    const audio = hasAudio ? this.#audioConfiguration : undefined;
    return {
      kind: 'init',
      bytes: buildInitSegment({ frameRate: cadence.frameRate, video, audio }),
      codecs: audio === undefined ? video.codec : `${video.codec},${audio.codec}`,
      width: video.width,
      height: video.height,
      frameRate: framesPerSecond(cadence.frameRate),
      hasVideo: true,
      hasAudio,
      timescales: { video: this.#timescale, audio: audio?.sampleRate },
    };
  }

  #isAudioReady(frames: number): boolean {
    const audio = this.#audio;
    if (audio === undefined) return true;
    const partEndMs = this.#frameTimeMs(this.#partStartFrame() + frames);
    const lagMs = partEndMs - audio.endMs;
    if (!this.#options.isPaced) return lagMs <= 0 || this.#hasAudioEnded;
    if (lagMs <= AUDIO_LAG_MS || this.#hasAudioEnded || audio.isSilent) return true;
    return this.#frameTimeMs(this.#firstFrameIndex + this.#frameCount) - partEndMs >= AUDIO_PATIENCE_MS;
  }

  #closePart(frames: number, isLast: boolean): AssembledPart {
    const { framesPerSegment } = this.#options.cadence;
    const taken = this.#videoFrames.splice(0, frames);
    const startFrame = this.#partStartFrame();
    const endFrame = startFrame + taken.length;
    const audioRun = this.#takeAudio(this.#frameTimeMs(endFrame));
    const bytes = buildMediaFragment({
      sequenceNumber: this.#partCount + 1,
      video: {
        decodeTime: startFrame * this.#frameDuration,
        samples: taken.map((frame): Sample => ({ ...frame, duration: this.#frameDuration })),
      },
      audio: audioRun,
    });
    this.#partCount++;
    const decodeTimeUs = this.#frameTimeUs(startFrame);
    return {
      kind: 'part',
      bytes,
      decodeTimeUs,
      durationUs: this.#frameTimeUs(endFrame) - decodeTimeUs,
      isIndependent: taken[0]?.isKey === true,
      isSegmentLast: isLast || (endFrame - this.#firstFrameIndex) % framesPerSegment === 0,
      videoFrameCount: taken.length,
      audioFrameCount: audioRun.samples.length,
    };
  }

  #takeAudio(untilMs: number): { decodeTime: number; samples: Sample[] } {
    if (this.#audio === undefined) return { decodeTime: 0, samples: [] };
    // Silence is put only where audio is overdue, so a part that has merely not got its last two frames stays as it is.
    this.#audio.fillSilence(untilMs - AUDIO_LAG_MS);
    return this.#audio.take(untilMs);
  }

  #partStartFrame(): number {
    return this.#firstFrameIndex + this.#partCount * this.#options.cadence.framesPerPart;
  }

  #frameTimeUs(frame: number): number {
    return Math.round((frame * this.#frameDuration * 1_000_000) / this.#timescale);
  }

  #frameTimeMs(frame: number): number {
    return (frame * this.#frameDuration * 1000) / this.#timescale;
  }

  #break(reason: string): AssemblerOutput[] {
    this.#isBroken = true;
    this.#videoFrames = [];
    return [{ kind: 'broken', reason }];
  }
}
