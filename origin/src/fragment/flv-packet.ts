import type { FlvTag } from './flv-reader.js';

/** What an FLV audio or video tag carries, for the two codecs that our encoder is told to use. */
export type FlvPacket =
  | { readonly kind: 'avcConfiguration'; readonly avcC: Uint8Array }
  | { readonly kind: 'aacConfiguration'; readonly audioSpecificConfig: Uint8Array }
  | {
      readonly kind: 'videoFrame';
      /** NAL units, each behind its four-byte length: as MP4 stores them. */
      readonly data: Uint8Array;
      readonly isKey: boolean;
      readonly timestampMs: number;
      /** How much later than decoded it is shown; not zero where frames are coded out of order. */
      readonly compositionMs: number;
    }
  | { readonly kind: 'audioFrame'; readonly data: Uint8Array; readonly timestampMs: number }
  /** Metadata, the end of a sequence, empty tags. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unsupported'; readonly reason: string };

const CODEC_AVC = 7;
const CODEC_AAC = 10;
const FRAME_KEY = 1;

/** Takes a tag apart (Adobe FLV specification 10.1, annex E.4.2 and E.4.3). */
export function parseFlvPacket(tag: FlvTag): FlvPacket {
  const { kind, body, timestampMs } = tag;
  const [first, packetType] = body;
  if (kind === 'script' || first === undefined || packetType === undefined) return { kind: 'nothing' };
  if (kind === 'audio') {
    if (first >> 4 !== CODEC_AAC) return { kind: 'unsupported', reason: `audio codec ${first >> 4}` };
    const data = body.subarray(2);
    if (packetType === 0) return { kind: 'aacConfiguration', audioSpecificConfig: data };
    return data.length === 0 ? { kind: 'nothing' } : { kind: 'audioFrame', data, timestampMs };
  }
  if ((first & 0x8f) !== CODEC_AVC) return { kind: 'unsupported', reason: `video codec ${first & 0x8f}` };
  const data = body.subarray(5);
  if (packetType === 0) return { kind: 'avcConfiguration', avcC: data };
  if (packetType !== 1 || data.length === 0) return { kind: 'nothing' };
  // 24 bits with a sign.
  const compositionMs = (((body[2] ?? 0) << 24) | ((body[3] ?? 0) << 16) | ((body[4] ?? 0) << 8)) >> 8;
  return { kind: 'videoFrame', data, isKey: first >> 4 === FRAME_KEY, timestampMs, compositionMs };
}
