import type { ChunkHeader } from './chunk-header.js';
import type { RenditionId } from './ids.js';
import type { MediaTimeline, TimelineSegment } from './media-timeline.js';
import { STREAM_PATHS } from './origin-contract.js';
import { decimalSeconds, isoDate } from './playlist-values.js';

/** What a media playlist says beside its segments. */
export type MediaPlaylistOptions = {
  /** Longest part, ms. */
  readonly partTargetMs: number;
  /** Whole seconds; must not change during a stream. */
  readonly targetDurationSeconds: number;
  /** Distance from the edge that players shall keep, in parts; RFC 8216bis wants at least 3. */
  readonly partHoldBackParts: number;
  /** Write a delta update if enough old segments can be skipped. */
  readonly isSkipWanted: boolean;
  /** No more parts will come. */
  readonly isEnded: boolean;
  /** How far the stream's other renditions are; none: this is the only one, or nobody switches by these playlists. */
  readonly reports?: readonly RenditionReport[];
};

/** The newest part of another rendition, for players that switch to it (RFC 8216bis 4.4.5.4). */
export type RenditionReport = { readonly rendition: RenditionId; readonly mediaSequence: number; readonly partIndex: number };

/** Segments that end no further than this many target durations from the edge list their parts (RFC 8216bis 6.2.2). */
const PARTS_WITHIN_TARGET_DURATIONS = 3;
/** CAN-SKIP-UNTIL in target durations (RFC 8216bis 4.4.3.8: at least 6). */
const SKIP_UNTIL_TARGET_DURATIONS = 6;

/**
 * Writes a low-latency media playlist (RFC 8216bis) from a timeline. The origin and the viewers'
 * engines write the same text from the same headers.
 *
 * @returns a playlist without segments when the timeline is empty
 */
export function renderMediaPlaylist(timeline: MediaTimeline, options: MediaPlaylistOptions): string {
  const segments = timeline.segments;
  const targetSeconds = options.targetDurationSeconds;
  const skipUntilSeconds = targetSeconds * SKIP_UNTIL_TARGET_DURATIONS;
  // Whole microseconds, rounded up: no part may exceed the target, nor three targets the hold-back.
  const partTargetUs = Math.ceil(Number((options.partTargetMs * 1000).toFixed(3)));
  const partHoldBackUs = Math.ceil(Number((partTargetUs * options.partHoldBackParts).toFixed(3)));
  const first = segments[0];
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES' +
      `,PART-HOLD-BACK=${decimalSeconds(partHoldBackUs / 1e6)}` +
      `,HOLD-BACK=${decimalSeconds(targetSeconds * 3)},CAN-SKIP-UNTIL=${decimalSeconds(skipUntilSeconds)}`,
    `#EXT-X-PART-INF:PART-TARGET=${decimalSeconds(partTargetUs / 1e6)}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.mediaSequence ?? 0}`,
    // Epochs count discontinuities, so the first segment's is the sequence number of its discontinuity.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.epoch ?? 0}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ];
  // An ended playlist is always whole (RFC 8216bis 6.2.5.1).
  const skipped = options.isSkipWanted && !options.isEnded ? skippableSegments(segments, skipUntilSeconds) : 0;
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  const firstWithParts = firstSegmentWithParts(segments, targetSeconds * PARTS_WITHIN_TARGET_DURATIONS);
  segments.forEach((segment, index) => {
    if (index < skipped) return;
    const before = segments[index - 1];
    const initHash = segment.parts[0]?.initHash ?? '';
    const epochsPassed = before === undefined ? 0 : segment.epoch - before.epoch;
    for (let epoch = 0; epoch < epochsPassed; epoch++) lines.push('#EXT-X-DISCONTINUITY');
    // A delta update repeats the map only where it changes: the client knows the one before.
    const isMapNew = epochsPassed > 0 || initHash !== before?.parts[0]?.initHash;
    if (isMapNew) lines.push(`#EXT-X-MAP:URI="${STREAM_PATHS.init(initHash)}"`);
    lines.push(...segmentLines(segment, index >= firstWithParts));
  });
  const last = timeline.last;
  if (options.isEnded) lines.push('#EXT-X-ENDLIST');
  else if (last) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${STREAM_PATHS.part(last.sequence + 1)}"`);
  if (!options.isEnded) lines.push(...(options.reports ?? []).map(reportLine));
  return `${lines.join('\n')}\n`;
}

function segmentLines(segment: TimelineSegment, isWithParts: boolean): string[] {
  const firstPart = segment.parts[0];
  const lines: string[] = [];
  if (firstPart) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${isoDate(firstPart.programDateTimeMs)}`);
  if (isWithParts) lines.push(...segment.parts.map(partLine));
  if (segment.isComplete) {
    lines.push(
      `#EXTINF:${decimalSeconds(segment.durationUs / 1e6)},`,
      STREAM_PATHS.segment(segment.epoch, segment.mediaSequence),
    );
  }
  return lines;
}

function partLine(part: ChunkHeader): string {
  const independent = part.isIndependent ? ',INDEPENDENT=YES' : '';
  return `#EXT-X-PART:DURATION=${decimalSeconds(part.durationUs / 1e6)},URI="${STREAM_PATHS.part(part.sequence)}"${independent}`;
}

function reportLine({ rendition, mediaSequence, partIndex }: RenditionReport): string {
  return `#EXT-X-RENDITION-REPORT:URI="../${STREAM_PATHS.mediaPlaylist(rendition)}",LAST-MSN=${mediaSequence},LAST-PART=${partIndex}`;
}

/** How many of the oldest segments lie further from the edge than the skip boundary. */
function skippableSegments(segments: readonly TimelineSegment[], skipUntilSeconds: number): number {
  let fromEdgeUs = segments.reduce((sum, segment) => sum + segment.durationUs, 0);
  let count = 0;
  for (const segment of segments) {
    fromEdgeUs -= segment.durationUs;
    if (fromEdgeUs <= skipUntilSeconds * 1e6) break;
    count++;
  }
  return count;
}

function firstSegmentWithParts(segments: readonly TimelineSegment[], withinSeconds: number): number {
  let fromEdgeUs = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    if (fromEdgeUs > withinSeconds * 1e6) return index + 1;
    fromEdgeUs += segments[index]?.durationUs ?? 0;
  }
  return 0;
}
