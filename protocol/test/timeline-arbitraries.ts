import { MediaTimeline, type ChunkHeader } from '@p2ptv/protocol';
import fc from 'fast-check';
import { headerWith } from './arbitraries.js';

/** What one publisher's encoder settings fix for a whole stream. */
export type Cadence = { readonly partUs: number; readonly partsPerSegment: number };

export const cadences: fc.Arbitrary<Cadence> = fc.constantFrom(
  { partUs: 200_000, partsPerSegment: 10 },
  { partUs: 200_200, partsPerSegment: 10 },
  { partUs: 208_334, partsPerSegment: 4 },
  { partUs: 166_667, partsPerSegment: 3 },
  { partUs: 1_000_000, partsPerSegment: 2 },
);

/** The target duration of a cadence, as its record gives it. */
export function targetSecondsOf({ partUs, partsPerSegment }: Cadence): number {
  return Math.max(1, Math.round((partUs * partsPerSegment) / 1e6));
}

/** One encoder run: full segments, then maybe one that the encoder's death cut short. */
const runs = fc.record({
  segments: fc.nat({ max: 14 }),
  partsOfCutSegment: fc.nat({ max: 9 }),
  // Runs that published nothing that is still known, and sequence numbers reserved for nothing.
  epochStep: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }) },
  ),
  sequenceGap: fc.nat({ max: 50 }),
});

/** All that a publisher may put out in order: several runs of one cadence, each a new epoch in a new segment. */
export const streams: fc.Arbitrary<{ cadence: Cadence; headers: ChunkHeader[] }> = fc
  .tuple(
    cadences,
    fc.array(runs, { minLength: 1, maxLength: 4 }),
    fc.nat({ max: 1000 }),
    fc.nat({ max: 300 }),
  )
  .map(([cadence, plan, firstSequence, firstMediaSequence]) => {
    const headers: ChunkHeader[] = [];
    let sequence = firstSequence;
    let mediaSequence = firstMediaSequence;
    let epoch = 0;
    let dateUs = Date.UTC(2026, 10, 21) * 1000;
    for (const run of plan) {
      const counts = new Array<number>(run.segments).fill(cadence.partsPerSegment);
      const cut = run.partsOfCutSegment % cadence.partsPerSegment;
      if (cut > 0) counts.push(cut);
      if (counts.length === 0) continue;
      epoch += run.epochStep;
      sequence += run.sequenceGap;
      for (const count of counts) {
        for (let partIndex = 0; partIndex < count; partIndex++) {
          headers.push(
            headerWith({
              epoch,
              sequence: sequence++,
              mediaSequence,
              partIndex,
              isIndependent: partIndex % 5 === 0,
              isSegmentLast: partIndex === cadence.partsPerSegment - 1,
              durationUs: cadence.partUs,
              programDateTimeMs: Math.floor(dateUs / 1000),
              initHash: epoch.toString(16).padStart(64, '0'),
            }),
          );
          dateUs += cadence.partUs;
        }
        mediaSequence++;
      }
    }
    return { cadence, headers };
  });

/** The timeline of headers in order. */
export function timelineOf(headers: readonly ChunkHeader[]): MediaTimeline {
  const timeline = new MediaTimeline();
  for (const header of headers) timeline.append(header);
  return timeline;
}
