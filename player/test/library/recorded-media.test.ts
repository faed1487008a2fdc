import type { RecordedSegment, RenditionId } from '@p2ptv/protocol';
import type { PlaybackPosition, RecordedListener, SoughtPlace } from '@p2ptv/peer';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DatedPlace } from '../../src/library/media-clock.js';
import { RecordedMedia } from '../../src/library/recorded-media.js';
import { EPOCH_MS } from '../support/chunk-headers.js';

const SEGMENT_MS = 2_000;
const PARTS = 10;

function segmentAt(index: number): RecordedSegment {
  return {
    epoch: 1,
    mediaSequence: index,
    sequence: index * PARTS,
    partCount: PARTS,
    durationUs: SEGMENT_MS * 1000,
    programDateTimeMs: EPOCH_MS + index * SEGMENT_MS,
  } as unknown as RecordedSegment;
}

describe('RecordedMedia', () => {
  let sought: SoughtPlace[];
  let picture: DatedPlace | undefined;
  let playback: PlaybackPosition[];
  let media: RecordedMedia;

  beforeEach(() => {
    sought = [];
    picture = undefined;
    playback = [];
    media = new RecordedMedia({
      rendition: 0 as RenditionId,
      session: {
        listRecorded: (_request, listener: RecordedListener) => {
          listener.listed({ segments: Array.from({ length: 30 }, (_, index) => segmentAt(index)), isEnded: true });
          return () => undefined;
        },
        read: () => undefined,
        seek: (place) => void sought.push(place),
        setPlayback: (position) => void playback.push(position),
      },
      picture: () => picture,
      changed: () => undefined,
      later: () => () => undefined,
    });
    picture = { dateMs: EPOCH_MS + 1_000, segmentMs: EPOCH_MS };
    media.moved(picture, 1);
  });

  it('sends the engine nowhere for what it wants anyway', () => {
    media.wanted(segmentAt(4));
    expect(sought).toEqual([]);
  });

  it('sends it to a place that is out of its window: to its very first part, however near the dates of the others are', () => {
    media.wanted(segmentAt(20));
    expect(sought).toEqual([{ rendition: 0, dateMs: EPOCH_MS + 20 * SEGMENT_MS, sequence: 20 * PARTS }]);
  });

  it('OD11: sends it to where the picture waits, however near that is to the last playhead', () => {
    picture = { dateMs: EPOCH_MS + 4 * SEGMENT_MS + 500, segmentMs: EPOCH_MS + 4 * SEGMENT_MS };
    media.wanted(segmentAt(4));
    expect(sought).toEqual([{ rendition: 0, dateMs: EPOCH_MS + 4 * SEGMENT_MS, sequence: 4 * PARTS, pictureMs: picture.dateMs }]);
    media.wanted(segmentAt(5));
    expect(sought).toHaveLength(1);
  });

  it('OD13: is in the segment that the player says, also where the dates of two overlap', () => {
    picture = { dateMs: EPOCH_MS + SEGMENT_MS + 700, segmentMs: EPOCH_MS };
    media.moved(picture, 1);
    expect(playback.at(-1)).toEqual({ playheadMs: picture.dateMs, segmentMs: EPOCH_MS, rate: 1 });
    media.wanted(segmentAt(0));
    expect(sought).toEqual([{ rendition: 0, dateMs: EPOCH_MS, sequence: 0, pictureMs: picture.dateMs }]);
    media.wanted(segmentAt(1));
    expect(sought).toHaveLength(1);
  });
});
