import {
  blockCountOf,
  BLOCK_BYTES,
  encodeChunkHeader,
  isSlug,
  keyPairFromSecret,
  LIMITS,
  sign,
  SIGNATURE_BYTES,
  signedChunkHeader,
  type ByeReason,
  type ChunkHeader,
  type ChunkSequence,
  type Holding,
  type PeerId,
  type PeerStatus,
  type RejectReason,
  type RenditionId,
  type Signal,
  type SignedChunkHeader,
  type StreamId,
  type StreamLink,
  type WireMessage,
} from '@p2ptv/protocol';
import fc from 'fast-check';

// The same cases in every run: a failure here is a failure everywhere.
fc.configureGlobal({ seed: 20_261_121 });

/** Key pairs of two parties that must never be taken for each other. */
export const publisher = keyPairFromSecret(new Uint8Array(32).fill(7));
export const stranger = keyPairFromSecret(new Uint8Array(32).fill(8));

export const UINT32_MAX = 0xffff_ffff;

/** Signs in the test's place of a publisher or tracker. */
export function signerOf(pair: { secretKey: Uint8Array }): (message: Uint8Array) => Uint8Array {
  return (message) => sign(message, pair.secretKey);
}

export function hexString(digits: number): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'.split('')),
    minLength: digits,
    maxLength: digits,
  });
}

export const streamIds = hexString(40) as fc.Arbitrary<StreamId>;
export const peerIds = hexString(32) as fc.Arbitrary<PeerId>;
export const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });
export const uint32s = fc.oneof(fc.nat({ max: UINT32_MAX }), fc.constantFrom(0, 1, UINT32_MAX));
export const renditionIds = fc.nat({ max: LIMITS.renditions - 1 }) as fc.Arbitrary<RenditionId>;
export const sequences = uint32s as fc.Arbitrary<ChunkSequence>;
export const slugs = fc
  .string({ unit: fc.constantFrom(...'abcxyz0189-'.split('')), minLength: 1, maxLength: 64 })
  .filter((slug) => isSlug(slug));
export const fingerprints = digests.map((bytes) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':'),
);

const byteLengths = fc.oneof(
  fc.integer({ min: 1, max: 6 * BLOCK_BYTES }),
  fc.constantFrom(1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, LIMITS.chunkBytes),
);

/** Any header that a publisher may sign. */
export const chunkHeaders: fc.Arbitrary<ChunkHeader> = byteLengths.chain((byteLength) =>
  fc.record({
    streamId: streamIds,
    epoch: uint32s,
    rendition: renditionIds,
    sequence: sequences,
    mediaSequence: uint32s,
    partIndex: fc.nat({ max: 0xffff }),
    isIndependent: fc.boolean(),
    isSegmentLast: fc.boolean(),
    durationUs: fc.oneof(fc.integer({ min: 1, max: 30_000_000 }), fc.constantFrom(1, 30_000_000)),
    programDateTimeMs: fc.oneof(
      fc.nat({ max: 253_402_300_799_999 }),
      fc.constantFrom(0, 2 ** 32, 253_402_300_799_999),
    ),
    byteLength: fc.constant(byteLength),
    initHash: hexString(64),
    blockHashes: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((first) =>
        Array.from({ length: blockCountOf(byteLength) }, (_, index) =>
          first.map((byte) => (byte + index) & 0xff),
        ),
      ),
  }),
);

/** Headers with signatures of the right length that nobody made: enough for codecs, which don't check them. */
export const signedHeaders: fc.Arbitrary<SignedChunkHeader> = fc
  .tuple(chunkHeaders, fc.uint8Array({ minLength: SIGNATURE_BYTES, maxLength: SIGNATURE_BYTES }))
  .map(([header, signature]) => signedChunkHeader(header, encodeChunkHeader(header), signature));

export const peerStatuses: fc.Arbitrary<PeerStatus> = fc.record({
  uplinkKbps: uint32s,
  queuedBytes: uint32s,
  isUploading: fc.boolean(),
  isVisible: fc.boolean(),
  renditions: fc.nat({ max: 0xffff }),
});

const chunkRef = { rendition: renditionIds, sequence: sequences };
export const HOLDINGS: readonly Holding[] = ['none', 'incoming', 'complete'];
export const REJECT_REASONS: readonly RejectReason[] = ['notHeld', 'overLimit', 'notUploading', 'tooLate'];
export const BYE_REASONS: readonly ByeReason[] = [
  'leaving',
  'badBlock',
  'badHeader',
  'misbehaviour',
  'tooManyLinks',
  'idle',
];

function asciiOf(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary-ascii', minLength, maxLength: Math.min(maxLength, 40) }),
    fc.constantFrom('x'.repeat(maxLength), '\r\n'.repeat(maxLength / 2), 'y'.repeat(Math.max(minLength, 1))),
  );
}

/** Every signal that a neighbour may carry. */
export const signals: fc.Arbitrary<Signal> = fc.record({
  from: peerIds,
  to: peerIds,
  connectionId: fc.integer({ min: 8, max: 32 }).chain(hexString),
  body: fc.oneof(
    fc.record({
      kind: fc.constantFrom('offer' as const, 'answer' as const),
      ticket: asciiOf(1, 2048),
      sdp: asciiOf(0, LIMITS.signalBytes),
    }),
    fc.record({ kind: fc.constant('candidate' as const), mid: asciiOf(0, 32), candidate: asciiOf(0, 1024) }),
    fc.record({
      kind: fc.constant('refuse' as const),
      reason: fc.constantFrom('full' as const, 'badTicket' as const, 'gone' as const),
    }),
  ),
});

/** Every message that one neighbour may send another. */
export const wireMessages: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), version: fc.nat({ max: 255 }), status: peerStatuses }),
  fc.record({ kind: fc.constant('status' as const), status: peerStatuses }),
  fc.record({
    kind: fc.constant('header' as const),
    signed: signedHeaders,
    holding: fc.constantFrom(...HOLDINGS),
    aheadKib: fc.nat({ max: 0xffff }),
  }),
  fc.record({ kind: fc.constantFrom('incoming' as const, 'have' as const), ...chunkRef, aheadKib: fc.nat({ max: 0xffff }) }),
  fc.record({ kind: fc.constant('cancel' as const), ...chunkRef }),
  fc
    .record({
      kind: fc.constant('request' as const),
      ...chunkRef,
      firstBlock: fc.nat({ max: 255 }),
      blockCount: fc.integer({ min: 1, max: 256 }),
      deadlineInMs: fc.nat({ max: 0xffff }),
    })
    .filter(({ firstBlock, blockCount }) => firstBlock + blockCount <= 256),
  fc.record({
    kind: fc.constant('block' as const),
    ...chunkRef,
    index: fc.nat({ max: 255 }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.constantFrom(new Uint8Array(BLOCK_BYTES).fill(9), new Uint8Array(BLOCK_BYTES - 1).fill(3)),
    ),
  }),
  fc.record({
    kind: fc.constant('reject' as const),
    ...chunkRef,
    reason: fc.constantFrom(...REJECT_REASONS),
  }),
  fc.record({ kind: fc.constant('queued' as const), ...chunkRef, aheadBytes: uint32s }),
  fc.record({
    kind: fc.constant('offers' as const),
    rendition: renditionIds,
    pathMs: fc.array(fc.nat({ max: 0xffff }), { minLength: 8, maxLength: 8 }),
  }),
  fc.record({
    kind: fc.constant('holdings' as const),
    rendition: renditionIds,
    sequence: fc.nat({ max: 0x1fff_ff00 }).map((eighth) => (eighth * 8) as ChunkSequence),
    bits: fc.uint8Array({ minLength: 1, maxLength: LIMITS.holdingsBytes }),
  }),
  fc.record({
    kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
    rendition: renditionIds,
    stripe: fc.nat({ max: 7 }),
  }),
  fc.record({
    kind: fc.constant('peers' as const),
    peers: fc.array(
      fc.record({
        peerId: peerIds,
        role: fc.constantFrom('viewer' as const, 'seeder' as const),
        uplinkKbps: uint32s,
        isUploading: fc.boolean(),
        isVisible: fc.boolean(),
      }),
      { minLength: 1, maxLength: LIMITS.peersPerMessage },
    ),
  }),
  fc.record({ kind: fc.constant('relay' as const), signal: signals }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), nonce: uint32s }),
  fc.record({ kind: fc.constant('bye' as const), reason: fc.constantFrom(...BYE_REASONS) }),
);

const hosts = fc.constantFrom(
  'live.example',
  '127.0.0.1:8080',
  '[2001:db8::1]:8443',
  'a-b.example:1',
  'höhle.example',
);
const addresses = fc
  .tuple(
    fc.constantFrom('http', 'https'),
    hosts,
    fc.constantFrom('', '/live/main', '/a%20b/c', '/tracker;v=1/x&y=z', '/live/übung+1', '/p@th/:x,(y)'),
  )
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`);

/** Links with titles of any Unicode text, control characters, quotes, percent signs and ampersands among it. */
export const streamLinks: fc.Arbitrary<StreamLink> = fc
  .record({
    streamId: streamIds,
    publicKey: digests,
    title: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom(
        '',
        'a&b=c#d?e',
        '100 %',
        '+1 + 2',
        '\uFEFFbom',
        '"><script>',
        ' ',
        '%',
        'xt=urn:p2ptv:0',
      ),
    ),
    trackers: fc.array(addresses, { maxLength: 3 }),
    origins: fc.array(addresses, { maxLength: 3 }),
  })
  .filter(({ trackers, origins }) => trackers.length + origins.length > 0);

/** A header with everything given a plain value. */
export function headerWith(fields: Partial<Record<keyof ChunkHeader, unknown>> = {}): ChunkHeader {
  return {
    streamId: '00112233445566778899aabbccddeeff00112233',
    epoch: 1,
    rendition: 0,
    sequence: 100,
    mediaSequence: 10,
    partIndex: 0,
    isIndependent: true,
    isSegmentLast: false,
    durationUs: 200_000,
    programDateTimeMs: Date.UTC(2026, 10, 21, 8, 0, 0),
    byteLength: 40_000,
    initHash: 'ab'.repeat(32),
    blockHashes: [1, 2, 3].map((value) => new Uint8Array(32).fill(value)),
    ...fields,
  } as ChunkHeader;
}

/** Signs a header as its publisher does. */
export function signHeader(header: ChunkHeader, pair = publisher): SignedChunkHeader {
  const encoded = encodeChunkHeader(header);
  return signedChunkHeader(header, encoded, sign(encoded, pair.secretKey));
}

/** A copy with one byte changed. */
export function withByteFlipped(bytes: Uint8Array, index: number, mask: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = copy[index]! ^ mask;
  return copy;
}
