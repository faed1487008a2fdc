/** Channels of CTA-608, as INSTREAM-ID names them (RFC 8216bis section 4.4.6.1). */
export const CAPTION_CHANNELS = ['CC1', 'CC2', 'CC3', 'CC4'] as const;
/** See {@link CAPTION_CHANNELS}. */
export type CaptionChannel = (typeof CAPTION_CHANNELS)[number];

/** Two bytes of CTA-608, without their parity: what one field of a picture carries. */
export type CaptionPair = { readonly field: 1 | 2; readonly first: number; readonly second: number };

const NAL_SLICE = 1;
const NAL_KEY_SLICE = 5;
const NAL_SEI = 6;
/** User data that a country's authority has registered (ITU-T H.264, D.1.6). */
const SEI_REGISTERED = 4;
/** United States, ATSC, `GA94`, captions (ATSC A/53 part 4, 6.2.3). */
const CAPTIONS_OF_ATSC = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03];
const HAS_CAPTIONS = 0x40;
const COUNT = 0x1f;
const IS_VALID = 0x04;
const WITHOUT_PARITY = 0x7f;
/** Commands that begin captions: pop-on, roll-up by two to four rows, paint-on, and the flip of what was loaded. */
const CAPTION_COMMANDS: ReadonlySet<number> = new Set([0x20, 0x25, 0x26, 0x27, 0x29, 0x2f]);

/**
 * Reads the CTA-608 pairs that a coded H.264 picture carries: `cc_data` (ANSI/CTA-708, 4.3) in its SEI messages.
 *
 * @param frame NAL units, each behind its four-byte length, as MP4 stores them; whatever it holds, this ends
 * @returns none where there are none, or where the bytes are no such thing; CTA-708 is passed over
 */
export function captionPairsOf(frame: Uint8Array): CaptionPair[] {
  const pairs: CaptionPair[] = [];
  let offset = 0;
  while (offset + 5 <= frame.length) {
    const end = offset + 4 + lengthAt(frame, offset);
    const type = (frame[offset + 4] ?? 0) & 0x1f;
    // SEI messages come before the picture that they belong to (ITU-T H.264, 7.4.1.2.3).
    if (end > frame.length || type === NAL_SLICE || type === NAL_KEY_SLICE) return pairs;
    if (type === NAL_SEI) readMessages(withoutEmulationPrevention(frame.subarray(offset + 5, end)), pairs);
    offset = end;
  }
  return pairs;
}

/** The channel whose captions a pair begins or goes on with; undefined for text, and for commands of other services. */
export function captionChannelOf({ field, first, second }: CaptionPair): CaptionChannel | undefined {
  // 0x14 or, in field 2, 0x15; the second channel of the field has 8 more (ANSI/CTA-608, 8.4).
  if ((first & 0x76) !== 0x14 || !CAPTION_COMMANDS.has(second)) return undefined;
  return CAPTION_CHANNELS[(field - 1) * 2 + ((first & 8) >> 3)];
}

/** Takes SEI messages apart (ITU-T H.264, 7.3.2.3.1). */
function readMessages(bytes: Uint8Array, pairs: CaptionPair[]): void {
  let offset = 0;
  const readNumber = (): number => {
    let value = 0;
    while (bytes[offset] === 0xff) {
      value += 0xff;
      offset++;
    }
    return value + (bytes[offset++] ?? 0);
  };
  // The last byte only ends the unit.
  while (offset + 2 < bytes.length) {
    const type = readNumber();
    const length = readNumber();
    const message = bytes.subarray(offset, offset + length);
    if (message.length < length) return;
    if (type === SEI_REGISTERED) readPairs(message, pairs);
    offset += length;
  }
}

function readPairs(message: Uint8Array, pairs: CaptionPair[]): void {
  if (CAPTIONS_OF_ATSC.some((byte, index) => message[index] !== byte)) return;
  const flags = message[CAPTIONS_OF_ATSC.length] ?? 0;
  if ((flags & HAS_CAPTIONS) === 0) return;
  let offset = CAPTIONS_OF_ATSC.length + 2;
  for (let left = flags & COUNT; left > 0 && offset + 3 <= message.length; left--, offset += 3) {
    const [kind = 0, first = 0, second = 0] = message.subarray(offset, offset + 3);
    const field = (kind & 3) + 1;
    if ((kind & IS_VALID) === 0 || (field !== 1 && field !== 2)) continue;
    const pair = { field, first: first & WITHOUT_PARITY, second: second & WITHOUT_PARITY } as const;
    // Two zeros fill a field that has nothing to say.
    if (pair.first !== 0 || pair.second !== 0) pairs.push(pair);
  }
}

function lengthAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) * 0x100_0000 + (((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0));
}

/** Takes out the 3 of every 0 0 3, which is there only so that no start code occurs by chance (ITU-T H.264, 7.4.1). */
function withoutEmulationPrevention(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes.length);
  let count = 0;
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    kept[count++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return kept.subarray(0, count);
}
