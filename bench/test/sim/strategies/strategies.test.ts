import { describe, expect, it } from 'vitest';

import { resolveSimOptions } from '../../../src/sim/options.js';
import { runSimulation } from '../../../src/sim/run.js';
import type { SimConfig } from '../../../src/sim/sim-config.js';
import type { SuiteContext } from '../../../src/suite.js';
import type { SimResult } from '../../../src/sim/sim-result.js';
import { createStrategy, isStrategyName, STRATEGY_NAMES, type StrategyName } from '../../../src/sim/strategies/registry.js';

/** Twenty viewers with five times the uplink that they need, and the slack of a player that is two seconds behind. */
const AMPLE: SimConfig = resolveSimOptions({
  viewers: 20,
  seconds: 14,
  arrivalSeconds: 1,
  uplink: 'equal:15000',
  playoutMs: 2_000,
}).config;
/** Long enough for links, duty and fallbacks. */
const SHORT: SimConfig = { ...AMPLE, seconds: 5 };

const WITH_LINKS = STRATEGY_NAMES.filter((name) => name !== 'origin-only');

const results = new Map<StrategyName, Promise<SimResult>>();

function play(name: StrategyName): Promise<SimResult> {
  let result = results.get(name);
  if (!result) results.set(name, (result = playAnew(name)));
  return result;
}

function playAnew(name: StrategyName, config: SimConfig = AMPLE): Promise<SimResult> {
  const context: SuiteContext = { signal: new AbortController().signal, print: () => {} };
  return runSimulation(config, createStrategy(name), context);
}

describe('strategies', () => {
  it.each(STRATEGY_NAMES)('%s plays without stalls where uplinks are ample', async (name) => {
    const result = await play(name);

    expect(result.strategy).toBe(name);
    // The bar of every scenario of the project.
    expect(result.stalledRatio).toBeLessThanOrEqual(0.001);
    expect(result.startupMs.p50).toBeLessThan(1_000);
    expect(result.chunkDelayMs?.p50).toBeGreaterThan(0);
  });

  it.each(STRATEGY_NAMES)('%s: the same seed twice gives the same trace', async (name) => {
    const [one, other] = [await playAnew(name, SHORT), await playAnew(name, SHORT)];

    expect(other.traceHash).toBe(one.traceHash);
    expect(other.originBytes).toEqual(one.originBytes);
  });

  it.each(['sequential', 'tree'] as const)('%s: another seed gives another trace', async (name) => {
    expect((await playAnew(name, { ...SHORT, seed: 2 })).traceHash).not.toBe((await playAnew(name, SHORT)).traceHash);
  });

  it.each(WITH_LINKS)('%s takes most from peers', async (name) => {
    const { offloadSteadyRatio } = await play(name);

    expect(offloadSteadyRatio).toBeGreaterThan(0.5);
  });

  it('origin-only has no offload, and nothing on links', async () => {
    const result = await play('origin-only');

    expect(result.offloadRatio).toBeLessThanOrEqual(0);
    expect(result.originBytes.seed).toBe(0);
    expect(result.controlRatio).toBe(0);
  });

  it('election has no seeder: what leaves the origin is fetched, headers included', async () => {
    const result = await play('election');

    expect(result.originBytes.seed).toBe(0);
    expect(result.originBytes.header).toBeGreaterThan(0);
    expect(result.originBytes.fallback).toBeGreaterThan(0);
  });

  it('blind push sends more in vain than push of what is useful', async () => {
    const blind = await play('random-push-blind');
    const useful = await play('random-push');

    expect(blind.duplicateRatio).toBeGreaterThan(1.2 * useful.duplicateRatio);
    expect(useful.duplicateRatio).toBeGreaterThan(0);
  });

  it('a tree sends next to nothing twice, and spares the control messages of a mesh', async () => {
    const tree = await play('tree');
    const pull = await play('rarest-first');

    expect(tree.duplicateRatio).toBeLessThan(0.1);
    expect(tree.controlRatio).toBeLessThan(pull.controlRatio / 2);
  });

  it.each(['rarest-first', 'random-push', 'tree'] as const)('%s plays and forwards nothing that was altered', async (name) => {
    const result = await playAnew(name, { ...SHORT, polluterRatio: 0.2 });

    expect(result.badBlocksPlayed).toBe(0);
    expect(result.badBlocksForwarded).toBe(0);
    expect(result.mechanisms['bans']).toBeGreaterThan(0);
  });

  it('names are known, others are not', () => {
    expect(STRATEGY_NAMES[0]).toBe('p2ptv');
    expect(isStrategyName('tree')).toBe(true);
    expect(isStrategyName('constructor')).toBe(false);
  });
});
