import { describe, expect, it } from 'vitest';
import { scenarioOf, SCENARIOS, type ScenarioName } from '../../src/browser/scenarios/registry.js';

const SIZE = { viewers: 4, seconds: 60, staggerMs: 1250 };

describe('the scenarios', () => {
  it.each(Object.keys(SCENARIOS) as ScenarioName[])('%s has nobody watch when all others have left, nor die when it has left', (name) => {
    const scenario = scenarioOf(name);
    expect(scenario.problem?.(SIZE)).toBeUndefined();
    const viewers = scenario.viewers(SIZE);
    const lastEndMs = 60_000 + 3 * SIZE.staggerMs;
    for (const { clickAtMs, watchMs, killAtMs } of viewers) {
      expect(watchMs).toBeGreaterThan(0);
      expect(clickAtMs + watchMs).toBeLessThanOrEqual(lastEndMs);
      if (killAtMs !== undefined) expect(killAtMs).toBeGreaterThan(clickAtMs);
      if (killAtMs !== undefined) expect(killAtMs).toBeLessThan(clickAtMs + watchMs);
    }
    for (const { atMs } of scenario.events?.(SIZE) ?? []) expect(atMs).toBeLessThan(60_000);
  });

  it('late-joiner: the last comes when all others have long been settled', () => {
    const viewers = scenarioOf('late-joiner').viewers(SIZE);
    expect(viewers.map(({ group }) => group)).toEqual(['settled', 'settled', 'settled', 'late']);
    expect(viewers.at(-1)).toMatchObject({ clickAtMs: 17_500, watchMs: 42_500 });
  });

  it('kill: each second viewer dies every 10 s, and its place is taken', () => {
    const { viewers, events } = scenarioOf('kill');
    const all = viewers(SIZE);
    const kills = [13_750, 23_750, 33_750, 43_750, 53_750];
    expect(events?.(SIZE).map(({ atMs }) => atMs)).toEqual(kills);
    const survivors = all.filter(({ group }) => group === 'survivors');
    expect(survivors.map(({ clickAtMs, killAtMs }) => [clickAtMs, killAtMs])).toEqual([[0, undefined], [2500, undefined]]);
    // Two places: two die each time, and whoever came last stays.
    for (const atMs of kills) expect(all.filter(({ killAtMs }) => killAtMs === atMs)).toHaveLength(2);
    expect(all).toHaveLength(4 + 2 * kills.length);
    // Never more at once than asked for.
    const turns = all.flatMap(({ clickAtMs, watchMs, killAtMs }) => [
      { atMs: clickAtMs, change: 1 },
      { atMs: killAtMs ?? clickAtMs + watchMs, change: -1 },
    ]);
    let now = 0;
    const counts = turns.sort((one, other) => one.atMs - other.atMs).map(({ change }) => (now += change));
    expect(Math.max(...counts)).toBe(4);
  });

  it('kill: a crowd of newcomers has come long before the next killing', () => {
    const newcomers = scenarioOf('kill').viewers({ viewers: 40, seconds: 60, staggerMs: 300 }).slice(40, 60);
    const clicks = newcomers.map(({ clickAtMs }) => clickAtMs);
    expect(Math.max(...clicks) - Math.min(...clicks)).toBeLessThan(5_000);
  });

  it('on-demand: nobody seeks to where the recording would end before the next seek', () => {
    const { viewers, recordedSeconds } = scenarioOf('on-demand');
    const recordedMs = recordedSeconds!(SIZE) * 1000;
    const all = viewers(SIZE);
    for (const { seeks, watchMs } of all) {
      expect(seeks!.length).toBeGreaterThan(2);
      // Long enough before the end to show whether it comes to a picture.
      expect(watchMs - seeks!.at(-1)!.atMs).toBeGreaterThan(3_000);
      for (const [index, { atMs, toMs }] of seeks!.entries()) {
        const playedMs = (seeks![index + 1]?.atMs ?? watchMs) - atMs;
        expect(playedMs).toBeGreaterThan(0);
        expect(toMs + playedMs).toBeLessThan(recordedMs);
      }
    }
    // Nearly all lead to where the viewer has not been, nor its player, which keeps so much in hand.
    const isElsewhere = all.flatMap(({ seeks }) =>
      seeks!.map(({ toMs }, index) => [{ atMs: 0, toMs: 0 }, ...seeks!.slice(0, index)].every((before, at) => toMs < before.toMs - 2_000 || toMs > before.toMs + seeks![at]!.atMs - before.atMs + 10_000)),
    );
    expect(isElsewhere.filter(Boolean).length).toBeGreaterThan(isElsewhere.length / 2);
    expect(new Set(all.map(({ seeks }) => seeks![0]!.toMs)).size).toBe(all.length);
    expect(viewers(SIZE)).toEqual(all);
  });

  it('abr: lines are slower for a while, long after the last has come, and there is time to come back', () => {
    const { viewers, events, problem } = scenarioOf('abr');
    expect(viewers(SIZE).map(({ group }) => group)).toEqual(['slowed', 'others', 'slowed', 'others']);
    expect(events?.(SIZE).map(({ kind, atMs }) => [kind, atMs])).toEqual([['linesSlowed', 13_750], ['linesRestored', 28_750]]);
    expect(problem?.({ ...SIZE, seconds: 31 })).toContain('--seconds 32');
    expect(problem?.({ ...SIZE, seconds: 32 })).toBeUndefined();
  });

  it('no-webrtc: one of them has none', () => {
    const viewers = scenarioOf('no-webrtc').viewers(SIZE);
    expect(viewers.map(({ hasWebRtc }) => hasWebRtc)).toEqual([true, false, true, true]);
  });
});
