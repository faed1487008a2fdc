import { TRACK_IDS } from './init-segment.js';
import { box, fullBox, joinFields, u32, u64 } from './mp4-boxes.js';

/** One coded frame. */
export type Sample = {
  readonly data: Uint8Array;
  /** On the track's clock. */
  readonly duration: number;
  readonly isKey: boolean;
};

/** Consecutive samples of one track. */
export type SampleRun = {
  /** Decode time of the first one, on the track's clock. */
  readonly decodeTime: number;
  readonly samples: readonly Sample[];
};

/** A fragment: what one part holds. */
export type MediaFragment = {
  /** Rises by one from fragment to fragment (ISO/IEC 14496-12, 8.8.5). */
  readonly sequenceNumber: number;
  /** A track without samples is left out. */
  readonly video: SampleRun;
  readonly audio: SampleRun;
};

/** Depends on no other sample; what most audio samples and key frames are (ISO/IEC 14496-12, 8.8.3.1). */
const SAMPLE_IS_KEY = 0x0200_0000;
const SAMPLE_IS_NOT_KEY = 0x0101_0000;
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
const TFHD_DEFAULT_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;

/** One `moof` and one `mdat`. */
export function buildMediaFragment(fragment: MediaFragment): Uint8Array<ArrayBuffer> {
  const { video, audio } = fragment;
  const videoData = joinFields(video.samples.map((sample) => sample.data));
  const audioData = joinFields(audio.samples.map((sample) => sample.data));
  const headerOf = (videoOffset: number, audioOffset: number): Uint8Array =>
    box(
      'moof',
      fullBox('mfhd', {}, u32(fragment.sequenceNumber)),
      video.samples.length === 0 ? new Uint8Array() : trackFragment(TRACK_IDS.video, video, videoOffset),
      audio.samples.length === 0 ? new Uint8Array() : trackFragment(TRACK_IDS.audio, audio, audioOffset),
    );
  // The offsets count from the moof's first byte, and its length does not depend on them.
  const mdatContent = headerOf(0, 0).length + 8;
  return joinFields([headerOf(mdatContent, mdatContent + videoData.length), box('mdat', videoData, audioData)]);
}

function trackFragment(trackId: number, { decodeTime, samples }: SampleRun, dataOffset: number): Uint8Array {
  const isKeyFirst = samples[0]?.isKey === true;
  const restFlags = trackId === TRACK_IDS.audio ? SAMPLE_IS_KEY : SAMPLE_IS_NOT_KEY;
  return box(
    'traf',
    fullBox('tfhd', { flags: DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS }, u32(trackId), u32(restFlags)),
    fullBox('tfdt', { version: 1 }, u64(decodeTime)),
    fullBox(
      'trun',
      { flags: TRUN_DATA_OFFSET | TRUN_FIRST_FLAGS | TRUN_DURATION | TRUN_SIZE },
      u32(samples.length),
      u32(dataOffset),
      u32(isKeyFirst ? SAMPLE_IS_KEY : restFlags),
      ...samples.flatMap((sample) => [u32(sample.duration), u32(sample.data.length)]),
    ),
  );
}
