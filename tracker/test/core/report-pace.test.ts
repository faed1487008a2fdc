import { describe, expect, it } from 'vitest';
import { ReportPace } from '../../src/core/report-pace.js';
import { TrackerWorld } from './tracker-world.js';

describe('ReportPace', () => {
  it('doubles the interval where reports are too many, twice at most', () => {
    const intervalFor = (count: number): number => new ReportPace({ baseMs: 2_000, perSecond: 4_000 }).intervalMs(count);
    expect([1, 8_000, 8_001, 16_000, 16_001, 32_000, 200_000].map(intervalFor)).toEqual([
      2_000, 2_000, 4_000, 4_000, 8_000, 8_000, 8_000,
    ]);
  });

  it('goes back when they would be a quarter fewer than too many, not to and fro', () => {
    const pace = new ReportPace({ baseMs: 2_000, perSecond: 4_000 });
    expect([8_001, 7_999, 8_001, 6_000, 5_999, 6_001].map((count) => pace.intervalMs(count))).toEqual([
      4_000, 4_000, 4_000, 4_000, 2_000, 2_000,
    ]);
    expect([100_000, 12_000, 11_999, 10].map((count) => pace.intervalMs(count))).toEqual([8_000, 8_000, 4_000, 2_000]);
  });
});

const UPLOADS = { sentBytes: 1 };

describe('members of a crowd', () => {
  /** From 21 members on they report every 4 s, from 41 on every 8 s. */
  function crowd(count: number): TrackerWorld {
    const world = new TrackerWorld({ membership: { reportsPerSecond: 10 } });
    world.joinOrigin();
    for (let index = 1; index < count; index++) world.joined(index);
    return world;
  }

  it('are told of a longer or shorter interval after a report, newcomers once they have sent media', () => {
    const world = crowd(41);
    expect(world.joined(100).reportIntervalMs).toBe(2_000);
    world.report(1, UPLOADS);
    world.report(1, UPLOADS);
    world.report(100);
    expect(world.got(1, 'reportInterval')).toEqual([{ reportIntervalMs: 8_000 }]);
    expect(world.got(100, 'reportInterval')).toEqual([]);
    world.report(100, UPLOADS);
    expect(world.got(100, 'reportInterval')).toEqual([{ reportIntervalMs: 8_000 }]);
    for (let index = 2; index < 41; index++) world.leave(index);
    world.report(1, UPLOADS);
    expect(world.got(1, 'reportInterval').at(-1)).toEqual({ reportIntervalMs: 2_000 });
  });

  it('are told of it after 10 s if they never send', () => {
    const world = crowd(100);
    const reportAll = (): void => {
      for (let index = 1; index < 100; index++) world.report(index);
    };
    world.advance(9_500, reportAll);
    expect(world.got(1, 'reportInterval')).toEqual([]);
    world.advance(500, reportAll);
    expect(world.got(1, 'reportInterval')).toEqual([{ reportIntervalMs: 8_000 }]);
  });

  it('are out when a report is as late as it may be with the usual interval; the origin goes on as ever', () => {
    const world = crowd(42);
    for (let index = 2; index < 42; index++) world.report(index, UPLOADS);
    world.report(0xff, UPLOADS);
    expect(world.got(0xff, 'reportInterval')).toEqual([]);
    // The first has kept to 2 s, as it was told when it joined, and has said nothing since.
    world.advance(5_500);
    expect(world.cut.size).toBe(0);
    world.advance(500);
    expect([...world.cut.keys()]).toEqual(['c1']);
    world.advance(5_500);
    for (let index = 3; index < 42; index++) world.report(index, UPLOADS);
    expect(world.cut.size).toBe(1);
    world.advance(500);
    expect([...world.cut.keys()]).toEqual(['c1', 'c2']);
    world.advance(11_000);
    expect(world.cut.size).toBe(2);
    world.advance(500);
    expect(world.scrape()).toMatchObject({ viewers: 0, seeders: 1 });
  });

  it('count towards the copies by their interval: one in three that reports of a shortage speaks for half of all', () => {
    const copiesWhere = (isReporting: (index: number) => boolean): number => {
      const world = crowd(51);
      const shortage = (bytes: number) => ({ ...UPLOADS, uplinkBitsPerSecond: 2_000_000, fromOriginBytes: bytes, fallbackBytes: bytes });
      for (let index = 1; index <= 50; index++) world.report(index, shortage(0));
      world.advance(8_000);
      for (let index = 1; index <= 50; index++) if (isReporting(index)) world.report(index, shortage(3_000_000));
      return world.scrape().seedCopies;
    };
    expect(copiesWhere((index) => index % 3 === 1)).toBe(12);
    expect(copiesWhere((index) => index % 10 === 1)).toBe(2);
  });

  it('keep their duty where they report less often than duty is looked at', () => {
    const world = crowd(41);
    const reportAll = (): void => {
      for (let index = 1; index < 41; index++) world.report(index, { ...UPLOADS, fromSeederBytes: 1 + world.nowMs });
    };
    reportAll();
    world.advance(8_000, () => undefined);
    reportAll();
    const holders = new Set(world.dutyMap().flat());
    for (let round = 0; round < 6; round++) {
      // They report in turn: at any time some have been silent for nearly 8 s, some have just spoken.
      for (let index = 1; index < 41; index++) {
        world.advance(200);
        world.report(index, { ...UPLOADS, fromSeederBytes: 1 + world.nowMs });
      }
    }
    expect(new Set(world.dutyMap().flat())).toEqual(holders);
  });
});
