import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UPLINK_PRIORITIES, UplinkBudget, WINDOW_MS, type UplinkPriority } from '../../src/uplink/uplink-budget.js';

const asks = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 300, noNaN: true })),
    share: fc.double({ min: 0.001, max: 1, noNaN: true }),
    priority: fc.constantFrom(...UPLINK_PRIORITIES),
    isWithdrawn: fc.boolean(),
  }),
  { minLength: 1, maxLength: 200 },
);

type Sent = { readonly atMs: number; readonly bytes: number; readonly priority: UplinkPriority };

/** Pumps whenever something is due, as a timer would, up to a time. */
function pumpUntil(budget: UplinkBudget, endMs: number, at: (nowMs: number) => void): void {
  for (let dueMs = budget.dueMs; dueMs <= endMs && dueMs < Infinity; dueMs = budget.dueMs) {
    at(dueMs);
    budget.pump(dueMs);
  }
}

describe('UplinkBudget', () => {
  it('grants everything that is not withdrawn, no window of 2 s above the rate, and nothing late while nothing else waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500_000, max: 1_000_000_000 }), asks, (bitsPerSecond, wanted) => {
        const budget = new UplinkBudget(bitsPerSecond, 0);
        const sent: Sent[] = [];
        let nowMs = 0;
        let expected = 0;
        for (const { afterMs, share, priority, isWithdrawn } of wanted) {
          const untilMs = nowMs + afterMs;
          pumpUntil(budget, untilMs, (atMs) => (nowMs = atMs));
          nowMs = untilMs;
          const bytes = Math.max(1, Math.floor(share * budget.pieceBytes));
          const grants = { count: 0 };
          const withdraw = budget.ask(nowMs, {
            bytes,
            priority,
            granted: () => {
              grants.count++;
              sent.push({ atMs: nowMs, bytes, priority });
            },
          });
          if (isWithdrawn) withdraw();
          // What is granted at once cannot be withdrawn any more.
          if (!isWithdrawn || grants.count === 1) expected++;
          expect(grants.count).toBeLessThanOrEqual(1);
        }
        pumpUntil(budget, Infinity, (atMs) => {
          nowMs = atMs;
        });
        expect(sent).toHaveLength(expected);
        for (const priority of UPLINK_PRIORITIES) {
          expect(budget.waitingBytes[priority]).toBe(0);
          const total = sent.reduce((sum, one) => sum + (one.priority === priority ? one.bytes : 0), 0);
          expect(budget.sentBytes[priority]).toBe(total);
        }
        const limitBytes = (bitsPerSecond / 8_000) * WINDOW_MS + 1;
        for (const [start, first] of sent.entries()) {
          let bytes = 0;
          for (const one of sent.slice(start)) if (one.atMs - first.atMs < WINDOW_MS) bytes += one.bytes;
          expect(bytes).toBeLessThanOrEqual(limitBytes);
        }
      }),
      { seed: 20261121, numRuns: 200 },
    );
  });
});
