import type { FlvTag } from './flv-reader.js';

const TAG_TYPES = { audio: 8, video: 9, script: 18 } as const;

/** The header of an FLV stream. The flags must be true: a demuxer waits for each announced track before it begins. */
export function flvHeader(tracks: { readonly hasAudio: boolean; readonly hasVideo: boolean }): Uint8Array {
  const flags = (tracks.hasAudio ? 4 : 0) | (tracks.hasVideo ? 1 : 0);
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0);
}

/** One tag with the length that follows it. */
export function flvTag(tag: FlvTag): Uint8Array {
  const bytes = new Uint8Array(11 + tag.body.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (TAG_TYPES[tag.kind] << 24) | tag.body.length);
  view.setUint32(4, (tag.timestampMs & 0xff_ffff) << 8);
  view.setUint8(7, Math.floor(tag.timestampMs / 0x100_0000) & 0xff);
  bytes.set(tag.body, 11);
  view.setUint32(11 + tag.body.length, 11 + tag.body.length);
  return bytes;
}
