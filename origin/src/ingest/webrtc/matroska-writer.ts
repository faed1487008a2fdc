/** The tracks of a file, as far as a decoder has to know. */
export type MatroskaTracks = {
  readonly video: { readonly codec: 'h264' | 'vp8'; readonly width: number; readonly height: number; readonly codecPrivate: Buffer | undefined; readonly frameDurationNs: number } | undefined;
  readonly hasAudio: boolean;
};

/** One picture or one packet of sound. */
export type MatroskaBlock = { readonly track: 'video' | 'audio'; readonly timeMs: number; readonly isKey: boolean; readonly data: Uint8Array };

const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  defaultDuration: 0x23e383,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex');
const NUMBER = { video: 1, audio: 2 } as const;
const CODEC_ID = { h264: 'V_MPEG4/ISO/AVC', vp8: 'V_VP8' } as const;
/** Block times are 16 bits from the cluster's own, signed. */
const MAX_CLUSTER_MS = 20_000;

/**
 * Writes Matroska block by block, with no size known beforehand (RFC 9559): what a live encoder can read
 * from a pipe, each block as it comes. Times are whole ms.
 */
export class MatroskaWriter {
  #clusterMs: number | undefined;

  /** What a file begins with. */
  header({ video, hasAudio }: MatroskaTracks): Buffer {
    return Buffer.concat([
      element(ID.ebml, [textElement(ID.docType, 'matroska'), uintElement(ID.docTypeVersion, 4), uintElement(ID.docTypeReadVersion, 2)]),
      idBytes(ID.segment),
      UNKNOWN_SIZE,
      element(ID.info, [uintElement(ID.timestampScale, 1_000_000), textElement(ID.muxingApp, 'p2ptv'), textElement(ID.writingApp, 'p2ptv')]),
      element(ID.tracks, [...(video ? [videoEntry(video)] : []), ...(hasAudio ? [audioEntry()] : [])]),
    ]);
  }

  /** The next block; the first of a cluster brings the cluster's beginning with it. */
  block({ track, timeMs, isKey, data }: MatroskaBlock): Buffer {
    const time = Math.max(0, Math.round(timeMs));
    const isNewCluster = this.#clusterMs === undefined || time - this.#clusterMs > MAX_CLUSTER_MS || time < this.#clusterMs - MAX_CLUSTER_MS;
    if (isNewCluster) this.#clusterMs = time;
    const head = Buffer.alloc(4);
    head[0] = 0x80 | NUMBER[track];
    head.writeInt16BE(time - (this.#clusterMs ?? time), 1);
    head[3] = isKey || track === 'audio' ? 0x80 : 0;
    const block = Buffer.concat([idBytes(ID.simpleBlock), sizeBytes(head.length + data.length), head, data]);
    return isNewCluster ? Buffer.concat([idBytes(ID.cluster), UNKNOWN_SIZE, uintElement(ID.timestamp, time), block]) : block;
  }
}

function videoEntry({ codec, width, height, codecPrivate, frameDurationNs }: NonNullable<MatroskaTracks['video']>): Buffer {
  return element(ID.trackEntry, [
    uintElement(ID.trackNumber, NUMBER.video),
    uintElement(ID.trackUid, NUMBER.video),
    uintElement(ID.trackType, 1),
    uintElement(ID.flagLacing, 0),
    textElement(ID.codecId, CODEC_ID[codec]),
    ...(codecPrivate === undefined ? [] : [element(ID.codecPrivate, [codecPrivate])]),
    uintElement(ID.defaultDuration, frameDurationNs),
    element(ID.video, [uintElement(ID.pixelWidth, width), uintElement(ID.pixelHeight, height)]),
  ]);
}

function audioEntry(): Buffer {
  const opusHead = Buffer.alloc(19);
  opusHead.write('OpusHead', 'latin1');
  opusHead.set([1, 2], 8);
  opusHead.writeUInt32LE(48_000, 12);
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(48_000);
  return element(ID.trackEntry, [
    uintElement(ID.trackNumber, NUMBER.audio),
    uintElement(ID.trackUid, NUMBER.audio),
    uintElement(ID.trackType, 2),
    uintElement(ID.flagLacing, 0),
    textElement(ID.codecId, 'A_OPUS'),
    element(ID.codecPrivate, [opusHead]),
    element(ID.audio, [element(ID.samplingFrequency, [rate]), uintElement(ID.channels, 2)]),
  ]);
}

function element(id: number, content: readonly Uint8Array[]): Buffer {
  return Buffer.concat([idBytes(id), sizeBytes(content.reduce((sum, { length }) => sum + length, 0)), ...content]);
}

function uintElement(id: number, value: number): Buffer {
  const hex = value.toString(16);
  return element(id, [Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')]);
}

function textElement(id: number, text: string): Buffer {
  return element(id, [Buffer.from(text, 'latin1')]);
}

function idBytes(id: number): Buffer {
  return Buffer.from(id.toString(16), 'hex');
}

/** Always in four bytes: up to 256 MiB. */
function sizeBytes(size: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((0x10000000 | size) >>> 0);
  return bytes;
}
