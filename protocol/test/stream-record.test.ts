import {
  decodeStreamRecord,
  deriveStreamId,
  encodePublicKey,
  encodeSignedText,
  encodeStreamRecord,
  type StreamRecord,
} from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { publisher, signerOf, stranger } from './arbitraries.js';

const signer = signerOf(publisher);
const streamId = deriveStreamId(publisher.publicKey, 'main');
const expected = { streamId, publicKey: publisher.publicKey };

const record: StreamRecord = {
  version: 1,
  streamId,
  slug: 'main',
  title: 'Evening news – “live” 🎥',
  revision: 3,
  epoch: 2,
  partTargetMs: 200.2,
  targetDurationSeconds: 2,
  renditions: [
    {
      id: 0 as StreamRecord['renditions'][number]['id'],
      codecs: 'avc1.42c01e,mp4a.40.2',
      width: 640,
      height: 360,
      frameRate: 29.97,
      bandwidthBitsPerSecond: 1_000_000,
      averageBandwidthBitsPerSecond: 900_000,
      initHash: 'cd'.repeat(32),
    },
  ],
  isEnded: false,
};

/** Signs what the type would not let a publisher write. */
function readAltered(fields: Record<string, unknown>): StreamRecord | undefined {
  return decodeStreamRecord(encodeSignedText('p2ptv record v1', { ...record, ...fields }, signer), expected);
}

function readAlteredRendition(fields: Record<string, unknown>): StreamRecord | undefined {
  return readAltered({ renditions: [{ ...record.renditions[0], ...fields }] });
}

describe('stream record', () => {
  it('SR5: is read back as it was written', () => {
    expect(decodeStreamRecord(encodeStreamRecord(record, signer), expected)).toEqual(record);
  });

  it.each([
    ['version', 2],
    ['version', undefined],
    ['slug', 'Main'],
    ['slug', '../main'],
    ['title', 'x'.repeat(201)],
    ['title', 7],
    ['revision', -1],
    ['revision', 1.5],
    ['epoch', -1],
    ['partTargetMs', 0],
    ['partTargetMs', 10_001],
    ['partTargetMs', null],
    ['targetDurationSeconds', 0],
    ['targetDurationSeconds', 2.5],
    ['targetDurationSeconds', 61],
    ['renditions', []],
    ['renditions', Array.from({ length: 17 }, () => record.renditions[0])],
    ['isEnded', 'no'],
    ['captions', 'CC1'],
    ['captions', ['CC5']],
    ['captions', ['CC1"\n#EXT-X-ENDLIST']],
    ['captions', Array.from({ length: 17 }, () => 'CC1')],
  ])('SR5 VR1: is refused with %s %j', (name, value) => {
    expect(readAltered({ [name]: value })).toBeUndefined();
  });

  it.each([
    ['id', 16],
    ['codecs', 'avc1"\n#EXT-X-ENDLIST'],
    ['codecs', ''],
    ['width', -2],
    ['height', 0.5],
    ['frameRate', 1001],
    ['bandwidthBitsPerSecond', 0],
    ['averageBandwidthBitsPerSecond', '900000'],
    ['initHash', 'CD'.repeat(32)],
    ['initHash', '../../etc/passwd'],
  ])('SR5: is refused with a rendition of %s %j', (name, value) => {
    expect(readAlteredRendition({ [name]: value })).toBeUndefined();
  });

  it('SR5: tells of captions in the picture, also of such as this reader shows none of', () => {
    expect(readAltered({ captions: ['CC1', 'SERVICE2'] })).toEqual({ ...record, captions: ['CC1', 'SERVICE2'] });
  });

  it('VR3: unknown fields are dropped', () => {
    expect(readAltered({ mood: 'sunny' })).toEqual(record);
  });

  it('SR6: is refused when key and slug do not give the stream', () => {
    expect(readAltered({ slug: 'other' })).toBeUndefined();
    const foreign = { ...record, streamId: deriveStreamId(publisher.publicKey, 'other') };
    expect(decodeStreamRecord(encodeStreamRecord(foreign, signer), expected)).toBeUndefined();
  });

  it('SR6: is refused when it is true, but of another stream than expected', () => {
    const other = { streamId: deriveStreamId(publisher.publicKey, 'other'), publicKey: publisher.publicKey };
    expect(decodeStreamRecord(encodeStreamRecord(record, signer), other)).toBeUndefined();
  });

  it('SR6: is refused when another key signed it', () => {
    expect(decodeStreamRecord(encodeStreamRecord(record, signerOf(stranger)), expected)).toBeUndefined();
    const theirs = { streamId, publicKey: stranger.publicKey };
    expect(decodeStreamRecord(encodeStreamRecord(record, signerOf(stranger)), theirs)).toBeUndefined();
  });

  it('SR7: is refused beyond 16,384 characters, though signed', () => {
    const lengthOf = (padding: number): [number, StreamRecord | undefined] => {
      const text = encodeSignedText('p2ptv record v1', { ...record, padding: 'x'.repeat(padding) }, signer);
      return [text.length, decodeStreamRecord(text, expected)];
    };
    const [base] = lengthOf(0);
    // Four characters of base64 for three bytes of padding.
    const [longest, read] = lengthOf(Math.floor(((16_384 - base) * 3) / 4) - 1);
    expect(longest).toBeGreaterThan(16_370);
    expect(longest).toBeLessThanOrEqual(16_384);
    expect(read).toEqual(record);
    const [tooLong, refused] = lengthOf(Math.floor(((16_384 - base) * 3) / 4) + 6);
    expect(tooLong).toBeGreaterThan(16_384);
    expect(refused).toBeUndefined();
  });

  it('LK1: the key stands in links as 43 characters', () => {
    expect(encodePublicKey(publisher.publicKey)).toBe(Buffer.from(publisher.publicKey).toString('base64url'));
  });
});
