import { STREAM_PATHS, type CaptionTrack } from './origin-contract.js';
import type { Rendition, StreamRecord } from './stream-record.js';

/** Writes the multivariant playlist of a stream from its record: with its captions that are text; of one that has ended, to its recording. */
export function renderMultivariantPlaylist(record: StreamRecord, captions: readonly CaptionTrack[] = []): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS'];
  for (const [track, { language, name }] of captions.entries()) {
    lines.push(`#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="${quotable(name)}",LANGUAGE="${quotable(language)}",AUTOSELECT=YES,DEFAULT=NO,URI="${STREAM_PATHS.captionsPlaylist(track)}"`);
  }
  const inPicture = record.captions ?? [];
  for (const channel of inPicture) {
    lines.push(`#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="picture",NAME="${captionsName(channel)}",AUTOSELECT=YES,DEFAULT=NO,INSTREAM-ID="${channel}"`);
  }
  const groups = [...(captions.length > 0 ? ['SUBTITLES="captions"'] : []), ...(inPicture.length > 0 ? ['CLOSED-CAPTIONS="picture"'] : [])];
  for (const rendition of record.renditions) {
    lines.push(
      `#EXT-X-STREAM-INF:${[...attributes(rendition), ...groups].join(',')}`,
      record.isEnded ? STREAM_PATHS.recordingPlaylist(rendition.id) : STREAM_PATHS.mediaPlaylist(rendition.id),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What people choose captions in the picture by: nothing in them tells their language. */
export function captionsName(channel: string): string {
  return `Captions ${channel}`;
}

/** What a quoted attribute can hold (RFC 8216bis section 4.2). */
function quotable(text: string): string {
  return text.replace(/["\r\n]/g, ' ');
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
