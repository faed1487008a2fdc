import type { RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ENGINE_OPTIONS } from '../../src/engine/engine-options.js';
import { QualityRule } from '../../src/engine/quality-rule.js';

const [BEST, MIDDLE, LEAST] = [0, 1, 2] as RenditionId[] as [RenditionId, RenditionId, RenditionId];
const LADDER = [
  { rendition: LEAST, bitsPerSecond: 750_000 },
  { rendition: BEST, bitsPerSecond: 3_000_000 },
  { rendition: MIDDLE, bitsPerSecond: 1_500_000 },
];
const { holdMs, tryMs } = DEFAULT_ENGINE_OPTIONS.quality;

/** A viewer whose line carries so much: a part every 200 ms, in time or not. */
class Viewer {
  nowMs = 1_000;
  rendition: RenditionId;
  readonly rule = new QualityRule(this.nowMs, LADDER, DEFAULT_ENGINE_OPTIONS.quality);
  readonly changes: { readonly atMs: number; readonly to: RenditionId; readonly isUrgent: boolean }[] = [];

  constructor(rendition: RenditionId) {
    this.rendition = rendition;
  }

  /** @param line `bytes` that come at once, every part; `isLate`, `isClose`: which of ten parts are; `wholeMs`: media that comes whole a part */
  watch(
    ms: number,
    line: { readonly bytes: number; readonly wholeMs?: number; readonly isLate?: (part: number) => boolean; readonly isClose?: (part: number) => boolean },
  ): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 200) {
      const part = (this.nowMs / 200) % 10;
      this.rule.received(this.nowMs, line.bytes);
      this.rule.completed(this.nowMs, line.wholeMs ?? 200);
      this.rule.judged(this.nowMs, line.isLate?.(part) ? 'late' : line.isClose?.(part) ? 'close' : 'inTime');
      const wish = this.rule.decide(this.nowMs, this.rendition);
      if (!wish) continue;
      this.rendition = wish.rendition;
      this.changes.push({ atMs: this.nowMs, to: wish.rendition, isUrgent: wish.isUrgent });
    }
  }
}

const ALWAYS = (): boolean => true;
const ample = { bytes: 250_000 };
/** 2.2 Mb/s. */
const narrow = { bytes: 55_000 };

describe('quality rule', () => {
  it('QR1: three late parts of ten, and the best rendition that what came carries is followed at once', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(4_000, narrow);
    viewer.watch(600, { ...narrow, isLate: ALWAYS });
    expect(viewer.changes).toEqual([{ atMs: 5_400, to: MIDDLE, isUrgent: true }]);
  });

  it('QR1: steps are left out where what came does not carry them; below the least there is none', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(4_000, { bytes: 20_000, isLate: ALWAYS });
    expect(viewer.changes.map(({ to }) => to)).toEqual([LEAST]);
  });

  it('QR5: parts that come only just, while less media comes than is played, are as good as late', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(4_000, narrow);
    viewer.watch(2_400, { ...narrow, isClose: ALWAYS, wholeMs: 160 });
    expect(viewer.changes).toMatchObject([{ to: MIDDLE, isUrgent: true }]);
  });

  it('QR5: parts that come only just, as fast as they are played, change nothing; nor does slow media that is still early', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(10_000, { ...narrow, isClose: ALWAYS });
    viewer.watch(2_000, narrow);
    viewer.watch(4_000, { ...narrow, wholeMs: 160 });
    expect(viewer.changes).toEqual([]);
  });

  it('QR5: what came of the former rendition does not say that the new one comes too slowly', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(4_000, narrow);
    viewer.watch(600, { ...narrow, isLate: ALWAYS });
    viewer.watch(2_800, { ...narrow, isClose: ALWAYS, wholeMs: 0 });
    expect(viewer.changes.map(({ to }) => to)).toEqual([MIDDLE]);
  });

  it('QR5: nor does it say so that nothing came before the first part', () => {
    const viewer = new Viewer(BEST);
    viewer.nowMs += 4_000;
    viewer.watch(20_000, { ...narrow, isClose: ALWAYS });
    expect(viewer.changes).toEqual([]);
  });

  it('QR1: two late parts of ten change nothing', () => {
    const viewer = new Viewer(BEST);
    viewer.watch(20_000, { ...narrow, isLate: (part) => part === 3 || part === 7 });
    expect(viewer.changes).toEqual([]);
  });

  it('QR2: a line that has shown it carries the next one gets it after 5 s without a late part, a step at a time', () => {
    const viewer = new Viewer(LEAST);
    viewer.watch(2 * holdMs + 1_000, ample);
    expect(viewer.changes).toEqual([
      { atMs: 1_000 + holdMs, to: MIDDLE, isUrgent: false },
      { atMs: 1_000 + 2 * holdMs, to: BEST, isUrgent: false },
    ]);
  });

  it('QR2: a late part begins the 5 s anew', () => {
    const viewer = new Viewer(LEAST);
    viewer.watch(4_000, ample);
    viewer.watch(200, { ...ample, isLate: ALWAYS });
    viewer.watch(holdMs - 200, ample);
    expect(viewer.changes).toEqual([]);
    viewer.watch(400, ample);
    expect(viewer.changes.map(({ to }) => to)).toEqual([MIDDLE]);
  });

  it('QR2: one that has shown nothing gets it after 20 s', () => {
    const viewer = new Viewer(MIDDLE);
    viewer.watch(tryMs, narrow);
    expect(viewer.changes).toEqual([]);
    viewer.watch(400, narrow);
    expect(viewer.changes.map(({ to }) => to)).toEqual([BEST]);
  });

  it('QR3: a better one that had to be given up soon is tried after twice as long each time, up to eight times', () => {
    const viewer = new Viewer(MIDDLE);
    const tries: number[] = [];
    for (let round = 0; round < 6; round++) {
      const fromMs = viewer.nowMs;
      while (viewer.rendition === MIDDLE) viewer.watch(200, narrow);
      tries.push(Math.round((viewer.nowMs - fromMs) / tryMs));
      while (viewer.rendition === BEST) viewer.watch(200, { ...narrow, isLate: ALWAYS });
    }
    expect(viewer.rendition).toBe(MIDDLE);
    expect(tries).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it('QR3: one that lasted makes the next try as soon as the first', () => {
    const viewer = new Viewer(MIDDLE);
    while (viewer.rendition === MIDDLE) viewer.watch(200, narrow);
    viewer.watch(3 * holdMs, narrow);
    while (viewer.rendition === BEST) viewer.watch(200, { ...narrow, isLate: ALWAYS });
    const fromMs = viewer.nowMs;
    while (viewer.rendition === MIDDLE) viewer.watch(200, narrow);
    expect(Math.round((viewer.nowMs - fromMs) / tryMs)).toBe(1);
  });

  it('a rendition that is not of the ladder is left alone', () => {
    const viewer = new Viewer(7 as RenditionId);
    viewer.watch(30_000, { ...ample, isLate: ALWAYS });
    expect(viewer.changes).toEqual([]);
  });
});
