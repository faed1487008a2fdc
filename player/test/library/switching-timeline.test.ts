import type { ChunkHeader, ChunkSequence, RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { SwitchingTimeline } from '../../src/library/switching-timeline.js';
import { headerOf, PARTS_PER_SEGMENT } from '../support/chunk-headers.js';

const OTHER = 1 as RenditionId;
const other = (sequence: number): ChunkHeader => headerOf(sequence, { rendition: OTHER, sequence: (1_000 + sequence) as ChunkSequence });

function filled(headers: readonly ChunkHeader[]): SwitchingTimeline {
  const timeline = new SwitchingTimeline();
  for (const header of headers) timeline.append(header, false);
  return timeline;
}

describe('a timeline of several renditions', () => {
  it('goes on with the other rendition within a segment, which it cuts short by a discontinuity', () => {
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    const { timeline } = filled(numbers.map((sequence) => (sequence < 15 ? headerOf(sequence) : other(sequence))));
    expect(timeline.segments.map(({ parts }) => parts.length)).toEqual([PARTS_PER_SEGMENT, 5, 5, PARTS_PER_SEGMENT]);
    const epochs = timeline.segments.map(({ epoch }) => epoch);
    expect(epochs).toEqual([1, 1, 2, 2]);
    expect(timeline.segments.every(({ isComplete }) => isComplete)).toBe(true);
    const sequences = timeline.segments.map(({ mediaSequence }) => mediaSequence);
    expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index));
  });

  it('knows the chunk behind each part that it lists, and of no other', () => {
    const switching = filled([headerOf(0), headerOf(1), headerOf(2), headerOf(3), headerOf(4), other(5), other(6)]);
    const listed = switching.timeline.segments.flatMap(({ parts }) => parts).map(({ sequence }) => switching.chunkOf(sequence));
    expect(listed.map((chunk) => chunk?.sequence)).toEqual([0, 1, 2, 3, 4, 1_005, 1_006]);
    expect(listed.map((chunk) => chunk?.rendition)).toEqual([0, 0, 0, 0, 0, 1, 1]);
    expect(switching.chunkOf(99)).toBeUndefined();
  });

  it('begins anew where the engine does', () => {
    const switching = filled([headerOf(0), headerOf(1)]);
    switching.append(headerOf(20), true);
    expect(switching.timeline.segments.flatMap(({ parts }) => parts)).toHaveLength(1);
    const { last } = switching.timeline;
    expect(switching.chunkOf(last!.sequence)?.sequence).toBe(20);
  });
});
