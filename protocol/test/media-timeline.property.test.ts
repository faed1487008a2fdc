import { isTooFarAhead, MediaTimeline, type ChunkHeader, type TimelinePosition } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerWith } from './arbitraries.js';
import { streams, timelineOf } from './timeline-arbitraries.js';

/** A publisher's stream from which some parts never arrive, and others come twice or late. */
const receptions = fc
  .tuple(streams, fc.infiniteStream(fc.nat({ max: 29 })))
  .map(([{ cadence, headers }, dice]) => {
    const received: ChunkHeader[] = [];
    for (const header of headers) {
      const { value } = dice.next() as { value: number };
      if (value === 0) continue;
      received.push(header);
      if (value === 1) received.push(header);
      if (value === 2 && received.length > 3) received.push(received[received.length - 3]!);
    }
    return { cadence, received };
  });

/** Invariants of the class's doc comment, checked without its help. */
function checkInvariants(timeline: MediaTimeline): void {
  const segments = timeline.segments;
  const parts = segments.flatMap((segment) => segment.parts);
  segments.forEach((segment, index) => {
    const before = segments[index - 1];
    expect(segment.parts.length).toBeGreaterThan(0);
    if (before) expect(segment.mediaSequence).toBe(before.mediaSequence + 1);
    const firstIndex = segment.parts[0]!.partIndex;
    if (before) expect(firstIndex).toBe(0);
    segment.parts.forEach((part, offset) => {
      expect(part.partIndex).toBe(firstIndex + offset);
      expect([part.mediaSequence, part.epoch]).toEqual([segment.mediaSequence, segment.epoch]);
    });
    expect(segment.durationUs).toBe(segment.parts.reduce((sum, part) => sum + part.durationUs, 0));
    const isCut = index < segments.length - 1 && segments[index + 1]!.epoch !== segment.epoch;
    expect(segment.isComplete).toBe(isCut || segment.parts.at(-1)!.isSegmentLast);
    if (index < segments.length - 1) expect(segment.isComplete).toBe(true);
  });
  parts.forEach((part, index) => {
    if (index > 0) expect(part.sequence).toBeGreaterThan(parts[index - 1]!.sequence);
  });
  if (parts.length > 0) expect(parts[0]!.isIndependent).toBe(true);
  expect(timeline.last).toBe(parts.at(-1));
}

/** The model: a plain list of parts, from the last one that restarted it. */
function modelAppend(parts: ChunkHeader[], header: ChunkHeader): { parts: ChunkHeader[]; result: string } {
  const last = parts.at(-1);
  if (!last)
    return header.isIndependent ? { parts: [header], result: 'appended' } : { parts, result: 'outOfOrder' };
  if (header.sequence <= last.sequence) return { parts, result: 'outOfOrder' };
  const isSameRun = header.epoch === last.epoch;
  const isNextPart =
    isSameRun &&
    !last.isSegmentLast &&
    header.mediaSequence === last.mediaSequence &&
    header.partIndex === last.partIndex + 1;
  const opensNext =
    header.mediaSequence === last.mediaSequence + 1 && header.partIndex === 0 && header.isIndependent;
  const step = header.epoch - last.epoch;
  const mayOpen = isSameRun ? last.isSegmentLast : step > 0 && step <= 16;
  if (isNextPart || (opensNext && mayOpen)) return { parts: [...parts, header], result: 'appended' };
  return header.isIndependent ? { parts: [header], result: 'restarted' } : { parts, result: 'outOfOrder' };
}

/** The blocking rule of RFC 8216bis 6.2.5.2, read literally against what a playlist would list. */
function isAnswerable(timeline: MediaTimeline, position: TimelinePosition): boolean {
  let { mediaSequence, partIndex } = position;
  const oldest = timeline.segments[0];
  // No longer in the playlist.
  if (oldest && mediaSequence < oldest.mediaSequence) return true;
  if (partIndex === undefined) {
    return timeline.segments.some((segment) => segment.isComplete && segment.mediaSequence >= mediaSequence);
  }
  const parent = timeline.segments.find((segment) => segment.mediaSequence === mediaSequence);
  if (parent?.isComplete && partIndex > parent.parts.length - 1) {
    mediaSequence += 1;
    partIndex = 0;
  }
  const wanted = partIndex;
  return timeline.segments.some((segment) =>
    segment.parts.some(
      (_, index) =>
        segment.mediaSequence > mediaSequence || (segment.mediaSequence === mediaSequence && index >= wanted),
    ),
  );
}

describe('media timeline', () => {
  it('PL1: all that a publisher puts out in order is appended', () => {
    fc.assert(
      fc.property(streams, ({ headers }) => {
        const timeline = new MediaTimeline();
        for (const header of headers) expect(timeline.append(header)).toBe('appended');
        checkInvariants(timeline);
        expect(timeline.segments.flatMap((segment) => segment.parts)).toEqual(headers);
      }),
      { numRuns: 60 },
    );
  });

  it('PL1 PL2 PL3 PL4: with parts lost, doubled and late it holds what the model holds', () => {
    fc.assert(
      fc.property(receptions, ({ received }) => {
        const timeline = new MediaTimeline();
        let model: ChunkHeader[] = [];
        for (const header of received) {
          const expected = modelAppend(model, header);
          model = expected.parts;
          expect(timeline.append(header)).toBe(expected.result);
        }
        checkInvariants(timeline);
        expect(timeline.segments.flatMap((segment) => segment.parts)).toEqual(model);
      }),
      { numRuns: 150 },
    );
  });

  it('PL1 PL4: any headers whatever keep the invariants', () => {
    const anyHeaders = fc.array(
      fc
        .record({
          epoch: fc.integer({ min: 1, max: 3 }),
          sequence: fc.nat({ max: 60 }),
          mediaSequence: fc.integer({ min: 5, max: 8 }),
          partIndex: fc.nat({ max: 3 }),
          isIndependent: fc.boolean(),
          isSegmentLast: fc.boolean(),
        })
        .map(headerWith),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        const sorted = headers.sort((left, right) => left.sequence - right.sequence);
        const timeline = new MediaTimeline();
        let model: ChunkHeader[] = [];
        for (const header of sorted) {
          const expected = modelAppend(model, header);
          model = expected.parts;
          expect(timeline.append(header)).toBe(expected.result);
        }
        expect(timeline.segments.flatMap((segment) => segment.parts)).toEqual(model);
      }),
      { numRuns: 500 },
    );
  });

  it('PL2: nothing begins with a part that needs others', () => {
    const timeline = new MediaTimeline();
    expect(timeline.append(headerWith({ isIndependent: false }))).toBe('outOfOrder');
    expect(timeline.segments).toEqual([]);
    expect(timeline.append(headerWith({ partIndex: 5 }))).toBe('appended');
    expect(timeline.append(headerWith({ partIndex: 5 }))).toBe('outOfOrder');
    expect(timeline.append(headerWith({ partIndex: 7, sequence: 102, isIndependent: false }))).toBe(
      'outOfOrder',
    );
  });

  it('PL3: a new epoch cuts a segment short, the same epoch does not', () => {
    const first = headerWith();
    const next = { sequence: 200, mediaSequence: 11 };
    const cut = timelineOf([first]);
    expect(cut.append(headerWith({ ...next, epoch: 2 }))).toBe('appended');
    expect(cut.segments.map((segment) => segment.isComplete)).toEqual([true, false]);
    const torn = timelineOf([first]);
    expect(torn.append(headerWith(next))).toBe('restarted');
    expect(torn.segments.map((segment) => segment.mediaSequence)).toEqual([11]);
  });

  it.each([
    ['the epoch before', 9, 'restarted'],
    ['16 epochs later', 26, 'appended'],
    ['17 epochs later', 27, 'restarted'],
  ])('PL4: %s, in the next segment, it is %3$s', (_name, epoch, result) => {
    const timeline = timelineOf([headerWith({ epoch: 10, isSegmentLast: true })]);
    expect(timeline.append(headerWith({ epoch, sequence: 101, mediaSequence: 11 }))).toBe(result);
  });

  it('PL5: trimming keeps the finished time asked for, and no segment more than needed', () => {
    fc.assert(
      fc.property(streams, fc.nat({ max: 30_000 }), ({ headers }, keepMs) => {
        const timeline = timelineOf(headers);
        const before = [...timeline.segments];
        const dropped = timeline.trim(keepMs);
        expect([...dropped, ...timeline.segments]).toEqual(before);
        checkInvariants(timeline);
        if (before.length > 0) expect(timeline.segments.at(-1)).toBe(before.at(-1));
        const finishedUs = timeline.segments.reduce(
          (sum, { isComplete, durationUs }) => sum + (isComplete ? durationUs : 0),
          0,
        );
        if (dropped.length > 0) expect(finishedUs).toBeGreaterThanOrEqual(keepMs * 1000);
        if (timeline.segments.length > 1)
          expect(finishedUs - timeline.segments[0]!.durationUs).toBeLessThan(keepMs * 1000);
      }),
      { numRuns: 100 },
    );
  });

  it('PL5: a segment is found by its number while it is there', () => {
    fc.assert(
      fc.property(streams, fc.nat({ max: 10_000 }), ({ headers }, keepMs) => {
        const timeline = timelineOf(headers);
        timeline.trim(keepMs);
        for (let mediaSequence = -2; mediaSequence < 400; mediaSequence++) {
          const expected = timeline.segments.find((segment) => segment.mediaSequence === mediaSequence);
          expect(timeline.segment(mediaSequence)).toBe(expected);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('PL6: a blocking request is answered exactly when the RFC’s rule says so', () => {
    fc.assert(
      fc.property(receptions, fc.nat({ max: 4000 }), ({ received }, keepMs) => {
        const timeline = timelineOf(received);
        timeline.trim(keepMs);
        const newest = timeline.segments.at(-1)?.mediaSequence ?? 3;
        for (let mediaSequence = Math.max(0, newest - 4); mediaSequence <= newest + 2; mediaSequence++) {
          expect(timeline.contains({ mediaSequence })).toBe(isAnswerable(timeline, { mediaSequence }));
          for (let partIndex = 0; partIndex < 13; partIndex++) {
            const position = { mediaSequence, partIndex };
            expect(timeline.contains(position), JSON.stringify(position)).toBe(
              isAnswerable(timeline, position),
            );
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('PL6: what was answered once stays answered as the stream goes on', () => {
    fc.assert(
      fc.property(streams, fc.nat(), fc.nat({ max: 12 }), ({ headers }, at, partIndex) => {
        const timeline = new MediaTimeline();
        const mediaSequence = headers[at % Math.max(1, headers.length)]?.mediaSequence ?? 0;
        let wasContained = false;
        for (const header of headers) {
          timeline.append(header);
          const isContained = timeline.contains({ mediaSequence, partIndex });
          if (wasContained) expect(isContained).toBe(true);
          wasContained = isContained;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('PL8: nothing that is answerable is too far ahead', () => {
    fc.assert(
      fc.property(streams, ({ cadence, headers }) => {
        const timeline = timelineOf(headers);
        const newest = timeline.segments.at(-1);
        if (!newest) return;
        for (
          let mediaSequence = Math.max(0, newest.mediaSequence - 3);
          mediaSequence <= newest.mediaSequence + 4;
          mediaSequence++
        ) {
          for (const partIndex of [undefined, 0, 1, 5, 9]) {
            const position: TimelinePosition =
              partIndex === undefined ? { mediaSequence } : { mediaSequence, partIndex };
            if (isTooFarAhead(timeline, position, cadence.partUs / 1000))
              expect(timeline.contains(position)).toBe(false);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
