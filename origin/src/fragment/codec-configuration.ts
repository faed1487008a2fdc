/** What the decoder configuration of an H.264 track says. */
export type VideoConfiguration = {
  readonly avcC: Uint8Array;
  /** RFC 6381, e.g. `avc1.42c01f`. */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
};

/** What the decoder configuration of an AAC track says. */
export type AudioConfiguration = {
  readonly audioSpecificConfig: Uint8Array;
  /** RFC 6381, e.g. `mp4a.40.2`. */
  readonly codec: string;
  readonly sampleRate: number;
  readonly channelCount: number;
};

/** ISO/IEC 14496-3, table 1.18. */
const AAC_SAMPLE_RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];
/** Profiles whose sequence parameter set has the chroma fields (ITU-T H.264, 7.3.2.1.1). */
const PROFILES_WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/**
 * Reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) and the first sequence parameter set in it.
 *
 * @returns undefined when the bytes are no such record
 */
export function parseAvcConfiguration(avcC: Uint8Array): VideoConfiguration | undefined {
  const [version, profile, compatibility, level, lengthSize, setCount] = avcC;
  if (version !== 1 || profile === undefined || compatibility === undefined || level === undefined) return undefined;
  // Packaging copies NAL units as they are, so their lengths must already be four bytes long.
  if (lengthSize === undefined || (lengthSize & 3) !== 3 || setCount === undefined || (setCount & 31) === 0) return undefined;
  const setBytes = ((avcC[6] ?? 0) << 8) | (avcC[7] ?? 0);
  const set = avcC.subarray(8, 8 + setBytes);
  if (set.length < 4 || set.length !== setBytes) return undefined;
  const size = parsePictureSize(set);
  if (size === undefined) return undefined;
  const hex = [profile, compatibility, level].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { avcC, codec: `avc1.${hex}`, ...size };
}

/**
 * Reads an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
 *
 * @returns undefined when the bytes are no such record, or name a layout that AAC-LC encoders don't make
 */
export function parseAudioSpecificConfig(audioSpecificConfig: Uint8Array): AudioConfiguration | undefined {
  const [first, second] = audioSpecificConfig;
  if (first === undefined || second === undefined) return undefined;
  const objectType = first >> 3;
  const sampleRate = AAC_SAMPLE_RATES[((first & 7) << 1) | (second >> 7)];
  const channelCount = (second >> 3) & 15;
  if (objectType === 0 || objectType === 31 || sampleRate === undefined || channelCount === 0 || channelCount > 7) return undefined;
  return {
    audioSpecificConfig,
    codec: `mp4a.40.${objectType}`,
    sampleRate,
    channelCount: channelCount === 7 ? 8 : channelCount,
  };
}

/** Width and height of the visible picture, from a sequence parameter set with its NAL header. */
function parsePictureSize(set: Uint8Array): { width: number; height: number } | undefined {
  const bits = new BitReader(withoutEmulationPrevention(set));
  bits.skip(8);
  const profile = bits.read(8);
  bits.skip(16);
  bits.readUnsigned();
  let chromaFormat = 1;
  if (PROFILES_WITH_CHROMA.has(profile)) {
    chromaFormat = bits.readUnsigned();
    if (chromaFormat === 3) bits.skip(1);
    bits.readUnsigned();
    bits.readUnsigned();
    bits.skip(1);
    if (bits.read(1) === 1) skipScalingMatrices(bits, chromaFormat);
  }
  bits.readUnsigned();
  const orderType = bits.readUnsigned();
  if (orderType === 0) bits.readUnsigned();
  else if (orderType === 1) {
    bits.skip(1);
    bits.readUnsigned();
    bits.readUnsigned();
    for (let left = Math.min(bits.readUnsigned(), 255); left > 0; left--) bits.readUnsigned();
  }
  bits.readUnsigned();
  bits.skip(1);
  const widthBlocks = bits.readUnsigned() + 1;
  const heightUnits = bits.readUnsigned() + 1;
  const isFrameOnly = bits.read(1);
  if (isFrameOnly === 0) bits.skip(1);
  bits.skip(1);
  let [left, right, top, bottom] = [0, 0, 0, 0];
  if (bits.read(1) === 1) [left, right, top, bottom] = [bits.readUnsigned(), bits.readUnsigned(), bits.readUnsigned(), bits.readUnsigned()];
  if (bits.isBeyondEnd) return undefined;
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * (2 - isFrameOnly);
  const width = widthBlocks * 16 - (left + right) * cropX;
  const height = heightUnits * 16 * (2 - isFrameOnly) - (top + bottom) * cropY;
  return width > 0 && height > 0 ? { width, height } : undefined;
}

function skipScalingMatrices(bits: BitReader, chromaFormat: number): void {
  for (let index = 0; index < (chromaFormat === 3 ? 12 : 8); index++) {
    if (bits.read(1) === 0) continue;
    let last = 8;
    let next = 8;
    for (let coefficient = 0; coefficient < (index < 6 ? 16 : 64); coefficient++) {
      if (next !== 0) next = (last + bits.readSigned() + 256) % 256;
      last = next === 0 ? last : next;
    }
  }
}

/** Takes out the 3 of every 0 0 3, which is there only so that no start code occurs by chance. */
function withoutEmulationPrevention(nal: Uint8Array): Uint8Array {
  const kept: number[] = [];
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    kept.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(kept);
}

/** Reads bits and Exp-Golomb codes (ITU-T H.264, 9.1); beyond the end it gives zeros and remembers it. */
class BitReader {
  #position = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isBeyondEnd(): boolean {
    return this.#position > this.#bytes.length * 8;
  }

  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }

  readUnsigned(): number {
    let zeros = 0;
    while (zeros < 32 && !this.isBeyondEnd && this.read(1) === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  readSigned(): number {
    const code = this.readUnsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
