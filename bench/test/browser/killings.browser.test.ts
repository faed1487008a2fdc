import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/browser/chromium.js';
import { hasNotRecovered, originOutage } from '../../src/browser/disturbances.js';
import { resolveBrowserOptions } from '../../src/browser/options.js';
import { SCENARIOS, type ScenarioName } from '../../src/browser/scenarios/registry.js';
import { inTurn } from '../../src/browser/scenarios/timetable.js';
import { Surroundings } from '../../src/browser/surroundings.js';
import type { RunEvent } from '../../src/browser/system-run.js';
import { ViewerProcess } from '../../src/browser/viewer-process.js';
import { WatchedViewer } from '../../src/browser/watched-viewer.js';

/** Longer than the test. */
const SIZE = { viewers: 3, seconds: 600, staggerMs: 0 };
/** More than a viewer has in hand, ms: what is shown then came after what happened before. */
const PLAYED_ON_MS = 3_000;
/** Some parts of the stream. */
const SHARED_BYTES = 100_000;

/** The acts of the three scenarios, one after the other on the same viewers, each when what came before is over and not by the clock. */
describe('viewers, tracker and origin that die', () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  const { signal } = new AbortController();
  const events: RunEvent[] = [];
  let surroundings: Surroundings;
  let viewers: readonly WatchedViewer[] = [];

  beforeAll(async () => {
    // Its tracker is a process of its own.
    const options = resolveBrowserOptions({ json: join(folder, 'out.json'), scenario: 'tracker-killed', viewers: '3', height: '180' });
    const chromiumPath = findChromium();
    surroundings = await Surroundings.start(options, { chromiumPath, signal });
    const { origin, pages, tracker } = surroundings;
    await tracker!.untilReady();
    const { link, slug } = (await origin.listing())!;
    const stream = { link, playlistUrl: `${origin.url}/live/${slug}/index.m3u8` };
    viewers = await Promise.all(
      inTurn(SIZE).map(async (plan) => {
        const { watchMs } = plan;
        return new WatchedViewer(plan, await ViewerProcess.open({ chromiumPath, pageUrl: pages.url, originUrl: origin.url, plan: { system: 'p2ptv', stream, watchMs } }));
      }),
    );
    await Promise.all(viewers.map((viewer) => viewer.click()));
  });

  afterAll(async () => {
    await Promise.all(viewers.map(({ process }) => process.close()));
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  });

  /** How much of the stream it has shown, ms. */
  const shownMs = ({ report }: WatchedViewer): number => (report ? report.playback.playedMs - report.playback.stalledMs : 0);
  const fromPeers = ({ report }: WatchedViewer): number => report?.system.mediaBytes.peers ?? 0;
  const survivors = (): readonly WatchedViewer[] => viewers.slice(1);

  const lookedAt = async (viewer: WatchedViewer, figure: (viewer: WatchedViewer) => number): Promise<number> => {
    await viewer.look();
    return figure(viewer);
  };
  const rises = async (viewer: WatchedViewer, figure: (viewer: WatchedViewer) => number, by: number): Promise<void> => {
    const from = await lookedAt(viewer, figure);
    await expect.poll(() => lookedAt(viewer, figure), { interval: 100 }).toBeGreaterThan(from + by);
  };
  /** Who survives goes on watching, and those who do feed each other. */
  const goOn = async (): Promise<void> => {
    const shared = async (): Promise<number> => (await Promise.all(survivors().map((viewer) => lookedAt(viewer, fromPeers)))).reduce((sum, bytes) => sum + bytes, 0);
    const before = await shared();
    await Promise.all(survivors().map((viewer) => rises(viewer, shownMs, PLAYED_ON_MS)));
    await expect.poll(shared, { interval: 100 }).toBeGreaterThan(before + SHARED_BYTES);
  };
  /** What the scenario does at its so-manieth event. */
  const happens = async (name: ScenarioName, index = 0): Promise<void> => {
    const { kind, act } = SCENARIOS[name].events!(SIZE)[index]!;
    await act({ origin: surroundings.origin, tracker: surroundings.tracker, network: undefined, signal });
    events.push({ kind, atMs: Date.now() });
  };

  it('kill: who is killed is gone, and the others go on', async () => {
    const [doomed] = viewers;
    await Promise.all(viewers.map((viewer) => rises(viewer, shownMs, 1_000)));
    await rises(doomed!, fromPeers, 0);
    await doomed!.kill();
    expect(doomed!.outcome(undefined)).toMatchObject({ wasKilled: true, failure: undefined });
    await goOn();
  });

  it('tracker-killed: it is gone for good, and who has met goes on', async () => {
    await happens('tracker-killed');
    await goOn();
    await expect(fetch(surroundings.tracker!.url)).rejects.toThrow();
  });

  it('origin-killed: pictures stand when what was published is played, and move again once it is back', async () => {
    await happens('origin-killed');
    await expect(fetch(surroundings.origin.url)).rejects.toThrow();
    for (const viewer of survivors()) {
      let before = -Infinity;
      const isStanding = async (): Promise<boolean> => {
        const now = await lookedAt(viewer, shownMs);
        const movedMs = now - before;
        before = now;
        return movedMs < 50;
      };
      await expect.poll(isStanding, { interval: 500 }).toBe(true);
    }
    await happens('origin-killed', 1);
    await Promise.all(survivors().map((viewer) => rises(viewer, shownMs, PLAYED_ON_MS)));
    const outcomes = survivors().map((viewer) => viewer.outcome(undefined));
    const outage = originOutage(outcomes, events);
    expect(outage?.awayMs).toBeGreaterThan(500);
    // Where the machine is so busy that pictures stood already, they played on for 0 ms.
    expect(outage).toMatchObject({ playedOnLeastMs: expect.any(Number) as number, stoodAfterReturnMostMs: expect.any(Number) as number });
    expect(outcomes.filter(hasNotRecovered)).toEqual([]);
    expect(survivors().map(({ process }) => process.failure)).toEqual([undefined, undefined]);
  });
});
