import type { RenditionId } from '@p2ptv/protocol';
import { captionUnit, popOnCaption, rollUpCaption } from '@p2ptv/protocol/caption-writer';
import { describe, expect, it } from 'vitest';

import { cadenceOfGop, planCadence } from '../../src/encode/cadence.js';
import type { FlvPacket } from '../../src/fragment/flv-packet.js';
import type { TrackCadence } from '../../src/fragment/video-track.js';
import { PartAssembler, type AssembledPart, type AssemblerOutput } from '../../src/fragment/part-assembler.js';

const cadence = planCadence({ frameRate: { numerator: 30, denominator: 1 }, partMs: 200 });
/** 320x180, high profile, as x264 writes it. */
const AVC_C = Buffer.from('0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f142996001000468ef8fcbfdf8f800', 'hex');
const AAC_LC_STEREO = Uint8Array.of(0x11, 0x90);

const BEST = 0 as RenditionId;
const SMALL = 1 as RenditionId;

type AssemblerChoice = { hasAudio?: boolean; isPaced?: boolean; renditions?: readonly RenditionId[]; cadence?: TrackCadence };
type Packets = { push: (packet: FlvPacket, rendition?: RenditionId) => AssemblerOutput[]; end: () => AssemblerOutput[] };

/** Sound and picture by one name, as they come out of the encoder by several. */
function assembler(options: AssemblerChoice = {}): Packets {
  const { hasAudio = true, isPaced = true, renditions = [BEST] } = options;
  const made = new PartAssembler({ cadence: options.cadence ?? { kind: 'given', cadence }, renditions, hasAudio, isPaced });
  const isSound = ({ kind }: FlvPacket): boolean => kind === 'audioFrame' || kind === 'aacConfiguration';
  return {
    push: (packet, rendition = BEST) => (isSound(packet) ? made.pushAudio(packet) : made.pushVideo(rendition, packet)),
    end: () => made.end(),
  };
}

const video = (frame: number, isKey = frame % 30 === 0) =>
  ({ kind: 'videoFrame', data: Uint8Array.of(0, 0, 0, 1, frame % 256), isKey, timestampMs: Math.round((frame * 1000) / 30), compositionMs: 0 }) as const;
/** Frame 0 is the encoder's priming. */
const audio = (frame: number) =>
  ({ kind: 'audioFrame', data: Uint8Array.of(0xaa, frame % 256), timestampMs: Math.floor((frame * 1024) / 48) }) as const;

function configured(options: AssemblerChoice = {}): { push: Packets; outputs: AssemblerOutput[] } {
  const push = assembler(options);
  const outputs = [
    ...(options.renditions ?? [BEST]).flatMap((rendition) => push.push({ kind: 'avcConfiguration', avcC: avcConfiguration() }, rendition)),
    ...push.push({ kind: 'aacConfiguration', audioSpecificConfig: AAC_LC_STEREO }),
  ];
  return { push, outputs };
}

/** A minimal configuration record around a parameter set made by hand: baseline, 320x192 less 12 rows. */
function avcConfiguration(): Uint8Array {
  const bits = ['01000010', '11000000', '00001101', '1', '1', '1', '011', '1', '0', '000010100', '0001100', '1', '1', '1', '1', '1', '1', '00111', '0', '1'].join('');
  const set = [0x67, ...(bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2))];
  return Uint8Array.from([1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0, set.length, ...set, 1, 0, 1, 0x68]);
}

const parts = (outputs: readonly AssemblerOutput[]): AssembledPart[] => outputs.filter((output) => output.kind === 'part');

describe('PartAssembler', () => {
  it('gives the init segment as soon as both tracks are described, with exact codecs', () => {
    const { outputs } = configured();
    expect(outputs).toMatchObject([
      { kind: 'init', renditions: [{ rendition: BEST, codecs: 'avc1.42c00d,mp4a.40.2', width: 320, height: 180, hasAudio: true, timescales: { video: 30_000, audio: 48_000 } }] },
    ]);
  });

  it('reads the size out of a parameter set that x264 wrote', () => {
    const push = assembler({ hasAudio: false });
    expect(push.push({ kind: 'avcConfiguration', avcC: AVC_C })).toMatchObject([{ kind: 'init', renditions: [{ codecs: 'avc1.64000d', width: 320, height: 180 }] }]);
  });

  it('closes a part with its own last frame, without the next one', () => {
    const { push } = configured({ hasAudio: false });
    const outputs = Array.from({ length: 6 }, (_, frame) => push.push(video(frame)));
    expect(outputs.slice(0, 5).flat().filter(({ kind }) => kind === 'part')).toEqual([]);
    expect(parts(outputs[5]!)).toMatchObject([{ videoFrameCount: 6, durationUs: 200_000, decodeTimeUs: 0, isIndependent: true, isSegmentLast: false }]);
  });

  it('marks key frames and segment ends', () => {
    const { push } = configured({ hasAudio: false });
    const made = parts(Array.from({ length: 120 }, (_, frame) => push.push(video(frame))).flat());
    expect(made.map(({ isIndependent }) => isIndependent)).toEqual(Array.from({ length: 20 }, (_, index) => index % 5 === 0));
    expect(made.map(({ isSegmentLast }) => isSegmentLast)).toEqual(Array.from({ length: 20 }, (_, index) => index % 10 === 9));
  });

  it('does not wait for sound that is as late as it always is', () => {
    const { push } = configured();
    for (let frame = 0; frame < 7; frame++) push.push(audio(frame));
    const made = parts(Array.from({ length: 6 }, (_, frame) => push.push(video(frame))).flat());
    // Seven with the priming one, which is left out.
    expect(made).toMatchObject([{ audioFrameCount: 6 }]);
  });

  it('waits for sound that is later than that, and puts silence in its place when it does not come', () => {
    const { push } = configured();
    expect(parts(Array.from({ length: 14 }, (_, frame) => push.push(video(frame))).flat())).toEqual([]);
    const made = parts(push.push(video(14)));
    expect(made).toHaveLength(2);
    expect(made.every(({ audioFrameCount }) => audioFrameCount > 0)).toBe(true);
    // From now on nobody waits: the track is silent.
    expect(parts(Array.from({ length: 3 }, (_, frame) => push.push(video(15 + frame))).flat())).toHaveLength(1);
  });

  it('takes real sound again after silence, on the same clock', () => {
    const { push } = configured();
    const before = parts(Array.from({ length: 30 }, (_, frame) => push.push(video(frame))).flat());
    const silentFrames = before.reduce((sum, part) => sum + part.audioFrameCount, 0);
    // The sound of the whole time comes at once: what silence has taken the place of is dropped.
    for (let frame = 0; frame < 48; frame++) push.push(audio(frame));
    const after = parts(Array.from({ length: 30 }, (_, frame) => push.push(video(30 + frame))).flat());
    const allFrames = silentFrames + after.reduce((sum, part) => sum + part.audioFrameCount, 0);
    const endMs = (before.length + after.length) * 200;
    expect((allFrames * 1024) / 48).toBeLessThanOrEqual(endMs + 22);
    expect((allFrames * 1024) / 48).toBeGreaterThan(endMs - 400);
  });

  it('waits for all of its sound when the input is not paced', () => {
    const { push } = configured({ isPaced: false });
    expect(parts(Array.from({ length: 90 }, (_, frame) => push.push(video(frame))).flat())).toEqual([]);
    const made = parts(Array.from({ length: 48 }, (_, frame) => push.push(audio(frame))).flat());
    expect(made.map(({ audioFrameCount }) => audioFrameCount)).toEqual([10, 9, 10, 9, 9]);
  });

  it('gives what is left as a last, shorter part', () => {
    const { push } = configured({ hasAudio: false });
    for (let frame = 0; frame < 8; frame++) push.push(video(frame));
    expect(push.end()).toMatchObject([{ kind: 'part', videoFrameCount: 2, durationUs: 66_667, isSegmentLast: true, isIndependent: false }]);
  });

  it.each([{ isPaced: true }, { isPaced: false }])('puts silence in the place of sound that ends before the picture, to the very end (paced: $isPaced)', ({ isPaced }) => {
    const { push } = configured({ isPaced });
    // To 192 ms without the priming one; the picture lasts 267, thirteen frames.
    for (let frame = 0; frame < 10; frame++) push.push(audio(frame));
    const made = parts([...Array.from({ length: 8 }, (_, frame) => push.push(video(frame))).flat(), ...push.end()]);
    expect(made.map(({ videoFrameCount }) => videoFrameCount)).toEqual([6, 2]);
    expect(made[1]?.audioFrameCount).toBeGreaterThan(0);
    expect(made.reduce((sum, { audioFrameCount }) => sum + audioFrameCount, 0)).toBe(13);
  });

  it('keeps its place over the end of the timestamps', () => {
    const { push } = configured({ hasAudio: false });
    const start = Math.floor(((2 ** 31 - 1000) * 30) / 1000 / 30) * 30;
    const made = parts(
      Array.from({ length: 60 }, (_, index) => {
        const timestampMs = Math.round(((start + index) * 1000) / 30) % 2 ** 31;
        return push.push({ ...video(index), timestampMs });
      }).flat(),
    );
    expect(made).toHaveLength(10);
  });

  it.each([
    ['a gap in the frames', [video(0), video(1), video(3)], 'the encoder left its frame rate at frame 2'],
    ['a missing key frame', [video(0, false)], 'frame 0 should be a key frame and is not'],
    ['another codec', [{ kind: 'unsupported', reason: 'video codec 2' } as const], 'the encoder gave video codec 2'],
    ['a broken description', [{ kind: 'aacConfiguration', audioSpecificConfig: Uint8Array.of(0) } as const], 'the encoder described its audio in a way that we cannot read'],
  ])('breaks once and for all at %s', (_name, packets, reason) => {
    const { push } = configured();
    const outputs = packets.flatMap((packet) => push.push(packet));
    expect(outputs.at(-1)).toEqual({ kind: 'broken', reason });
    expect([...push.push(video(0)), ...push.end()]).toEqual([]);
  });

  it('describes all renditions at once, in the order that was asked for', () => {
    const push = assembler({ renditions: [SMALL, BEST], hasAudio: false });
    expect(push.push({ kind: 'avcConfiguration', avcC: avcConfiguration() }, BEST)).toEqual([]);
    expect(push.push({ kind: 'avcConfiguration', avcC: avcConfiguration() }, SMALL)).toMatchObject([{ renditions: [{ rendition: SMALL }, { rendition: BEST }] }]);
  });

  it('cuts all renditions at the same frames, and puts the same sound into each, however far apart they come', () => {
    const { push } = configured({ renditions: [BEST, SMALL] });
    const made: AssembledPart[] = [];
    const take = (outputs: AssemblerOutput[]): void => void made.push(...parts(outputs));
    let soundFrame = 0;
    for (let frame = 0; frame < 120; frame++) {
      take(push.push(video(frame)));
      // The sound comes in bursts between the two, so that each would find another amount of it.
      if (frame % 7 === 0) while (soundFrame * 1024 / 48 < (frame * 1000) / 30 + 60) take(push.push(audio(soundFrame++)));
      // The smaller picture is three frames behind.
      if (frame >= 3) take(push.push(video(frame - 3), SMALL));
    }
    const describe = ({ decodeTimeUs, durationUs, isIndependent, isSegmentLast, audioFrameCount, bytes }: AssembledPart): object => ({ decodeTimeUs, durationUs, isIndependent, isSegmentLast, audioFrameCount, bytes });
    const [best, small] = [BEST, SMALL].map((rendition) => made.filter((part) => part.rendition === rendition).map(describe));
    expect(best).toHaveLength(20);
    expect(small).toEqual(best!.slice(0, small!.length));
    expect(small!.length).toBeGreaterThanOrEqual(19);
  });

  it('breaks when the renditions do not begin with the same frame', () => {
    const { push } = configured({ renditions: [BEST, SMALL], hasAudio: false });
    push.push(video(0));
    expect(push.push({ ...video(0), timestampMs: 67 }, SMALL)).toMatchObject([{ kind: 'broken', reason: 'the encoder began its renditions at different frames, 0 and 2' }]);
  });

  describe('of an input that is passed on as it comes', () => {
    const request = { frameRate: { numerator: 30, denominator: 1 }, partMs: 200 };
    const found: AssemblerChoice = { hasAudio: false, cadence: { kind: 'found', frameRate: request.frameRate, cadenceOf: (framesPerGop) => cadenceOfGop(request, framesPerGop) } };

    it('finds the cadence with the second key frame, and cuts by it', () => {
      const { push } = configured(found);
      const outputs = Array.from({ length: 240 }, (_, frame) => push.push(video(frame, frame % 48 === 0)));
      expect(outputs.slice(0, 48).flat()).toEqual([]);
      expect(outputs[48]![0]).toMatchObject({ kind: 'init', cadence: { framesPerPart: 6, framesPerGop: 48, framesPerSegment: 48 } });
      expect(parts(outputs[48]!)).toHaveLength(8);
      const made = parts(outputs.flat());
      expect(made).toHaveLength(40);
      expect(made.map(({ isIndependent }) => isIndependent)).toEqual(Array.from({ length: 40 }, (_, index) => index % 8 === 0));
      expect(made.map(({ isSegmentLast }) => isSegmentLast)).toEqual(Array.from({ length: 40 }, (_, index) => index % 8 === 7));
    });

    it.each([
      ['key frames too far apart', (frame: number) => video(frame, frame === 0), 'key frames are more than 4 s apart'],
      ['key frames that leave no room for a part', (frame: number) => video(frame, frame % 37 === 0), 'key frames every 37 frames leave room for no part of about the wanted length'],
      ['key frames that move', (frame: number) => video(frame, [0, 30, 61].includes(frame)), 'frame 60 should be a key frame and is not'],
      ['frames out of order', (frame: number) => ({ ...video(frame), compositionMs: 33 }), 'frames are coded in another order than they are shown (B-frames)'],
    ])('breaks at %s', (_name, frameOf, reason) => {
      const { push } = configured(found);
      expect(Array.from({ length: 150 }, (_, frame) => push.push(frameOf(frame))).flat().at(-1)).toEqual({ kind: 'broken', reason });
    });
  });

  it('PL21: tells what captions the picture brings, of the best rendition', () => {
    const { push } = configured({ renditions: [BEST, SMALL] });
    const pairs = [...popOnCaption('Hi'), ...rollUpCaption('Ho', 'CC4')];
    const made: AssemblerOutput[] = [];
    for (let frame = 0; frame < 30; frame++) {
      const carried = captionUnit(pairs.slice(frame - 6, frame - 5));
      const data = Uint8Array.from([0, 0, 0, carried.length, ...carried, ...video(frame).data]);
      for (const rendition of [BEST, SMALL]) made.push(...push.push({ ...video(frame), data: frame < 6 ? video(frame).data : data }, rendition));
      made.push(...push.push(audio(frame * 2)), ...push.push(audio(frame * 2 + 1)));
    }
    const told = (rendition: RenditionId): unknown => parts(made).filter((part) => part.rendition === rendition).map(({ captions }) => captions);
    expect(told(BEST)).toEqual([[], ['CC1'], ['CC1', 'CC4'], [], []]);
    expect(told(SMALL)).toEqual([[], [], [], [], []]);
  });
});
