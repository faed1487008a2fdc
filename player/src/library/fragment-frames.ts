/** Where a fragment's picture is told of: its track and its clock. */
export type PictureTrack = { readonly id: number; readonly ticksPerSecond: number };

/** A coded picture, and when it is shown; seconds on the track's own clock. */
export type TimedFrame = { readonly bytes: Uint8Array; readonly startSeconds: number; readonly endSeconds: number };

type Box = { readonly start: number; readonly body: DataView };

/** Optional fields of `tfhd` before the default duration, and of `trun`: a flag, and how many bytes it stands for (ISO/IEC 14496-12, 8.8.7, 8.8.8). */
const BEFORE_DEFAULTS = [[0x1, 8], [0x2, 4]] as const;
const HAS_DEFAULT_DURATION = 0x8;
const HAS_DEFAULT_SIZE = 0x10;
const HAS_OFFSET = 0x1;
const HAS_FIRST_FLAGS = 0x4;
const HAS_DURATION = 0x100;
const HAS_SIZE = 0x200;
const AFTER_SIZE = [0x400, 0x800] as const;

/** Finds the picture's track in an init segment (ISO/IEC 14496-12, 8.3.2, 8.4.2, 8.4.3); undefined where there is none. */
export function pictureTrackOf(bytes: Uint8Array): PictureTrack | undefined {
  for (const moov of boxes(viewOf(bytes), 'moov')) {
    for (const trak of boxes(moov.body, 'trak')) {
      const media = boxes(trak.body, 'mdia')[0]?.body;
      const header = boxes(trak.body, 'tkhd')[0]?.body;
      const clock = media && boxes(media, 'mdhd')[0]?.body;
      const handler = media && boxes(media, 'hdlr')[0]?.body;
      if (!header || !clock || !handler || nameAt(handler, 8) !== 'vide') continue;
      return { id: header.getUint32(header.getUint8(0) === 1 ? 20 : 12), ticksPerSecond: clock.getUint32(clock.getUint8(0) === 1 ? 20 : 12) };
    }
  }
  return undefined;
}

/**
 * Takes the pictures out of fragments (ISO/IEC 14496-12, 8.8), in the order in which they are coded, which with our streams is that
 * in which they are shown.
 *
 * @param bytes any number of fragments, as a player appends them
 */
export function framesOf(bytes: Uint8Array, track: PictureTrack): TimedFrame[] {
  const frames: TimedFrame[] = [];
  for (const moof of boxes(viewOf(bytes), 'moof')) {
    for (const traf of boxes(moof.body, 'traf')) {
      const header = boxes(traf.body, 'tfhd')[0]?.body;
      const time = boxes(traf.body, 'tfdt')[0]?.body;
      if (!header || !time || header.getUint32(4) !== track.id) continue;
      let ticks = time.getUint8(0) === 1 ? Number(time.getBigUint64(4)) : time.getUint32(4);
      for (const { body } of boxes(traf.body, 'trun')) {
        for (const sample of samplesOf(body, header, bytes.length - moof.start)) {
          const offset = moof.start + sample.offset;
          const startSeconds = ticks / track.ticksPerSecond;
          ticks += sample.duration;
          frames.push({ bytes: bytes.subarray(offset, offset + sample.size), startSeconds, endSeconds: ticks / track.ticksPerSecond });
        }
      }
    }
  }
  return frames;
}

type Sample = { readonly offset: number; readonly size: number; readonly duration: number };

/** The samples of a run, by their offsets from the fragment's first byte, as far as they are there: a run may say that it has any number. */
function samplesOf(run: DataView, header: DataView, length: number): Sample[] {
  const flags = flagsOf(run);
  if ((flags & HAS_OFFSET) === 0) return [];
  const samples: Sample[] = [];
  const defaults = defaultsOf(header);
  let offset = run.getInt32(8);
  let place = (flags & HAS_FIRST_FLAGS) === 0 ? 12 : 16;
  const read = (flag: number): number | undefined => {
    if ((flags & flag) === 0) return undefined;
    place += 4;
    return run.getUint32(place - 4);
  };
  for (let left = run.getUint32(4); left > 0; left--) {
    const duration = read(HAS_DURATION) ?? defaults.duration;
    const size = read(HAS_SIZE) ?? defaults.size;
    for (const flag of AFTER_SIZE) read(flag);
    if (size === 0 || offset < 0 || offset + size > length) break;
    samples.push({ offset, size, duration });
    offset += size;
  }
  return samples;
}

function defaultsOf(header: DataView): Pick<Sample, 'duration' | 'size'> {
  const flags = flagsOf(header);
  let place = 8;
  for (const [flag, length] of BEFORE_DEFAULTS) if ((flags & flag) !== 0) place += length;
  const duration = (flags & HAS_DEFAULT_DURATION) === 0 ? 0 : header.getUint32(place);
  if ((flags & HAS_DEFAULT_DURATION) !== 0) place += 4;
  return { duration, size: (flags & HAS_DEFAULT_SIZE) === 0 ? 0 : header.getUint32(place) };
}

/** The boxes of a type, one after the other; one that says that it is longer than what it is in ends there. */
function boxes(view: DataView, type: string): Box[] {
  const found: Box[] = [];
  for (let start = 0; start + 8 <= view.byteLength; ) {
    const length = view.getUint32(start);
    if (length < 8) break;
    const end = Math.min(start + length, view.byteLength);
    if (nameAt(view, start + 4) === type) found.push({ start, body: new DataView(view.buffer, view.byteOffset + start + 8, end - start - 8) });
    start = end;
  }
  return found;
}

function flagsOf(box: DataView): number {
  return box.getUint32(0) & 0xff_ffff;
}

function nameAt(view: DataView, offset: number): string {
  return String.fromCharCode(view.getUint8(offset), view.getUint8(offset + 1), view.getUint8(offset + 2), view.getUint8(offset + 3));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
