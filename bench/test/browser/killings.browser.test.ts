import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/browser/chromium.js';
import { resolveBrowserOptions } from '../../src/browser/options.js';
import type { RoundResult } from '../../src/browser/report.js';
import { SCENARIOS, type ScenarioName } from '../../src/browser/scenarios/registry.js';
import type { PlannedEvent, Scenario, ScenarioSize } from '../../src/browser/scenarios/scenario.js';
import { inTurn } from '../../src/browser/scenarios/timetable.js';
import { summarize } from '../../src/browser/summary.js';
import { Surroundings } from '../../src/browser/surroundings.js';
import { runSystem, type SystemOutcome } from '../../src/browser/system-run.js';

/** When what happens, ms after the first click. */
const VIEWER_AND_TRACKER_DIE_MS = 4_000;
const ORIGIN_DIES_MS = 7_000;
const ORIGIN_RETURNS_MS = 9_000;

/** What a scenario does, at another time. */
function acts(name: ScenarioName, size: ScenarioSize, atMs: readonly number[]): PlannedEvent[] {
  const scenario: Scenario = SCENARIOS[name];
  const events = scenario.events?.({ ...size, seconds: 60 }) ?? [];
  return atMs.map((when, index) => ({ ...events[index]!, atMs: when }));
}

/** The three scenarios in one, as short as can be: their own acts, one after the other. */
const ALL_DIE: Scenario = {
  summary: 'a viewer and the tracker die, then the origin, which comes back',
  viewers: (size) => inTurn(size).map((viewer, place) => (place === 1 ? { ...viewer, group: 'killed', killAtMs: VIEWER_AND_TRACKER_DIE_MS } : { ...viewer, group: 'survivors' })),
  events: (size) => [
    ...acts('kill', size, [VIEWER_AND_TRACKER_DIE_MS]),
    ...acts('tracker-killed', size, [VIEWER_AND_TRACKER_DIE_MS]),
    ...acts('origin-killed', size, [ORIGIN_DIES_MS, ORIGIN_RETURNS_MS]),
  ],
  hasTrackerApart: true,
  hasVisits: false,
};

describe('viewers, tracker and origin that die', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  let surroundings: Surroundings | undefined;
  let outcome: SystemOutcome;
  let result: RoundResult;

  beforeAll(async () => {
    // Its tracker is a process of its own; nothing else of the scenario is used.
    const options = { ...resolveBrowserOptions({ json: join(folder, 'out.json'), scenario: 'tracker-killed', viewers: '3', seconds: '24', staggerMs: '300', height: '180' }), seconds: 17 };
    const { signal } = new AbortController();
    const chromiumPath = findChromium();
    surroundings = await Surroundings.start(options, { chromiumPath, signal });
    const { origin, pages, tracker, network } = surroundings;
    await tracker?.untilReady();
    const context = { options, origin, tracker, network, chromiumPath, pageUrl: pages.url, webTorrentTrackerUrl: undefined, phaseMs: 0, signal, print: () => undefined };
    outcome = await runSystem('p2ptv', context, ALL_DIE);
    result = summarize(outcome, { originWarnings: [], isRecorded: false, bestHeight: 180 });
  }, 120_000);

  afterAll(async () => {
    await surroundings?.stop();
    rmSync(folder, { recursive: true });
  });

  it('kill: who was killed is gone, the others exchange media and play on', () => {
    const [first, killed, last] = outcome.viewers;
    expect(killed).toMatchObject({ wasKilled: true, failure: undefined });
    expect(killed!.report!.isFinished).toBe(false);
    expect(killed!.report!.toMs - killed!.report!.fromMs).toBeLessThan(VIEWER_AND_TRACKER_DIE_MS);
    expect([first, last].map((viewer) => viewer?.report?.isFinished)).toEqual([true, true]);
    expect(result.groups['survivors']!.peerMediaBytes).toBeGreaterThan(0);
    expect(result.rebufferAfterKillMs?.samples).toBe(2);
  });

  it('tracker-killed: it is gone, and stays so', async () => {
    expect(outcome.events.map(({ kind }) => kind)).toContain('trackerKilled');
    await expect(fetch(surroundings!.tracker!.url)).rejects.toThrow();
  });

  it('origin-killed: pictures stand when what was published is played, and move again when it is back', () => {
    const { originOutage, failures } = result;
    expect(originOutage?.awayMs).toBeGreaterThan(ORIGIN_RETURNS_MS - ORIGIN_DIES_MS - 500);
    expect(originOutage?.stoodAfterReturnMostMs).toBeGreaterThan(0);
    // None still stood at the end.
    expect(failures).toEqual([]);
  });
});
