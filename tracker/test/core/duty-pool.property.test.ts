import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DutyPool } from '../../src/core/duty-pool.js';
import { newMember, type Member } from '../../src/core/member.js';
import { joinRequest, STREAM } from './tracker-world.js';

const changeArbitrary = fc.record({
  index: fc.nat(30),
  isIn: fc.boolean(),
  uplinkBitsPerSecond: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000_000 })),
  sentBytes: fc.nat(2),
  neighbourCount: fc.nat(2),
  hasFailed: fc.boolean(),
});

/** Larger is better: what the pool promises to put first whatever the size of a class. */
function rank(member: Member): number {
  const evidence = member.uplinkBitsPerSecond === 0 ? 0 : member.sentBytes > 0 ? 2 : 1;
  return Number(member.barredUntilMs === -Infinity) * 6 + Number(member.neighbourCount > 0) * 3 + evidence;
}

describe('DutyPool', () => {
  it('holds who was put in, and gives the fittest first: who did not fail, is linked, has proved its uplink, has the larger', () => {
    fc.assert(
      fc.property(fc.array(changeArbitrary, { maxLength: 120 }), fc.nat(40), (changes, count) => {
        const pool = new DutyPool();
        const at = { connection: 'c', streamId: STREAM, nowMs: 0, reportIntervalMs: 2_000, tally: undefined, network: undefined };
        const members = Array.from({ length: 31 }, (_, index) => newMember(joinRequest(index), at));
        const held = new Set<Member>();
        for (const { index, isIn, hasFailed, ...report } of changes) {
          const member = members[index]!;
          Object.assign(member, report, { barredUntilMs: hasFailed ? 5 : -Infinity });
          if (isIn) pool.put(member);
          else pool.delete(member);
          if (isIn) held.add(member);
          else held.delete(member);
        }
        expect(pool.size).toBe(held.size);
        // A member that changed while it was in is put in again by the roster at each change.
        for (const member of held) pool.put(member);
        const best = pool.best(count);
        expect(best).toHaveLength(Math.min(count, held.size));
        expect(new Set(best).size).toBe(best.length);
        expect(best.every((member) => held.has(member))).toBe(true);
        const left = [...held].filter((member) => !best.includes(member));
        for (let place = 1; place < best.length; place++) {
          const [one, other] = [best[place - 1]!, best[place]!];
          expect(rank(one)).toBeGreaterThanOrEqual(rank(other));
          if (rank(one) === rank(other)) expect(one.uplinkBitsPerSecond).toBeGreaterThanOrEqual(other.uplinkBitsPerSecond * 0.84);
        }
        const worst = best.at(-1);
        for (const member of left) if (worst) expect(rank(member)).toBeLessThanOrEqual(rank(worst));
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });
});
