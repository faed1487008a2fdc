import { MediaTimeline, renderMediaPlaylist, type MediaPlaylistOptions } from '@p2ptv/protocol';
import fc from 'fast-check';
import { M3U8Parser, type LevelDetails } from 'hls.js';
import { describe, expect, it } from 'vitest';
import { headerWith } from './arbitraries.js';
import { streams, targetSecondsOf, timelineOf, type Cadence } from './timeline-arbitraries.js';

const BASE = 'https://a.example/live/main/0/live.m3u8';

function optionsFor(cadence: Cadence, changes: Partial<MediaPlaylistOptions> = {}): MediaPlaylistOptions {
  return {
    partTargetMs: cadence.partUs / 1000,
    targetDurationSeconds: targetSecondsOf(cadence),
    partHoldBackParts: 3,
    isSkipWanted: false,
    isEnded: false,
    ...changes,
  };
}

/** Reads a playlist with the parser of hls.js, which shares nothing with ours. */
function parse(text: string): LevelDetails {
  const details = M3U8Parser.parseLevelPlaylist(text, BASE, 0, 'main' as never, 0, null);
  if (details.playlistParsingError) throw details.playlistParsingError;
  return details;
}

function linesOf(text: string, tag: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(`#EXT-X-${tag}:`) || line === `#EXT-X-${tag}`);
}

function attributeOf(text: string, tag: string, name: string): number {
  const line = linesOf(text, tag)[0] ?? '';
  return Number(new RegExp(`[:,]${name}=([0-9.]+)`).exec(line)?.[1]);
}

const SEGMENT_TAG =
  /^#EXT(?:INF|-X-(?:DISCONTINUITY|MAP|PROGRAM-DATE-TIME|PART|PRELOAD-HINT|ENDLIST))(?::|$)/;

/** A playlist in three: header tags, finished segments with their tags, and what follows the last URI. */
function takeApart(text: string): { head: string[]; segments: string[][]; tail: string[] } {
  const head: string[] = [];
  const segments: string[][] = [];
  let tail: string[] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#') && !SEGMENT_TAG.test(line)) {
      head.push(line);
      continue;
    }
    tail.push(line);
    if (line.startsWith('#')) continue;
    segments.push(tail);
    tail = [];
  }
  return { head, segments, tail };
}

/** Puts the skipped segments back from an earlier whole playlist, as a client does (RFC 8216bis 6.3.7). */
function merge(earlier: string, delta: string): string {
  const [skip] = linesOf(delta, 'SKIP');
  if (skip === undefined) return delta;
  const skipped = Number(skip.split('=')[1]);
  const old = takeApart(earlier);
  const update = takeApart(delta);
  const sequenceOf = ({ head }: { head: string[] }): number =>
    Number(head.find((line) => line.startsWith('#EXT-X-MEDIA-SEQUENCE:'))?.split(':')[1]);
  const from = sequenceOf(update) - sequenceOf(old);
  const known = old.segments.slice(from, from + skipped);
  expect(known).toHaveLength(skipped);
  // Parts of segments so old may have been listed in the earlier playlist; the whole one has none.
  const restored = known.map((lines) => lines.filter((line) => !line.startsWith('#EXT-X-PART:')));
  // What is first now needs the map that was given before it; its discontinuity is counted in the head.
  const isMap = (line: string): boolean => line.startsWith('#EXT-X-MAP:');
  const mapBefore = old.segments.slice(0, from).flat().findLast(isMap);
  const first = restored[0]!.filter((line) => line !== '#EXT-X-DISCONTINUITY');
  restored[0] = mapBefore === undefined || first.some(isMap) ? first : [mapBefore, ...first];
  const head = update.head.filter((line) => !line.startsWith('#EXT-X-SKIP:'));
  return `${[...head, ...restored.flat(), ...update.segments.flat(), ...update.tail].join('\n')}\n`;
}

describe('media playlist, read by hls.js', () => {
  it('PL10 PL11: lists the timeline’s segments and parts', () => {
    fc.assert(
      fc.property(streams, ({ cadence, headers }) => {
        const timeline = timelineOf(headers);
        fc.pre(headers.length > 0);
        const details = parse(renderMediaPlaylist(timeline, optionsFor(cadence)));
        const finished = timeline.segments.filter((segment) => segment.isComplete);
        expect(details.startSN).toBe(timeline.segments[0]!.mediaSequence);
        expect(details.fragments.map(({ sn, cc, relurl }) => [sn, cc, relurl])).toEqual(
          finished.map(({ mediaSequence, epoch }) => [
            mediaSequence,
            epoch,
            `segment-${epoch}-${mediaSequence}.m4s`,
          ]),
        );
        details.fragments.forEach((fragment, index) => {
          expect(fragment.duration * 1e6).toBeCloseTo(finished[index]!.durationUs, 0);
          expect(fragment.programDateTime).toBe(finished[index]!.parts[0]!.programDateTimeMs);
          expect(fragment.initSegment?.relurl).toBe(`init-${finished[index]!.parts[0]!.initHash}.mp4`);
        });
        // Parts of the whole segments that end within three target durations of the edge.
        const listed = timeline.segments.filter((segment) => {
          const later = timeline.segments.filter(
            ({ mediaSequence }) => mediaSequence > segment.mediaSequence,
          );
          const fromEdgeUs = later.reduce((sum, { durationUs }) => sum + durationUs, 0);
          return fromEdgeUs <= 3 * targetSecondsOf(cadence) * 1e6;
        });
        const expectedParts = listed.flatMap((segment) =>
          segment.parts.map((part) => [
            segment.mediaSequence,
            part.partIndex,
            `part-${part.sequence}.m4s`,
            part.durationUs,
            part.isIndependent,
          ]),
        );
        const parts = (details.partList ?? []).map((part) => [
          part.fragment.sn,
          part.index,
          part.relurl,
          Math.round(part.duration * 1e6),
          part.independent,
        ]);
        expect(parts).toEqual(expectedParts);
      }),
      { numRuns: 80 },
    );
  });

  it('PL9: no part exceeds the part target, no segment the target duration; hold-backs suffice', () => {
    fc.assert(
      fc.property(streams, fc.constantFrom(3, 3.5, 4), ({ cadence, headers }, partHoldBackParts) => {
        const options = optionsFor(cadence, { partHoldBackParts });
        const text = renderMediaPlaylist(timelineOf(headers), options);
        const details = parse(text);
        expect(details.version).toBe(9);
        expect(details.canBlockReload).toBe(true);
        expect(details.targetduration).toBe(options.targetDurationSeconds);
        for (const part of details.partList ?? [])
          expect(part.duration).toBeLessThanOrEqual(details.partTarget);
        for (const { duration } of details.fragments)
          expect(Math.round(duration)).toBeLessThanOrEqual(details.targetduration);
        expect(details.partHoldBack).toBeGreaterThanOrEqual(details.partTarget * partHoldBackParts - 1e-9);
        expect(attributeOf(text, 'SERVER-CONTROL', 'HOLD-BACK')).toBe(3 * details.targetduration);
        expect(details.canSkipUntil).toBe(6 * details.targetduration);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [1000 / 6, '0.166667', '0.500001'],
    [5000 / 24, '0.208334', '0.625002'],
    [200, '0.2', '0.6'],
    [200.2, '0.2002', '0.6006'],
    [1001 / 5, '0.2002', '0.6006'],
    [333.3333, '0.333334', '1.000002'],
  ])('PL9: parts of %d ms: a target of %s s, held back by %s s', (partTargetMs, partTarget, partHoldBack) => {
    const text = renderMediaPlaylist(new MediaTimeline(), {
      ...optionsFor({ partUs: 1, partsPerSegment: 1 }),
      partTargetMs,
    });
    expect(linesOf(text, 'PART-INF')).toEqual([`#EXT-X-PART-INF:PART-TARGET=${partTarget}`]);
    expect(text).toContain(`,PART-HOLD-BACK=${partHoldBack},`);
  });

  it('PL12: the discontinuity sequence number of a segment is its epoch, also after the removal of others', () => {
    fc.assert(
      fc.property(streams, fc.nat({ max: 15_000 }), ({ cadence, headers }, keepMs) => {
        const timeline = timelineOf(headers);
        const before = parse(renderMediaPlaylist(timeline, optionsFor(cadence)));
        timeline.trim(keepMs);
        const after = parse(renderMediaPlaylist(timeline, optionsFor(cadence)));
        const numbersBefore = new Map(before.fragments.map(({ sn, cc }) => [sn, cc]));
        for (const { sn, cc } of after.fragments) {
          expect(cc).toBe(timeline.segment(sn)!.epoch);
          expect(cc).toBe(numbersBefore.get(sn));
        }
        const growing = timeline.segments.at(-1);
        if (growing && !growing.isComplete) expect(after.fragmentHint?.cc).toBe(growing.epoch);
      }),
      { numRuns: 60 },
    );
  });

  it('PL13: the map is given at first, after a discontinuity, and where it changes', () => {
    const initHash = 'ee'.repeat(32);
    const text = renderMediaPlaylist(
      timelineOf([
        headerWith({ isSegmentLast: true }),
        headerWith({ sequence: 101, mediaSequence: 11, isSegmentLast: true }),
        headerWith({ sequence: 102, mediaSequence: 12, isSegmentLast: true, epoch: 2 }),
        headerWith({ sequence: 103, mediaSequence: 13, isSegmentLast: true, epoch: 2, initHash }),
      ]),
      optionsFor({ partUs: 200_000, partsPerSegment: 10 }),
    );
    const shape = text.split('\n').filter((line) => /^segment|MAP|^#EXT-X-DISCONTINUITY$/.test(line));
    const old = `#EXT-X-MAP:URI="init-${'ab'.repeat(32)}.mp4"`;
    expect(shape).toEqual([
      old,
      'segment-1-10.m4s',
      'segment-1-11.m4s',
      '#EXT-X-DISCONTINUITY',
      old,
      'segment-2-12.m4s',
      `#EXT-X-MAP:URI="init-${initHash}.mp4"`,
      'segment-2-13.m4s',
    ]);
  });

  it('PL14: a delta update, put together with an earlier playlist, is the whole one', () => {
    let merged = 0;
    fc.assert(
      fc.property(streams, fc.nat(), fc.integer({ min: 0, max: 8 }), ({ cadence, headers }, at, later) => {
        const keepMs = 40_000;
        const timeline = new MediaTimeline();
        const cut = at % (headers.length + 1);
        for (const header of headers.slice(0, cut)) timeline.append(header);
        timeline.trim(keepMs);
        const earlier = renderMediaPlaylist(timeline, optionsFor(cadence));
        for (const header of headers.slice(cut, cut + later)) timeline.append(header);
        timeline.trim(keepMs);
        const whole = renderMediaPlaylist(timeline, optionsFor(cadence));
        const delta = renderMediaPlaylist(timeline, optionsFor(cadence, { isSkipWanted: true }));
        expect(merge(earlier, delta)).toBe(whole);
        if (delta !== whole) merged++;
        const skipped = parse(delta).skippedSegments;
        const boundaryUs = 6 * targetSecondsOf(cadence) * 1e6;
        const fromEdgeUs = (index: number): number =>
          timeline.segments.slice(index + 1).reduce((sum, { durationUs }) => sum + durationUs, 0);
        if (skipped > 0) expect(fromEdgeUs(skipped - 1)).toBeGreaterThan(boundaryUs);
        if (skipped < timeline.segments.length) expect(fromEdgeUs(skipped)).toBeLessThanOrEqual(boundaryUs);
      }),
      { numRuns: 150 },
    );
    expect(merged).toBeGreaterThan(10);
  });

  it('PL15: a live playlist hints at the part after the newest', () => {
    fc.assert(
      fc.property(streams, ({ cadence, headers }) => {
        const timeline = timelineOf(headers);
        const details = parse(renderMediaPlaylist(timeline, optionsFor(cadence)));
        expect(details.live).toBe(true);
        const hint = timeline.last && { TYPE: 'PART', URI: `part-${timeline.last.sequence + 1}.m4s` };
        expect(
          details.preloadHint ? Object.fromEntries(Object.entries(details.preloadHint)) : undefined,
        ).toEqual(hint);
      }),
      { numRuns: 30 },
    );
  });

  it('PL16: an ended playlist says so, is whole, hints at nothing, and keeps the parts of what the end cut short', () => {
    fc.assert(
      fc.property(streams, fc.boolean(), ({ cadence, headers }, isSkipWanted) => {
        const timeline = timelineOf(headers);
        const text = renderMediaPlaylist(timeline, optionsFor(cadence, { isEnded: true, isSkipWanted }));
        const details = parse(text);
        expect(details.live).toBe(false);
        expect(text.trimEnd().endsWith('#EXT-X-ENDLIST')).toBe(true);
        expect(linesOf(text, 'SKIP')).toEqual([]);
        expect(linesOf(text, 'PRELOAD-HINT')).toEqual([]);
        const finished = timeline.segments.filter(({ isComplete }) => isComplete);
        expect(details.fragments.map(({ sn }) => sn)).toEqual(
          finished.map(({ mediaSequence }) => mediaSequence),
        );
        const last = timeline.last && `part-${timeline.last.sequence}.m4s`;
        expect(details.partList?.at(-1)?.relurl).toBe(last);
      }),
      { numRuns: 40 },
    );
  });

  it('PL10: a timeline that begins within a segment lists what it has of it', () => {
    const timeline = timelineOf([
      headerWith({ sequence: 105, partIndex: 5 }),
      headerWith({ sequence: 106, partIndex: 6, isSegmentLast: true, isIndependent: false }),
    ]);
    const details = parse(
      renderMediaPlaylist(timeline, optionsFor({ partUs: 200_000, partsPerSegment: 10 })),
    );
    expect(details.fragments.map(({ sn, duration }) => [sn, duration])).toEqual([[10, 0.4]]);
    expect(details.partList!.map(({ index, relurl }) => [index, relurl])).toEqual([
      [0, 'part-105.m4s'],
      [1, 'part-106.m4s'],
    ]);
  });

  it('PL18: without segments it is still a playlist', () => {
    const text = renderMediaPlaylist(
      new MediaTimeline(),
      optionsFor({ partUs: 200_000, partsPerSegment: 10 }),
    );
    const details = parse(text);
    expect(details.fragments).toEqual([]);
    expect(details.live).toBe(true);
    expect(linesOf(text, 'MAP')).toEqual([]);
    expect(linesOf(text, 'PRELOAD-HINT')).toEqual([]);
  });
});
