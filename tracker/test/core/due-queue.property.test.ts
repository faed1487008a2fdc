import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../src/core/due-queue.js';

const DELAY_MS = 50;

describe('DueQueue', () => {
  it('gives what was touched longest ago first, once, and no sooner than its time', () => {
    const operation = fc.record({ kind: fc.constantFrom('touch', 'touch', 'delete', 'take'), item: fc.nat(9), afterMs: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const queue = new DueQueue<number>(DELAY_MS);
        // In the order of touching.
        let waiting: { item: number; touchedAtMs: number }[] = [];
        let nowMs = 0;
        for (const { kind, item, afterMs } of operations) {
          nowMs += afterMs;
          if (kind === 'take') {
            const due = waiting.filter(({ touchedAtMs }) => touchedAtMs + DELAY_MS <= nowMs);
            expect(queue.takeDue(nowMs)).toEqual(due.map((entry) => entry.item));
            waiting = waiting.filter((entry) => !due.includes(entry));
          } else {
            waiting = waiting.filter((entry) => entry.item !== item);
            if (kind === 'touch') {
              queue.touch(item, nowMs);
              waiting.push({ item, touchedAtMs: nowMs });
            } else {
              queue.delete(item);
            }
          }
          const [oldest] = waiting;
          expect(queue.nextMs).toBe(oldest && oldest.touchedAtMs + DELAY_MS);
        }
      }),
      { seed: 20261122 },
    );
  });
});
