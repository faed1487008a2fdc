import { captionChannelOf, captionPairsOf, type CaptionChannel, type RenditionId } from '@p2ptv/protocol';

import type { Cadence } from '../encode/cadence.js';
import { framesPerSecond } from '../encode/frame-rate.js';
import { parseAudioSpecificConfig, type AudioConfiguration } from './codec-configuration.js';
import type { FlvPacket } from './flv-packet.js';
import { buildInitSegment } from './init-segment.js';
import { buildMediaFragment, type SampleRun } from './media-fragment.js';
import { PartAudio } from './part-audio.js';
import { VideoTrack, type TrackCadence } from './video-track.js';

/** The init segments of an encoder session, one a rendition, in the order in which they were asked for. */
export type AssembledInit = {
  readonly kind: 'init';
  readonly renditions: readonly AssembledRendition[];
  readonly cadence: Cadence;
};

/** The init segment of a rendition and what it says. */
export type AssembledRendition = {
  readonly rendition: RenditionId;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** RFC 6381, video first, as CODECS in a playlist wants it. */
  readonly codecs: string;
  /** Pixels and frames a second; 0 where there is no picture. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Ticks a second of each track; undefined where there is no such track. */
  readonly timescales: { readonly video: number | undefined; readonly audio: number | undefined };
};

/** One part: one `moof` and one `mdat`. */
export type AssembledPart = {
  readonly kind: 'part';
  readonly rendition: RenditionId;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly durationUs: number;
  /** Decode (and presentation) time of the first video frame, without a picture of the first sound, since the session began. */
  readonly decodeTimeUs: number;
  /** Begins with an IDR frame, or is all sound. */
  readonly isIndependent: boolean;
  readonly isSegmentLast: boolean;
  readonly videoFrameCount: number;
  readonly audioFrameCount: number;
  /** Captions in the picture that begin or go on here; told of the best rendition only, since all show the same picture. */
  readonly captions: readonly CaptionChannel[];
};

/** What the assembler gives. After `broken` it gives nothing more: the encoder session is of no further use. */
export type AssemblerOutput = AssembledInit | AssembledPart | { readonly kind: 'broken'; readonly reason: string };

/** Options of a {@link PartAssembler}. */
export type PartAssemblerOptions = {
  readonly cadence: TrackCadence;
  /** The session's renditions, best first. */
  readonly renditions: readonly RenditionId[];
  readonly hasAudio: boolean;
  /**
   * Whether the input comes at its natural speed. If so, no part waits long for its audio: what is
   * missing is late or silent, and silence is put in its place. If not, each part waits for all of it.
   */
  readonly isPaced: boolean;
};

/** Cuts the packets of an encoder session into parts. */
export interface Assembler {
  /** Takes the next packet of the sound; they must come in order. */
  pushAudio(packet: FlvPacket): AssemblerOutput[];
  /** Takes the next packet of a rendition's picture; within a rendition they must come in order. */
  pushVideo(rendition: RenditionId, packet: FlvPacket): AssemblerOutput[];
  /** The audio track gives nothing more: parts no longer wait for it. */
  endAudio(): AssemblerOutput[];
  /** The encoder has ended: gives what is left as a last part, shorter than the others. */
  end(): AssemblerOutput[];
}

/**
 * Cuts the encoder's packets into parts of whole frames, in all renditions at the same times.
 *
 * A part is closed by its own last video frame, not by the first of the next, and takes all audio that
 * begins before its end and is there. Pure: the same packets in the same order give the same bytes.
 */
export class PartAssembler implements Assembler {
  readonly #options: PartAssemblerOptions;
  readonly #audio: PartAudio | undefined;
  readonly #tracks: ReadonlyMap<RenditionId, VideoTrack>;
  #audioConfiguration: AudioConfiguration | undefined;
  #isInitGiven = false;
  #isBroken = false;

  constructor(options: PartAssemblerOptions) {
    this.#options = options;
    const { renditions, cadence, hasAudio, isPaced } = options;
    this.#tracks = new Map(renditions.map((rendition) => [rendition, new VideoTrack(cadence)]));
    this.#audio = hasAudio ? new PartAudio({ isPaced, renditionCount: renditions.length }) : undefined;
  }

  pushAudio(packet: FlvPacket): AssemblerOutput[] {
    if (this.#isBroken) return [];
    switch (packet.kind) {
      case 'aacConfiguration':
        return this.#takeAudioConfiguration(packet.audioSpecificConfig);
      case 'audioFrame':
        this.#audio?.push(packet.data, packet.timestampMs);
        return this.#drain();
      case 'avcConfiguration':
      case 'videoFrame':
      case 'nothing':
        return [];
      case 'unsupported':
        return this.#break(`the encoder gave ${packet.reason}`);
    }
  }

  pushVideo(rendition: RenditionId, packet: FlvPacket): AssemblerOutput[] {
    const track = this.#tracks.get(rendition);
    if (this.#isBroken || !track) return [];
    switch (packet.kind) {
      case 'avcConfiguration':
        if (!track.configure(packet.avcC)) return this.#break('the encoder described its video in a way that we cannot read');
        return this.#drain();
      case 'videoFrame': {
        const problem = track.push(packet) ?? this.#misalignment(track);
        return problem === undefined ? this.#drain() : this.#break(problem);
      }
      case 'aacConfiguration':
      case 'audioFrame':
      case 'nothing':
        return [];
      case 'unsupported':
        return this.#break(`the encoder gave ${packet.reason}`);
    }
  }

  endAudio(): AssemblerOutput[] {
    this.#audio?.end();
    return this.#isBroken ? [] : this.#drain();
  }

  end(): AssemblerOutput[] {
    const outputs = this.endAudio();
    if (!this.#isInitGiven || this.#isBroken) return outputs;
    for (const [rendition, track] of this.#tracks) {
      if (track.waitingFrames > 0) outputs.push(this.#closePart(rendition, { track, frames: track.waitingFrames, isLast: true }));
    }
    return outputs;
  }

  #takeAudioConfiguration(audioSpecificConfig: Uint8Array): AssemblerOutput[] {
    const configuration = parseAudioSpecificConfig(audioSpecificConfig);
    if (configuration === undefined) return this.#break('the encoder described its audio in a way that we cannot read');
    this.#audioConfiguration ??= configuration;
    this.#audio?.setSampleRate(configuration.sampleRate);
    return this.#drain();
  }

  /** Parts with the same number must have the same time in every rendition. */
  #misalignment(track: VideoTrack): string | undefined {
    for (const { firstFrameIndex } of this.#tracks.values()) {
      if (firstFrameIndex !== undefined && firstFrameIndex !== track.firstFrameIndex) {
        return `the encoder began its renditions at different frames, ${firstFrameIndex} and ${track.firstFrameIndex ?? 'none'}`;
      }
    }
    return undefined;
  }

  #drain(): AssemblerOutput[] {
    const outputs: AssemblerOutput[] = [];
    if (!this.#isInitGiven) {
      const init = this.#initOnceKnown();
      if (init === undefined) return outputs;
      this.#isInitGiven = true;
      outputs.push(init);
    }
    for (const [rendition, track] of this.#tracks) {
      const framesPerPart = track.cadence?.framesPerPart ?? Infinity;
      while (track.waitingFrames >= framesPerPart && this.#isAudioReady(track, framesPerPart)) {
        outputs.push(this.#closePart(rendition, { track, frames: framesPerPart, isLast: false }));
      }
    }
    return outputs;
  }

  #initOnceKnown(): AssembledInit | undefined {
    const { hasAudio } = this.#options;
    // One for all: only a single rendition can be an input's own.
    const cadence = [...this.#tracks.values()][0]?.cadence;
    if (cadence === undefined) return undefined;
    if (hasAudio && this.#audioConfiguration === undefined) return undefined;
    const audio = hasAudio ? this.#audioConfiguration : undefined;
    const renditions: AssembledRendition[] = [];
    for (const [rendition, { configuration: video, timescale }] of this.#tracks) {
      if (video === undefined) return undefined;
      renditions.push({
        rendition,
        bytes: buildInitSegment({ frameRate: cadence.frameRate, video, audio }),
        codecs: audio === undefined ? video.codec : `${video.codec},${audio.codec}`,
        width: video.width,
        height: video.height,
        frameRate: framesPerSecond(cadence.frameRate),
        hasVideo: true,
        hasAudio,
        timescales: { video: timescale, audio: audio?.sampleRate },
      });
    }
    return { kind: 'init', renditions, cadence };
  }

  #isAudioReady(track: VideoTrack, framesPerPart: number): boolean {
    const part = track.nextPart(framesPerPart);
    return this.#audio?.isReady({ ...part, videoEndMs: track.endMs }) ?? true;
  }

  #closePart(
    rendition: RenditionId,
    { track, frames, isLast }: { readonly track: VideoTrack; readonly frames: number; readonly isLast: boolean },
  ): AssembledPart {
    const video = track.take(frames, isLast);
    const audio = this.#audio?.take({ index: video.index, endMs: track.frameTimeMs(video.endFrame) }) ?? { decodeTime: 0, samples: [] };
    const decodeTimeUs = track.frameTimeUs(video.startFrame);
    return {
      kind: 'part',
      rendition,
      bytes: buildMediaFragment({ sequenceNumber: video.index + 1, video: video.run, audio }),
      decodeTimeUs,
      durationUs: track.frameTimeUs(video.endFrame) - decodeTimeUs,
      isIndependent: video.run.samples[0]?.isKey === true,
      isSegmentLast: video.isSegmentLast,
      videoFrameCount: video.run.samples.length,
      audioFrameCount: audio.samples.length,
      captions: rendition === this.#options.renditions[0] ? captionsIn(video.run) : [],
    };
  }

  #break(reason: string): AssemblerOutput[] {
    this.#isBroken = true;
    return [{ kind: 'broken', reason }];
  }
}

function captionsIn({ samples }: SampleRun): CaptionChannel[] {
  const found = samples.flatMap(({ data }) => captionPairsOf(data).flatMap((pair) => captionChannelOf(pair) ?? []));
  return [...new Set(found)];
}
