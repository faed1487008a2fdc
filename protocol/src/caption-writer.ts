import { CAPTION_CHANNELS, type CaptionChannel, type CaptionPair } from './picture-captions.js';

const RESUME_LOADING = 0x20;
const ROLL_UP_TWO = 0x25;
const ERASE_DISPLAYED = 0x2c;
const CARRIAGE_RETURN = 0x2d;
const ERASE_LOADED = 0x2e;
const END_OF_CAPTION = 0x2f;
/** Row 15, white, from the left edge (ANSI/CTA-608, table 53). */
const LAST_ROW = 0x70;
/** NAL units that hold a picture. */
const PICTURE_TYPES: ReadonlySet<number> = new Set([1, 5]);

/** Commands and letters that show a text at once when all of it has come; one pair a frame. ASCII letters, digits and spaces. */
export function popOnCaption(text: string, channel: CaptionChannel = 'CC1'): CaptionPair[] {
  const command = commandsOf(channel);
  return [command(RESUME_LOADING), command(ERASE_LOADED), command(LAST_ROW), letters(text, channel), command(END_OF_CAPTION)].flat();
}

/** Commands and letters that show a text as it comes, in the lower of two rows. */
export function rollUpCaption(text: string, channel: CaptionChannel = 'CC1'): CaptionPair[] {
  const command = commandsOf(channel);
  return [command(ROLL_UP_TWO), command(CARRIAGE_RETURN), command(LAST_ROW), letters(text, channel)].flat();
}

/** Takes away what is shown. */
export function eraseCaption(channel: CaptionChannel = 'CC1'): CaptionPair[] {
  return commandsOf(channel)(ERASE_DISPLAYED);
}

/** A NAL unit with pairs in it, from its header on, without a start code. */
export function captionUnit(pairs: readonly CaptionPair[]): Uint8Array {
  const captions = pairs.flatMap(({ field, first, second }) => [0xfb + field, withParity(first), withParity(second)]);
  const message = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03, 0x40 | pairs.length, 0xff, ...captions, 0xff];
  return Uint8Array.from([6, ...withEmulationPrevention([4, message.length, ...message, 0x80])]);
}

/**
 * Puts captions into an H.264 stream with start codes (ITU-T H.264, annex B) and one slice a picture: for tests and
 * benches, because ffmpeg passes captions on and writes none.
 *
 * @param pairsOf what the picture of an index carries, in coding order
 */
export function withCaptions(stream: Uint8Array, pairsOf: (picture: number) => readonly CaptionPair[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let copied = 0;
  let picture = 0;
  for (let offset = 0; offset + 3 < stream.length; offset++) {
    if (stream[offset] !== 0 || stream[offset + 1] !== 0 || stream[offset + 2] !== 1) continue;
    if (!PICTURE_TYPES.has((stream[offset + 3] ?? 0) & 0x1f)) continue;
    pieces.push(stream.subarray(copied, offset), Uint8Array.of(0, 0, 1), captionUnit(pairsOf(picture++)));
    copied = offset;
  }
  pieces.push(stream.subarray(copied));
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** Each command is sent twice, so that a lost one does no harm. */
function commandsOf(channel: CaptionChannel): (second: number) => CaptionPair[] {
  const { field, isSecond } = placeOf(channel);
  return (second) => {
    const isRow = second === LAST_ROW;
    const first = (field === 2 && !isRow ? 0x15 : 0x14) + (isSecond ? 8 : 0);
    return [{ field, first, second }, { field, first, second }];
  };
}

function letters(text: string, channel: CaptionChannel): CaptionPair[] {
  const { field } = placeOf(channel);
  return (text.match(/..?/g) ?? []).map((two) => ({ field, first: two.charCodeAt(0), second: two.length > 1 ? two.charCodeAt(1) : 0 }));
}

function placeOf(channel: CaptionChannel): { readonly field: 1 | 2; readonly isSecond: boolean } {
  const index = CAPTION_CHANNELS.indexOf(channel);
  return { field: index < 2 ? 1 : 2, isSecond: index % 2 === 1 };
}

/** Of eight bits an odd number is set. */
function withParity(byte: number): number {
  const ones = byte.toString(2).replaceAll('0', '').length;
  return ones % 2 === 1 ? byte : byte | 0x80;
}

function withEmulationPrevention(bytes: readonly number[]): number[] {
  const written: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      written.push(3);
      zeros = 0;
    }
    written.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return written;
}
