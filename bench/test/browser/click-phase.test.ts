import { describe, expect, it } from 'vitest';
import { clickPhaseMs, untilPhaseMs } from '../../src/browser/click-phase.js';

describe('when viewers click', () => {
  it('is the same place of a segment for every system of a round', () => {
    for (const wallMs of [1_000_000, 1_000_001, 1_001_999]) {
      const waitMs = untilPhaseMs(wallMs, 300);
      expect((wallMs + waitMs) % 2000).toBe(300);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThan(2000);
    }
  });

  it('is another place in each round, far from those before', () => {
    const phases = [0, 1, 2, 3].map(clickPhaseMs);
    expect(phases).toEqual([0, 1236, 472, 1708]);
  });
});
