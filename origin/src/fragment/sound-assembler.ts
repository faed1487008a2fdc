import type { RenditionId } from '@p2ptv/protocol';

import type { Cadence } from '../encode/cadence.js';
import { AudioTimeline } from './audio-timeline.js';
import { parseAudioSpecificConfig } from './codec-configuration.js';
import type { FlvPacket } from './flv-packet.js';
import { buildInitSegment } from './init-segment.js';
import { buildMediaFragment } from './media-fragment.js';
import type { AssembledPart, Assembler, AssemblerOutput } from './part-assembler.js';

/** There is one rendition of sound. */
const RENDITION = 0 as RenditionId;

/**
 * Cuts sound without a picture into parts of as many AAC frames each. A decoder can begin with any of them. What goes
 * missing is replaced by silence as beside a picture; while nothing comes at all, there are no parts. Pure.
 */
export class SoundAssembler implements Assembler {
  readonly #cadence: Cadence;
  readonly #timeline = new AudioTimeline();
  /** Since the session began. */
  #partCount = 0;
  #frameCount = 0;
  #hasInit = false;
  #isBroken = false;

  /** @param cadence in AAC frames: {@link planSoundCadence} */
  constructor(cadence: Cadence) {
    this.#cadence = cadence;
  }

  pushAudio(packet: FlvPacket): AssemblerOutput[] {
    if (this.#isBroken) return [];
    switch (packet.kind) {
      case 'aacConfiguration':
        return this.#hasInit ? [] : this.#begin(packet.audioSpecificConfig);
      case 'audioFrame':
        this.#timeline.push(packet.data, packet.timestampMs);
        return this.#drain();
      case 'avcConfiguration':
      case 'videoFrame':
      case 'nothing':
        return [];
      case 'unsupported':
        return this.#break(`the encoder gave ${packet.reason}`);
    }
  }

  pushVideo(): AssemblerOutput[] {
    return [];
  }

  endAudio(): AssemblerOutput[] {
    return [];
  }

  end(): AssemblerOutput[] {
    const rest = this.#timeline.waitingFrames;
    return this.#isBroken || !this.#hasInit || rest === 0 ? [] : [this.#closePart(rest, true)];
  }

  #begin(audioSpecificConfig: Uint8Array): AssemblerOutput[] {
    const { frameRate } = this.#cadence;
    const audio = parseAudioSpecificConfig(audioSpecificConfig);
    if (audio === undefined) return this.#break('the encoder described its audio in a way that we cannot read');
    if (audio.sampleRate !== frameRate.numerator) return this.#break(`the encoder gave ${audio.sampleRate} samples a second, not ${frameRate.numerator}`);
    this.#hasInit = true;
    this.#timeline.setSampleRate(audio.sampleRate);
    const init = {
      rendition: RENDITION,
      bytes: buildInitSegment({ frameRate, video: undefined, audio }),
      codecs: audio.codec,
      ...{ width: 0, height: 0, frameRate: 0 },
      ...{ hasVideo: false, hasAudio: true },
      timescales: { video: undefined, audio: audio.sampleRate },
    };
    return [{ kind: 'init', renditions: [init], cadence: this.#cadence }, ...this.#drain()];
  }

  #drain(): AssemblerOutput[] {
    const { framesPerPart } = this.#cadence;
    const parts: AssembledPart[] = [];
    while (this.#hasInit && this.#timeline.waitingFrames >= framesPerPart) parts.push(this.#closePart(framesPerPart, false));
    return parts;
  }

  #closePart(frames: number, isLast: boolean): AssembledPart {
    const audio = this.#timeline.takeFrames(frames);
    const decodeTimeUs = this.#timeUs(this.#frameCount);
    this.#frameCount += frames;
    return {
      kind: 'part',
      rendition: RENDITION,
      bytes: buildMediaFragment({ sequenceNumber: ++this.#partCount, video: { decodeTime: 0, samples: [] }, audio }),
      decodeTimeUs,
      durationUs: this.#timeUs(this.#frameCount) - decodeTimeUs,
      isIndependent: true,
      isSegmentLast: isLast || this.#frameCount % this.#cadence.framesPerSegment === 0,
      videoFrameCount: 0,
      audioFrameCount: frames,
      captions: [],
    };
  }

  #timeUs(frame: number): number {
    const { numerator, denominator } = this.#cadence.frameRate;
    return Math.round((frame * denominator * 1_000_000) / numerator);
  }

  #break(reason: string): AssemblerOutput[] {
    this.#isBroken = true;
    return [{ kind: 'broken', reason }];
  }
}
