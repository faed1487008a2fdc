import { frameTimescale, type FrameRate } from '../encode/frame-rate.js';
import type { AudioConfiguration, VideoConfiguration } from './codec-configuration.js';
import { asciiBytes, box, fullBox, joinFields, u16, u32, u8 } from './mp4-boxes.js';

/** Track numbers within init segment and fragments. */
export const TRACK_IDS = { video: 1, audio: 2 } as const;

/** The tracks of an init segment. */
export type InitTracks = {
  readonly frameRate: FrameRate;
  /** At least one of the two. */
  readonly video: VideoConfiguration | undefined;
  readonly audio: AudioConfiguration | undefined;
};

/** Unity transformation, as every header of a movie and of a track carries it (ISO/IEC 14496-12, 8.2.2). */
const MATRIX = joinFields([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].map(u32));
const LANGUAGE_UNDETERMINED = 0x55c4;

/** The init segment (`ftyp` and `moov`) of muxed H.264 and AAC in CMAF; without an edit list, since our times begin at zero. */
export function buildInitSegment(tracks: InitTracks): Uint8Array<ArrayBuffer> {
  const { video, audio } = tracks;
  const ids = [...(video ? [TRACK_IDS.video] : []), ...(audio ? [TRACK_IDS.audio] : [])];
  return joinFields([
    box('ftyp', asciiBytes('iso6'), u32(0), asciiBytes('iso6cmfcmp41')),
    box(
      'moov',
      fullBox('mvhd', {}, ...zeros(2), u32(1000), u32(0), u32(0x1_0000), u16(0x100), u16(0), ...zeros(2), MATRIX, ...zeros(6), u32(3)),
      video === undefined ? new Uint8Array() : videoTrack(tracks.frameRate, video),
      audio === undefined ? new Uint8Array() : audioTrack(audio),
      box('mvex', ...ids.map((id) => fullBox('trex', {}, u32(id), u32(1), u32(0), u32(0), u32(0)))),
    ),
  ]);
}

function videoTrack(frameRate: FrameRate, video: VideoConfiguration): Uint8Array {
  const entry = box(
    'avc1',
    ...zeros(1),
    ...[u16(0), u16(1)],
    ...zeros(4),
    ...[u16(video.width), u16(video.height), u32(0x48_0000), u32(0x48_0000)],
    ...zeros(1),
    u16(1),
    new Uint8Array(32),
    ...[u16(24), u16(0xffff)],
    box('avcC', video.avcC),
  );
  return track({
    id: TRACK_IDS.video,
    header: { volume: 0, width: video.width, height: video.height },
    timescale: frameTimescale(frameRate).timescale,
    handler: 'vide',
    mediaHeader: fullBox('vmhd', { flags: 1 }, ...zeros(2)),
    entry,
  });
}

function audioTrack(audio: AudioConfiguration): Uint8Array {
  const entry = box(
    'mp4a',
    ...zeros(1),
    ...[u16(0), u16(1)],
    ...zeros(2),
    ...[u16(audio.channelCount), u16(16), u32(0), u32(audio.sampleRate * 0x1_0000)],
    fullBox('esds', {}, elementaryStream(audio)),
  );
  return track({
    id: TRACK_IDS.audio,
    header: { volume: 0x100, width: 0, height: 0 },
    timescale: audio.sampleRate,
    handler: 'soun',
    mediaHeader: fullBox('smhd', {}, ...zeros(1)),
    entry,
  });
}

/** ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5) for MPEG-4 audio; bit rates are left open. */
function elementaryStream(audio: AudioConfiguration): Uint8Array {
  const descriptor = (tag: number, ...fields: Parameters<typeof joinFields>[0]): Uint8Array => {
    const content = joinFields(fields);
    return joinFields([u8(tag), u8(content.length), content]);
  };
  const decoder = descriptor(
    0x04,
    ...[u8(0x40), u8(0x15), u8(0), u16(0), u32(0), u32(0)],
    descriptor(0x05, audio.audioSpecificConfig),
  );
  return descriptor(0x03, u16(TRACK_IDS.audio), u8(0), decoder, descriptor(0x06, u8(0x02)));
}

type Track = {
  readonly id: number;
  readonly header: { readonly volume: number; readonly width: number; readonly height: number };
  readonly timescale: number;
  readonly handler: 'vide' | 'soun';
  readonly mediaHeader: Uint8Array;
  readonly entry: Uint8Array;
};

function track({ id, header, timescale, handler, mediaHeader, entry }: Track): Uint8Array {
  const { volume, width, height } = header;
  return box(
    'trak',
    fullBox(
      'tkhd',
      { flags: 3 },
      ...zeros(2),
      u32(id),
      ...zeros(2),
      ...zeros(2),
      ...[u16(0), u16(0), u16(volume), u16(0)],
      MATRIX,
      ...[u32(width * 0x1_0000), u32(height * 0x1_0000)],
    ),
    box(
      'mdia',
      fullBox('mdhd', {}, ...zeros(2), u32(timescale), u32(0), u16(LANGUAGE_UNDETERMINED), u16(0)),
      fullBox('hdlr', {}, u32(0), asciiBytes(handler), ...zeros(3), asciiBytes('P2PTV\0')),
      box(
        'minf',
        mediaHeader,
        box('dinf', fullBox('dref', {}, u32(1), fullBox('url ', { flags: 1 }))),
        box(
          'stbl',
          fullBox('stsd', {}, u32(1), entry),
          fullBox('stts', {}, u32(0)),
          fullBox('stsc', {}, u32(0)),
          fullBox('stsz', {}, ...zeros(2)),
          fullBox('stco', {}, u32(0)),
        ),
      ),
    ),
  );
}

function zeros(count: number): ReturnType<typeof u32>[] {
  return Array.from({ length: count }, () => u32(0));
}
