import {
  renderMediaPlaylist,
  renderMultivariantPlaylist,
  type MediaTimeline,
  type RenditionId,
  type StreamRecord,
} from '@p2ptv/protocol';

/** PART-HOLD-BACK in parts: the least that RFC 8216bis allows. */
const PART_HOLD_BACK_PARTS = 3;

/**
 * The multivariant playlist that hls.js sees: only the rendition that the engine watches.
 *
 * Quality is the engine's choice (DESIGN: binding), because loads from memory tell hls.js's
 * estimator nothing; with one level there is nothing that it could switch. A later quality rule
 * changes what stands behind this one level.
 */
export function writeMultivariantPlaylist(record: StreamRecord, rendition: RenditionId): string {
  return renderMultivariantPlaylist({
    ...record,
    renditions: record.renditions.filter(({ id }) => id === rendition),
  });
}

/**
 * The media playlist of a viewer's verified timeline.
 *
 * hls.js refuses a playlist without a finished segment, and loads by parts only behind a segment
 * that lists its parts; a viewer who has just joined may hold no more than the first parts of one.
 * So a gap stands before the segment that the timeline began with, for as long as that is the
 * oldest: a segment that nobody may load (RFC 8216bis 4.4.4.7, and GAP=YES in 4.4.4.9).
 */
export class LivePlaylist {
  #firstMediaSequence: number | undefined;

  /** undefined while there is nothing that hls.js could begin with. */
  write(timeline: MediaTimeline, record: StreamRecord): string | undefined {
    const first = timeline.segments[0];
    if (!first) return undefined;
    this.#firstMediaSequence ??= first.mediaSequence;
    // There is no number before 0: a segment with that number is waited for. Our origins count from 1.
    const isWithGap = first.mediaSequence === this.#firstMediaSequence && first.mediaSequence > 0;
    if (!first.isComplete && !isWithGap) return undefined;
    const text = renderMediaPlaylist(timeline, {
      partTargetMs: record.partTargetMs,
      targetDurationSeconds: record.targetDurationSeconds,
      partHoldBackParts: PART_HOLD_BACK_PARTS,
      // The answer costs no byte of anybody's, so a delta would only make hls.js merge it.
      isSkipWanted: false,
      isEnded: record.isEnded,
    });
    return isWithGap ? withGapBefore(text, first.mediaSequence, record) : text;
  }
}

function withGapBefore(playlist: string, mediaSequence: number, record: StreamRecord): string {
  const partSeconds = record.partTargetMs / 1000;
  const partCount = Math.max(1, Math.floor(record.targetDurationSeconds / partSeconds));
  const gap = [
    '#EXT-X-GAP',
    ...Array.from({ length: partCount }, () => `#EXT-X-PART:DURATION=${partSeconds},URI="gap.m4s",GAP=YES`),
    `#EXTINF:${Number((partCount * partSeconds).toFixed(6))},`,
    'gap.m4s',
  ].join('\n');
  return playlist
    .replace(`#EXT-X-MEDIA-SEQUENCE:${mediaSequence}\n`, `#EXT-X-MEDIA-SEQUENCE:${mediaSequence - 1}\n`)
    .replace(/^#EXT-X-MAP:.*$/m, (map) => `${map}\n${gap}`);
}
