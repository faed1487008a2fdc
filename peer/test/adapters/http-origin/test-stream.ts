import {
  BLOCK_BYTES,
  deriveStreamId,
  digest,
  encodeChunkHeader,
  encodeHeaderBatch,
  encodeStreamRecord,
  keyPairFromSecret,
  randomInteger,
  seededRandom,
  sign,
  signedChunkHeader,
  type ChunkSequence,
  type OriginJoinAnswer,
  type RenditionId,
  type SignedChunkHeader,
  type StreamLink,
} from '@p2ptv/protocol';

/** A small published stream, signed for real. */
export class TestStream {
  readonly link: StreamLink;
  readonly init = new Uint8Array(700).fill(1);
  readonly initHash = Buffer.from(digest(this.init)).toString('hex');
  readonly #secretKey: Uint8Array;

  constructor(seed = 1) {
    this.#secretKey = new Uint8Array(32).fill(seed);
    const { publicKey } = keyPairFromSecret(this.#secretKey);
    const streamId = deriveStreamId(publicKey, 'main');
    this.link = { streamId, publicKey, title: 'Test', trackers: [], origins: [] };
  }

  /** The bytes and the signed header of a chunk: about 40 kB, different for each sequence. */
  chunk(sequence: number): { bytes: Uint8Array<ArrayBuffer>; header: SignedChunkHeader['header']; signed: SignedChunkHeader } {
    const random = seededRandom(sequence);
    const bytes = Uint8Array.from({ length: 40_000 + sequence }, () => randomInteger(random, 256));
    const blockHashes: Uint8Array[] = [];
    for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
      blockHashes.push(digest(bytes.subarray(start, start + BLOCK_BYTES)));
    }
    const header = {
      streamId: this.link.streamId,
      epoch: 1,
      rendition: 0 as RenditionId,
      sequence: sequence as ChunkSequence,
      mediaSequence: Math.floor(sequence / 10),
      partIndex: sequence % 10,
      isIndependent: sequence % 5 === 0,
      isSegmentLast: sequence % 10 === 9,
      durationUs: 200_000,
      programDateTimeMs: 1_760_000_000_000 + sequence * 200,
      byteLength: bytes.length,
      initHash: this.initHash,
      blockHashes,
    };
    const encoded = encodeChunkHeader(header);
    return { bytes, header, signed: signedChunkHeader(header, encoded, sign(encoded, this.#secretKey)) };
  }

  headerBatch(sequences: number[]): Uint8Array {
    return encodeHeaderBatch(sequences.map((sequence) => this.chunk(sequence).signed));
  }

  /** A join answer in front of its parts: length, JSON; and the parts that its headers name. */
  joinWithMedia(): { head: Buffer; media: Buffer } {
    const json = Buffer.from(JSON.stringify(this.joinAnswer()));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    return { head: Buffer.concat([length, json]), media: Buffer.concat([4, 5].map((sequence) => this.chunk(sequence).bytes)) };
  }

  joinAnswer(): OriginJoinAnswer {
    const record = {
      version: 1 as const,
      streamId: this.link.streamId,
      slug: 'main',
      title: 'Test',
      revision: 1,
      epoch: 1,
      partTargetMs: 200,
      targetDurationSeconds: 2,
      renditions: [
        {
          id: 0 as RenditionId,
          codecs: 'avc1.42c01e,mp4a.40.2',
          width: 640,
          height: 360,
          frameRate: 30,
          bandwidthBitsPerSecond: 1_000_000,
          averageBandwidthBitsPerSecond: 900_000,
          initHash: this.initHash,
        },
      ],
      isEnded: false,
    };
    return {
      version: 1,
      record: encodeStreamRecord(record, (message) => sign(message, this.#secretKey)),
      rendition: 0 as RenditionId,
      initHash: this.initHash,
      init: Buffer.from(this.init).toString('base64'),
      headers: Buffer.from(this.headerBatch([4, 5])).toString('base64'),
      warmPeers: [],
      wallMs: 1_760_000_000_000,
    };
  }
}
