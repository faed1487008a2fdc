import type { RtpParameters } from './rtp-parameters.js';
import type { TrackCodec } from './sfu-port.js';

const CODECS: Readonly<Record<string, TrackCodec>> = { 'audio/opus': 'opus', 'video/h264': 'h264', 'video/vp8': 'vp8' };

/** For clients. */
export const UNKNOWN_CODEC = 'Only Opus, and H.264 or VP8, can be published.';

/** What is in a track's packets; undefined: nothing that we take. */
export function trackCodecOf(kind: 'audio' | 'video', { codecs }: RtpParameters): TrackCodec | undefined {
  const mimeType = codecs[0]?.mimeType.toLowerCase() ?? '';
  return mimeType.startsWith(kind) ? CODECS[mimeType] : undefined;
}
