import { STRIPE_COUNT, type PeerId } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dutyShape, EMPTY_DUTY_PLAN, planDuty, type DutyPlan } from '../../src/core/duty-plan.js';
import { peerId, STREAM, TrackerWorld } from './tracker-world.js';

/** Candidates of a swarm: any subset of 40 peers, in any order of merit; how many watch beside them; copies. */
const swarmArbitrary = fc.record({
  ranked: fc.shuffledSubarray(Array.from({ length: 40 }, (_, index) => peerId(index))),
  others: fc.nat(100),
  copies: fc.integer({ min: 1, max: 4 }),
});

function load(plan: DutyPlan, id: PeerId): number {
  return plan.flat().filter((holder) => holder === id).length;
}

describe('planDuty', () => {
  it('covers every stripe with the right number of different candidates, spread as the shape says', () => {
    fc.assert(
      fc.property(fc.array(swarmArbitrary, { minLength: 1, maxLength: 12 }), (swarms) => {
        let plan: DutyPlan = EMPTY_DUTY_PLAN;
        for (const { ranked, others, copies } of swarms) {
          const peers = ranked.length + others;
          const shape = dutyShape(peers, ranked.length, copies);
          plan = planDuty(plan, ranked, shape);
          expect(plan).toHaveLength(STRIPE_COUNT);
          expect(plan.map((holders) => new Set(holders).size)).toEqual(plan.map(() => shape.copies));
          expect(plan.map((holders) => holders.length)).toEqual(plan.map(() => shape.copies));
          const holders = [...new Set(plan.flat())];
          expect(holders.filter((holder) => !ranked.includes(holder))).toEqual([]);
          expect(holders.length).toBeGreaterThanOrEqual(shape.superPeers);
          expect(Math.max(0, ...holders.map((holder) => load(plan, holder)))).toBeLessThanOrEqual(shape.stripesEach);
          if (peers >= 8 && ranked.length >= 4) expect(shape.stripesEach).toBeLessThanOrEqual(2);
        }
      }),
      { seed: 20261121, numRuns: 150 },
    );
  });

  it('is sticky: the same swarm in another order of merit gets the same plan', () => {
    fc.assert(
      fc.property(swarmArbitrary, fc.infiniteStream(fc.nat()), ({ ranked, others, copies }, keys) => {
        const shape = dutyShape(ranked.length + others, ranked.length, copies);
        const plan = planDuty(EMPTY_DUTY_PLAN, ranked, shape);
        const merit = new Map(ranked.map((id) => [id, keys.next().value]));
        const reordered = [...ranked].sort((left, right) => merit.get(left)! - merit.get(right)!);
        expect(planDuty(plan, reordered, shape)).toEqual(plan);
      }),
      { seed: 20261121 },
    );
  });

  it('is sticky: more copies add holders, and move none', () => {
    fc.assert(
      fc.property(swarmArbitrary, fc.integer({ min: 1, max: 4 }), ({ ranked, others, copies }, more) => {
        const peers = ranked.length + others;
        const plan = planDuty(EMPTY_DUTY_PLAN, ranked, dutyShape(peers, ranked.length, copies));
        const raised = planDuty(plan, ranked, dutyShape(peers, ranked.length, copies + more));
        plan.forEach((holders, stripe) => expect(raised[stripe]!.slice(0, holders.length)).toEqual(holders));
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('is sticky: when one candidate goes and the shape stays, only its stripes move', () => {
    fc.assert(
      fc.property(swarmArbitrary, fc.nat(), ({ ranked, others, copies }, pick) => {
        fc.pre(ranked.length > 1);
        const shape = dutyShape(ranked.length + others, ranked.length, copies);
        fc.pre(ranked.length > shape.superPeers);
        const plan = planDuty(EMPTY_DUTY_PLAN, ranked, shape);
        const gone = ranked[pick % ranked.length]!;
        const left = ranked.filter((id) => id !== gone);
        fc.pre(JSON.stringify(dutyShape(left.length + others, left.length, copies)) === JSON.stringify(shape));
        const next = planDuty(plan, left, shape);
        plan.forEach((holders, stripe) => {
          for (const holder of holders) if (holder !== gone) expect(next[stripe]).toContain(holder);
        });
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });
});

/** What may happen to one of 14 peers. */
const eventArbitrary = fc.record({
  index: fc.integer({ min: 1, max: 14 }),
  kind: fc.constantFrom('join', 'report', 'hide', 'mute', 'leave', 'disconnect', 'wait' as const),
});

describe('Tracker', () => {
  it('keeps every stripe covered by those who can be, names nobody who is gone, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 120 }), fc.integer(), (events, seed) => {
        const world = new TrackerWorld({}, seed);
        world.joinOrigin();
        /** What we know of each: connected, and able to take duty. */
        const connected = new Map<number, boolean>();
        let downloaded = 0;
        for (const { index, kind } of events) {
          world.nowMs += 10;
          switch (kind) {
            case 'join': {
              const answer = world.joined(index);
              for (const { peerId: id } of answer.neighbours) {
                expect(connected.has(Number.parseInt(id, 16))).toBe(true);
                expect(id).not.toBe(peerId(index));
              }
              connected.set(index, true);
              break;
            }
            case 'report':
            case 'hide':
            case 'mute':
              world.report(index, { isVisible: kind !== 'hide', isUploading: kind !== 'mute', sentBytes: 1 });
              if (connected.has(index)) connected.set(index, kind === 'report');
              break;
            case 'leave':
            case 'disconnect':
              if (kind === 'leave') world.leave(index);
              else world.disconnect(index);
              connected.delete(index);
              break;
            case 'wait':
              world.advance(1_000, () => {
                // All report, so that none is out for silence.
                for (const [other, isAble] of connected) {
                  world.report(other, { isVisible: isAble, sentBytes: 1 });
                }
              });
              break;
          }
          const able = [...connected].flatMap(([other, isAble]) => (isAble ? [peerId(other)] : []));
          const map = world.dutyMap();
          if (able.length > 0) expect(Math.min(...map.map((holders) => holders.length))).toBeGreaterThan(0);
          expect(map.flat().filter((holder) => !able.includes(holder))).toEqual([]);
          expect(world.tracker.viewerCount(STREAM)).toBeGreaterThanOrEqual(connected.size);
          expect(world.scrape().downloaded).toBeGreaterThanOrEqual(downloaded);
          downloaded = world.scrape().downloaded;
        }
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  it('tells each peer and the seeder the same', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 60 }), (events) => {
        const world = new TrackerWorld();
        world.joinOrigin();
        const told = new Map<number, readonly number[]>();
        for (const { index, kind } of events) {
          world.inboxes.forEach((messages, connection) => {
            if (connection !== 'c255') messages.length = 0;
          });
          if (kind === 'join') told.set(index, world.joined(index).dutyStripes);
          else if (kind === 'leave') world.leave(index);
          else if (kind === 'disconnect') world.disconnect(index);
          else world.report(index, { isVisible: kind !== 'hide', isUploading: kind !== 'mute' });
          if (kind === 'leave' || kind === 'disconnect') told.delete(index);
          for (const other of told.keys()) {
            const duty = world.got(other, 'duty').at(-1);
            if (duty) told.set(other, duty.stripes);
          }
          const map = world.dutyMap();
          for (const [other, stripes] of told) {
            const inMap = map.flatMap((holders, stripe) => (holders.includes(peerId(other)) ? [stripe] : []));
            expect(stripes).toEqual(inMap);
          }
        }
      }),
      { seed: 20261121, numRuns: 200 },
    );
  });
});
