import type { RecordedSegment, RenditionId } from '@p2ptv/protocol';
import type { RecordedListener, SoughtPlace } from '@p2ptv/peer';
import { beforeEach, describe, expect, it } from 'vitest';
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
  let picture: number | undefined;
  let media: RecordedMedia;

  beforeEach(() => {
    sought = [];
    picture = undefined;
    media = new RecordedMedia({
      rendition: 0 as RenditionId,
      session: {
        listRecorded: (_request, listener: RecordedListener) => {
          listener.listed({ segments: Array.from({ length: 30 }, (_, index) => segmentAt(index)), isEnded: true });
          return () => undefined;
        },
        read: () => undefined,
        seek: (place) => void sought.push(place),
        setPlayback: () => undefined,
      },
      pictureMs: () => picture,
      changed: () => undefined,
      later: () => () => undefined,
    });
    picture = EPOCH_MS + 1_000;
    media.moved(picture, 1);
  });

  it('sends the engine nowhere for what it wants anyway', () => {
    media.wanted(segmentAt(4));
    expect(sought).toEqual([]);
  });

  it('sends it to a place that is out of its window', () => {
    media.wanted(segmentAt(20));
    expect(sought).toHaveLength(1);
  });

  it('OD11: sends it to where the picture waits, however near that is to the last playhead', () => {
    picture = EPOCH_MS + 4 * SEGMENT_MS + 500;
    media.wanted(segmentAt(4));
    expect(sought).toEqual([{ rendition: 0, dateMs: EPOCH_MS + 4 * SEGMENT_MS + 100, pictureMs: picture }]);
    media.wanted(segmentAt(5));
    expect(sought).toHaveLength(1);
  });
});
