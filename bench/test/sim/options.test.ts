import { describe, expect, it } from 'vitest';

import { resolveSimOptions } from '../../src/sim/options.js';
import { planRuns } from '../../src/sim/plan.js';
import { readScenario, scenarioNames } from '../../src/sim/scenario.js';

describe('options of the sim suite', () => {
  it('what the command line says overrides the scenario', () => {
    const [entry] = planRuns(readScenario('churn'), { viewers: '20', seed: undefined });
    expect(entry?.config).toMatchObject({ viewers: 20, churnMedianSeconds: 120, kill: { ratio: 0.1, everySeconds: 10 }, seed: 1 });
    expect(entry?.planned.scenario).toBe('churn');
  });

  it('reads distributions, pairs and stretches', () => {
    const { config, strategies } = resolveSimOptions({
      uplink: 'equal:5000',
      delayMs: '25',
      flash: '10:30',
      originOutage: '20:25',
      strategy: 'p2ptv,sequential',
      disable: 'push,splitting',
    });
    expect(config.uplink).toEqual({ kind: 'equal', bitsPerSecond: 5_000_000 });
    expect(config.delayMs).toEqual({ least: 25, most: 25 });
    expect(config.flash).toEqual({ factor: 10, seconds: 30 });
    expect(config.originOutage).toEqual({ fromSeconds: 20, toSeconds: 25 });
    expect(config.disabled).toEqual(['push', 'splitting']);
    expect(strategies).toEqual(['p2ptv', 'sequential']);
  });

  it('spreads the arrivals of a recording’s viewers over half the run, unless told otherwise', () => {
    const arrivalSeconds = (more: object): number => resolveSimOptions({ vod: true, seconds: 90, ...more }).config.arrivalSeconds;
    expect([arrivalSeconds({}), arrivalSeconds({ arrivalSeconds: 5 }), arrivalSeconds({ vod: false })]).toEqual([45, 5, 3]);
    expect(resolveSimOptions({ vod: true }).config.onDemand).toEqual({ recordingSeconds: 600, seekRatio: 0.3 });
    expect(resolveSimOptions({}).config.onDemand).toBeUndefined();
  });

  it.each([
    [{ viewers: '0' }, '--viewers'],
    [{ viewers: '1.5' }, '--viewers'],
    [{ kill: '10' }, '--kill'],
    [{ originOutage: '25:20' }, '--origin-outage'],
    [{ strategy: 'magic' }, '--strategy'],
    [{ disable: 'everything' }, '--disable'],
    [{ playoutMs: '500', captureToPublishMs: '600' }, '--playout-ms'],
    [{ vod: true, strategy: 'tree' }, '--strategy'],
    [{ vod: true, churn: 60 }, '--churn'],
    [{ vod: true, originOutage: '5:9' }, '--origin-outage'],
    [{ vod: true, renditions: 2 }, '--renditions'],
    [{ colour: 'blue' }, '--colour'],
    [{ loss: '' }, '--loss'],
    [{ viewers: 'NaN' }, '--viewers'],
    [{ uplink: 'equal:0' }, '--uplink'],
    [{ delayMs: '60-8' }, '--delay-ms'],
    [{ kill: '5:1' }, '--kill'],
    [{ slowDownlinks: '1.1:500' }, '--slow-downlinks'],
    [{ viewers: 10_000, flash: '100:5' }, '--flash'],
    [{ strategy: 'tree,p2ptv,tree' }, '--strategy'],
    // What would change nothing.
    [{ strategy: 'tree', disable: 'push' }, '--disable'],
    [{ seekers: 0.5 }, '--seekers'],
    [{ recordingSeconds: 90 }, '--recording-seconds'],
    [{ lossCongestion: true }, '--loss-congestion'],
    [{ slowDuring: '5:9' }, '--slow-during'],
    [{ switchSeconds: 5 }, '--switch-seconds'],
    [{ vod: true, playoutMs: 2_000 }, '--playout-ms'],
    // What would come after the end.
    [{ seconds: 20, originOutage: '20:25' }, '--origin-outage'],
    [{ seconds: 20, trackerOutage: '30:40' }, '--tracker-outage'],
    [{ seconds: 10, kill: '0.1:3' }, '--kill'],
    [{ seconds: 15, flash: '2:5' }, '--flash'],
    [{ seconds: 15, arrivalSeconds: 15 }, '--arrival-seconds'],
  ])('refuses %o, naming the flag', (given, flag) => {
    expect(() => resolveSimOptions(given)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(flag) as string }));
  });

  it('reads numbers as people write them', () => {
    const { config } = resolveSimOptions({ uplink: '.5', kill: '.1:12', loss: '.02', delayMs: '.5-1', seconds: '2e1' });
    expect(config).toMatchObject({ seconds: 20, kill: { ratio: 0.1, everySeconds: 12 }, lossRatio: 0.02, delayMs: { least: 0.5, most: 1 } });
  });

  it('every scenario can be run, says what it is for, and what it is held to is a figure', () => {
    expect(scenarioNames()).toContain('steady-1k');
    for (const name of scenarioNames()) {
      const scenario = readScenario(name);
      expect(scenario.purpose.length).toBeGreaterThan(10);
      expect(planRuns(scenario, {})).toHaveLength(1);
    }
    expect(() => readScenario('none')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
