import { describe, expect, it } from 'vitest';

import { OutageWatch, type OutageWitness } from '../../src/sim/outage-watch.js';

/** What had been published when the origin went away, and when it came back. */
const PUBLISHED_TO_MS = 19_900;
const BACK_AT_MS = 25_000;

const viewer = (playheadMs?: number): OutageWitness => ({ playheadMs });

describe('what was published before an outage', () => {
  it('is played by those to whom nothing of it was left out, and who came to its end', () => {
    const [whole, jumped, stuck, without] = [viewer(40_000), viewer(40_000), viewer(19_600), viewer()];
    const watch = new OutageWatch(PUBLISHED_TO_MS, [whole, jumped, stuck, without]);
    watch.skipped(jumped, 19_700);
    watch.finish();
    expect(watch.playedRatio).toBe(0.25);
  });

  it('does not suffer from what is left out of the time of the outage, nor from who was not there or has left', () => {
    const [whole, gone, late] = [viewer(40_000), viewer(19_000), viewer(40_000)];
    const watch = new OutageWatch(PUBLISHED_TO_MS, [whole, gone]);
    watch.skipped(whole, PUBLISHED_TO_MS);
    watch.skipped(late, 18_000);
    watch.skipped(gone, 18_000);
    watch.left(gone);
    watch.finish();
    expect(watch.playedRatio).toBe(1);
    expect(new OutageWatch(PUBLISHED_TO_MS, []).playedRatio).toBeUndefined();
  });
});

describe('recovery from an outage', () => {
  it('lasts until the last who stands still goes on, those included who go on and stop again', () => {
    const watch = new OutageWatch(PUBLISHED_TO_MS, []);
    watch.stalled(20_500, 21_000);
    watch.ended(BACK_AT_MS);
    expect(watch.recoveryMs).toBe(0);
    watch.stalled(21_000, 25_800);
    watch.stalled(27_000, 27_500);
    watch.stalled(26_000, 26_100);
    expect(watch.recoveryMs).toBe(2_500);
  });

  it('has nothing to do with stalls long after, and is not there before the origin is', () => {
    const watch = new OutageWatch(PUBLISHED_TO_MS, []);
    expect(watch.recoveryMs).toBeUndefined();
    watch.ended(BACK_AT_MS);
    watch.stalled(35_000, 36_000);
    expect(watch.recoveryMs).toBe(0);
  });
});
