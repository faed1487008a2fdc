import { NO_OFFER, STRIPE_COUNT, type ChunkKey, type PeerId, type RenditionId } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveEngineOptions } from '../../src/engine/engine-options.js';
import { Neighbours, type Neighbour } from '../../src/engine/neighbours.js';

const RENDITION = 0 as RenditionId;

/** What is known of a neighbour, kept apart from the others. */
type Known = { readonly has: Set<number>; readonly informed: Set<number>; pathMs: readonly number[]; renditions: number; readonly isSeeder: boolean };

const chunk = fc.integer({ min: 0, max: 90 });
const who = fc.nat(1_000);
const happening = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('comes' as const), isSeeder: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('goes' as const), who }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('holds' as const), who, chunk }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('shares' as const), who, chunk }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('offers' as const), who, pathMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: STRIPE_COUNT, maxLength: STRIPE_COUNT }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('follows' as const), who, renditions: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forgets' as const), chunk }) },
);

describe('what is known of neighbours', () => {
  it('SC5, AN1, LP3: is each one’s own, whoever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 400 }), (happenings) => {
        const neighbours = new Neighbours(resolveEngineOptions({}));
        const all = new Map<Neighbour, Known>();
        const pick = (number: number): [Neighbour, Known] | undefined => [...all][number % Math.max(1, all.size)];
        let nextLinkId = 1;
        for (const it of happenings) {
          if (it.kind === 'comes') {
            const linkId = nextLinkId++;
            const added = neighbours.add(0, { linkId, peerId: String(linkId) as PeerId, role: it.isSeeder ? 'origin' : 'viewer' });
            all.set(added, { has: new Set(), informed: new Set(), pathMs: [], renditions: 0, isSeeder: it.isSeeder });
            continue;
          }
          if (it.kind === 'forgets') {
            neighbours.forget([it.chunk as ChunkKey]);
            for (const known of all.values()) for (const set of [known.has, known.informed]) set.delete(it.chunk);
            continue;
          }
          const [neighbour, known] = pick(it.who) ?? [];
          if (!neighbour || !known) continue;
          if (it.kind === 'goes') {
            neighbours.remove(neighbour.linkId);
            all.delete(neighbour);
            // Whoever still speaks of it changes nothing for the others.
            neighbour.marks.holds(0 as ChunkKey, 'complete');
          } else if (it.kind === 'holds') {
            neighbour.marks.holds(it.chunk as ChunkKey, 'complete');
            known.has.add(it.chunk);
          } else if (it.kind === 'shares') {
            neighbour.marks.share(it.chunk as ChunkKey);
            known.informed.add(it.chunk);
          } else if (it.kind === 'offers') {
            neighbours.noteOffers(neighbour, { rendition: RENDITION, pathMs: it.pathMs });
            known.pathMs = it.pathMs;
          } else {
            neighbours.noteStatus(neighbour, { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true, renditions: it.renditions });
            // Who comes back to a rendition has nothing of it any more, and has forgotten what it was told.
            if (known.renditions !== 0 && (it.renditions & ~known.renditions & 1) !== 0) for (const set of [known.has, known.informed]) set.clear();
            known.renditions = it.renditions;
          }
        }
        for (let sequence = 0; sequence <= 90; sequence++) {
          const key = sequence as ChunkKey;
          const those = (isOf: (known: Known) => boolean): Neighbour[] => [...all].filter(([, known]) => isOf(known)).map(([neighbour]) => neighbour);
          const isListener = (known: Known): boolean =>
            !known.isSeeder && !known.has.has(sequence) && (known.renditions === 0 || (known.renditions & 1) !== 0);
          expect(neighbours.holdersOf(key)).toEqual(those(({ has }) => has.has(sequence)));
          expect(neighbours.listenersOf(key)).toEqual({
            informed: those((known) => isListener(known) && known.informed.has(sequence)).map(({ linkId }) => linkId),
            strangers: those((known) => isListener(known) && !known.informed.has(sequence)),
          });
        }
        for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
          const paths = [...all.values()].map(({ pathMs }) => pathMs[stripe] ?? NO_OFFER);
          const shortestMs = Math.min(NO_OFFER, ...paths);
          const best = neighbours.bestOffer({ rendition: RENDITION, stripe }, NO_OFFER, () => true);
          expect(best?.pathMs ?? NO_OFFER).toBe(shortestMs);
          expect(best?.from).toBe(shortestMs === NO_OFFER ? undefined : [...all.keys()][paths.indexOf(shortestMs)]);
        }
      }),
    );
  });
});
