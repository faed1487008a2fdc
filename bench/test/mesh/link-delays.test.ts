import type { PeerId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { LinkDelays } from '../../src/mesh/link-delays.js';
import type { TimedMark } from '../../src/mesh/worker-messages.js';

function mark(ordinal: number, atMs: number, isArrival: boolean): TimedMark {
  return { from: 'a' as PeerId, to: 'b' as PeerId, ordinal, atMs, isArrival };
}

describe('LinkDelays', () => {
  it('matches both ends of a frame, whichever is told first', () => {
    const delays = new LinkDelays();
    delays.add([mark(0, 100, false), mark(64, 203, true)]);
    delays.add([mark(64, 200, false), mark(0, 101, true)]);
    expect(delays.samples.count).toBe(2);
    expect(delays.samples.quantile(0)).toBe(1);
    expect(delays.samples.quantile(1)).toBe(3);
  });

  it('keeps the two directions of a link apart, and takes no nonsense of a link made anew', () => {
    const delays = new LinkDelays();
    delays.add([mark(0, 100, false), { ...mark(0, 105, true), from: 'b' as PeerId, to: 'a' as PeerId }]);
    expect(delays.samples.count).toBe(0);
    delays.add([mark(0, 9_000, true)]);
    expect(delays.samples.count).toBe(0);
    expect(delays.samples.quantile(0.5)).toBeUndefined();
  });
});
