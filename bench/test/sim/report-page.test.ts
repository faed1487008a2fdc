import { describe, expect, it } from 'vitest';

import { simPage } from '../../src/sim/report/page.js';
import type { SimReport } from '../../src/sim/sim-report.js';
import type { SimResult } from '../../src/sim/sim-result.js';
import { simResult } from './made-up-result.js';

type Run = SimReport['config']['runs'][string];

const MACHINE = { cpu: 'a processor', cores: 2, memoryBytes: 1, os: 'Linux', node: '20.20.2', chromium: 'none', ffmpeg: 'none' };

function planned(changes: Partial<Run> = {}): Run {
  return { scenario: null, purpose: '', options: {}, bars: [], comparedWith: null, ...changes };
}

function report(runs: Record<string, Run>, results: Record<string, SimResult>): SimReport {
  return { suite: 'sim', startedAt: '2026-11-21T12:00:00.000Z', machine: MACHINE, config: { title: 'A title', runs }, results };
}

const bars = [{ field: 'offloadSteadyRatio', least: 0.96 }, { field: 'stalledRatio', most: 0.0001 }];
const TITLES = [
  'How a chunk reaches the viewers',
  'How long chunks take',
  'What the origin is spared',
  'What leaves the origin',
  'What the origin sent in all',
  'Who gives, and who waits',
];

describe('page of a simulation', () => {
  it('needs nothing but itself, and runs no script', () => {
    const page = simPage(report({ p2ptv: planned({ bars }) }, { p2ptv: simResult() }));
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|href=|src=/);
    expect(page.match(/https?:\/\/[^"']*/g)?.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
    expect(page).toContain("default-src 'none'");
  });

  it('puts the headline figures first, each with its bar and whether it is met', () => {
    const page = simPage(report({ p2ptv: planned({ bars }) }, { p2ptv: simResult() }));
    const cards = page.slice(page.indexOf('class="cards"'), page.indexOf('<svg'));
    expect(cards).toMatch(/0\.962.*ok.*bar ≥ 0\.960/);
    expect(cards).toMatch(/0\.04 %.*NOT MET.*bar ≤ 0\.01 %/);
  });

  it('draws every picture, once for wide pages and once for phones', () => {
    const page = simPage(report({ p2ptv: planned() }, { p2ptv: simResult() }));
    for (const title of TITLES) expect(page).toContain(`<h3>${title}`);
    expect(page.match(/<svg/g)).toHaveLength(2 * TITLES.length);
    expect(page.match(/class="(wide|narrow)"/g)).toHaveLength(2 * TITLES.length);
  });

  it('holds a recording against no limit of live streams', () => {
    const page = (result: SimResult): string => simPage(report({ p2ptv: planned() }, { p2ptv: result }));
    const live = page(simResult());
    const onDemand = page(simResult({ seekMs: { p50: 169, p95: 189 } }));
    for (const words of ['limit 1 − 1/N', 'with one copy leaving the origin', 'seeds a chunk</p>']) {
      expect(live).toContain(words);
      expect(onDemand).not.toContain(words);
    }
  });

  it('gives each drawing ids of its own', () => {
    const page = simPage(report({ p2ptv: planned() }, { p2ptv: simResult() }));
    const ids = page.match(/ id="[^"]*"/g) ?? [];
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('draws delay against size when something ran at several', () => {
    const sized = (viewers: number): SimResult => simResult({ viewers, meanViewers: viewers });
    const page = simPage(report({ 'steady-100': planned(), 'steady-1k': planned() }, { 'steady-100': sized(100), 'steady-1k': sized(1000) }));
    expect(page).toContain('<h3>Delay against the size of the audience</h3>');
    expect(simPage(report({ a: planned(), b: planned() }, { a: simResult(), b: simResult() }))).not.toContain('size of the audience');
  });

  it('says how a run differs from the one it is a change of', () => {
    const page = simPage(
      report(
        { churn: planned(), 'churn without push': planned({ comparedWith: 'churn' }) },
        { churn: simResult(), 'churn without push': simResult({ chunkDelayMs: { p50: 500, p95: 900, p99: 1212 } }) },
      ),
    );
    expect(page).toMatch(/1212 ms<small class="change bad">\+20 %/);
  });

  it('folds the pictures of different scenarios, each by itself', () => {
    const names = ['churn', 'lossy', 'polluters'];
    const page = simPage(
      report(Object.fromEntries(names.map((name) => [name, planned({ bars, scenario: name })])), Object.fromEntries(names.map((name) => [name, simResult()]))),
    );
    expect(page).toContain('3 of 6 bars met');
    expect(page.match(/<summary>(churn|lossy|polluters)</g)).toHaveLength(names.length);
    expect(page.match(/<h3>How a chunk reaches the viewers/g)).toHaveLength(names.length);
  });

  it('draws the runs of one scenario together', () => {
    const runs = { churn: planned({ scenario: 'churn' }), 'churn without push': planned({ scenario: 'churn', comparedWith: 'churn' }) };
    const page = simPage(report(runs, { churn: simResult(), 'churn without push': simResult() }));
    expect(page.match(/<h3>How a chunk reaches the viewers/g)).toHaveLength(1);
  });

  it('says which run gave no result, and why', () => {
    const page = simPage(report({ steady: planned(), churn: planned({ bars, failure: 'It did what no run can do.' }) }, { steady: simResult() }));
    expect(page).toContain('<b>churn</b>: It did what no run can do.');
    expect(page).toContain('0 of 2 bars met');
  });

  it('shows foreign text as text', () => {
    const page = simPage(report({ '<b>&"x"': planned({ purpose: '<script>alert(1)</script>' }) }, { '<b>&"x"': simResult() }));
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;b&gt;&amp;&quot;x&quot;');
  });

  it('holds a run in which nothing happened', () => {
    const { series, ...rest } = simResult({ chunkDelayLimitMs: 0, chunkDelayHardBoundMs: 0, chunkDelayMs: { p50: 0, p95: 0, p99: 0 } });
    const empty = { ...series, diffusion: [], delayHistogram: [], overTime: [], peers: [], diffusionLimit: [] };
    const originBytes = { seed: 0, fallback: 0, join: 0, playlist: 0, header: 0 };
    expect(simPage(report({ p2ptv: planned() }, { p2ptv: { ...rest, originBytes, series: empty } }))).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has no page without a result', () => {
    expect(() => simPage(report({ p2ptv: planned() }, {}))).toThrow(RangeError);
  });
});
