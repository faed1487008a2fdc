import { decimalSeconds, isoDate } from './playlist-values.js';
import { STREAM_PATHS } from './origin-contract.js';
import type { RecordedSegment } from './segment-list.js';

/** What the playlist of a recording says beside its segments. */
export type RecordingPlaylistOptions = {
  /** Whole seconds; raised where a segment is longer. */
  readonly targetDurationSeconds: number;
  /** Nothing will follow: it is a recording for good (VOD). */
  readonly isEnded: boolean;
};

/**
 * Writes the media playlist of what is kept of a stream, by whole segments (RFC 8216bis; SPEC PL19–PL21). The origin and
 * the viewers' players write the same text.
 *
 * @param segments in the order of their media sequences; where some are missing, a discontinuity stands
 */
export function renderRecordingPlaylist(segments: readonly RecordedSegment[], options: RecordingPlaylistOptions): string {
  const longestSeconds = segments.reduce((most, { durationUs }) => Math.max(most, Math.round(durationUs / 1e6)), 0);
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${Math.max(1, options.targetDurationSeconds, longestSeconds)}`,
    ...(options.isEnded ? ['#EXT-X-PLAYLIST-TYPE:VOD'] : []),
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.mediaSequence ?? 0}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ];
  segments.forEach((segment, index) => {
    const before = segments[index - 1];
    const isBreak = before !== undefined && (segment.epoch !== before.epoch || segment.mediaSequence !== before.mediaSequence + 1);
    if (isBreak) lines.push('#EXT-X-DISCONTINUITY');
    if (isBreak || segment.initHash !== before?.initHash) lines.push(`#EXT-X-MAP:URI="${STREAM_PATHS.init(segment.initHash)}"`);
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${isoDate(segment.programDateTimeMs)}`,
      `#EXTINF:${decimalSeconds(segment.durationUs / 1e6)},`,
      STREAM_PATHS.segment(segment.epoch, segment.mediaSequence),
    );
  });
  if (options.isEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
