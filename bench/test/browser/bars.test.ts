import { describe, expect, it } from 'vitest';
import { judge } from '../../src/browser/bars.js';
import type { BrowserReport, SystemResult } from '../../src/browser/report.js';
import { summarize } from '../../src/browser/summary.js';
import { systemOutcome, viewerOutcome } from './outcome.js';

const good: SystemResult = {
  ...summarize(systemOutcome([viewerOutcome()]), { originWarnings: [] }),
  offloadRatio: 0.7,
  playoutDelayMs: { p50: 1000, p95: 1200, samples: 9, invalidReads: 0 },
  startupMs: { p50: 400, p95: 500, all: [400] },
  stalledRatio: 0,
  headersRatio: 0.001,
  totalsDifferenceRatio: 0.001,
};

function report(results: BrowserReport['results'], viewers = 4): Pick<BrowserReport, 'config' | 'results'> {
  const config: BrowserReport['config'] = {
    viewers,
    seconds: 60,
    partMs: 200,
    systems: Object.keys(results),
    staggerMs: 1000,
    input: 'clip',
    width: 640,
    height: 360,
    warmUp: '',
    steadyAfterSeconds: 10,
    chromiumFlags: [],
  };
  return { config, results };
}

function missed(results: BrowserReport['results']): string[] {
  return judge(report(results)).filter(({ isMet }) => !isMet).map(({ name }) => name);
}

describe('the bars', () => {
  it('are met by good figures', () => {
    expect(missed({ p2ptv: good, hlsjs: good })).toEqual([]);
    expect(judge(report({ p2ptv: good, hlsjs: good }))).toHaveLength(8);
  });

  it.each<[string, Partial<SystemResult>]>([
    ['offloadRatio', { offloadRatio: 0.59 }],
    ['playoutDelayMs p50', { playoutDelayMs: { p50: 1501, p95: 1600, samples: 9, invalidReads: 0 } }],
    ['startupMs p50', { startupMs: { p50: 701, p95: 800, all: [701] } }],
    ['stalledRatio', { stalledRatio: 0.0051 }],
    ['origin headers / media', { headersRatio: 0.011 }],
    ['totalsDifferenceRatio', { totalsDifferenceRatio: 0.011 }],
  ])('%s is missed by itself', (name, figures) => {
    expect(missed({ p2ptv: { ...good, ...figures } })).toEqual([name]);
  });

  it('compares with plain hls.js of the same run', () => {
    const faster = { ...good, playoutDelayMs: { ...good.playoutDelayMs, p50: 860 }, startupMs: { ...good.startupMs, p50: 340 } };
    expect(missed({ p2ptv: good, hlsjs: faster })).toEqual(['playoutDelayMs p50 / hlsjs', 'startupMs p50 / hlsjs']);
  });

  it('are missed by what could not be measured', () => {
    const blind = { ...good, playoutDelayMs: { p50: null, p95: null, samples: 0, invalidReads: 9 } };
    expect(missed({ p2ptv: blind })).toEqual(['playoutDelayMs p50']);
  });

  it('are not applied to what they were not set for', () => {
    expect(judge(report({ hlsjs: good }))).toEqual([]);
    expect(judge(report({ p2ptv: good }, 2)).map(({ name }) => name)).not.toContain('offloadRatio');
  });
});
