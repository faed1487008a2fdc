import { STREAM_PATHS } from './origin-contract.js';
import type { Rendition, StreamRecord } from './stream-record.js';

/** Writes the multivariant playlist of a stream from its record: of one that has ended, to its recording. */
export function renderMultivariantPlaylist(record: StreamRecord): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS'];
  for (const rendition of record.renditions) {
    lines.push(
      `#EXT-X-STREAM-INF:${attributes(rendition).join(',')}`,
      record.isEnded ? STREAM_PATHS.recordingPlaylist(rendition.id) : STREAM_PATHS.mediaPlaylist(rendition.id),
    );
  }
  return `${lines.join('\n')}\n`;
}

function attributes(rendition: Rendition): string[] {
  const hasVideo = rendition.width > 0 && rendition.height > 0;
  return [
    `BANDWIDTH=${rendition.bandwidthBitsPerSecond}`,
    `AVERAGE-BANDWIDTH=${rendition.averageBandwidthBitsPerSecond}`,
    `CODECS="${rendition.codecs}"`,
    ...(hasVideo ? [`RESOLUTION=${rendition.width}x${rendition.height}`] : []),
    ...(hasVideo && rendition.frameRate > 0 ? [`FRAME-RATE=${rendition.frameRate.toFixed(3)}`] : []),
  ];
}
