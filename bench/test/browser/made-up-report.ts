import type { BrowserReport, RoundResult } from '../../src/browser/report.js';
import { summarize } from '../../src/browser/summary.js';
import { systemResults } from '../../src/browser/system-result.js';
import { systemOutcome, viewerOutcome } from './outcome.js';

/** A round in which every bar is met, of four viewers, but for what is given. */
export function round(some: Partial<RoundResult> = {}): RoundResult {
  const viewers = Array.from({ length: 4 }, () => viewerOutcome());
  return {
    ...summarize(systemOutcome(viewers), { originWarnings: [], isRecorded: false, bestHeight: 360 }),
    offloadRatio: 0.72,
    offloadLimitRatio: 0.74,
    offloadSteadyRatio: 0.745,
    offloadSteadyLimitRatio: 0.75,
    offloadOverLimit: 0.745 / 0.75,
    playoutDelayMs: { p50: 1000, p95: 1200, samples: 9, invalidReads: 0 },
    stalledRatio: 0,
    headersRatio: 0.001,
    totalsDifferenceRatio: 0.001,
    ...some,
  };
}

/** A round in which each viewer had its first frame after so long. */
export function roundStarting(startupsMs: readonly (number | null)[], some: Partial<RoundResult> = {}): RoundResult {
  const made = round();
  const viewers = startupsMs.map((startupMs, index) => ({ ...made.viewers[0]!, viewer: index + 1, startupMs }));
  return { ...made, viewers, ...some };
}

/** What the suite would write of these rounds. */
export function report(rounds: Readonly<Record<string, readonly RoundResult[]>>, config: Partial<BrowserReport['config']> = {}): BrowserReport {
  const systems = Object.keys(rounds);
  return {
    suite: 'browser',
    startedAt: '2026-11-21T12:00:00.000Z',
    machine: { cpu: 'a processor', cores: 2, memoryBytes: 1e9, os: 'Linux', node: '20.20.2', chromium: '156', ffmpeg: '5.1' },
    config: {
      scenario: 'steady',
      scenarioSummary: 'nothing happens',
      lines: null,
      viewers: 4,
      seconds: 60,
      partMs: 200,
      segmentMs: 2000,
      systems,
      settings: Object.fromEntries(systems.map((system) => [system, `${system} & its settings`])),
      rounds: Math.max(...Object.values(rounds).map((all) => all.length)),
      starts: 1,
      order: [systems],
      staggerMs: 1250,
      input: 'clip',
      width: 640,
      height: 360,
      warmUp: '',
      steadyAfterSeconds: 10,
      chromiumFlags: [],
      ...config,
    },
    results: systemResults(new Map(Object.entries(rounds))),
  };
}
