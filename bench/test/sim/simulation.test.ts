import { LIMITS, type WireMessage } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { simulatedEngineOptions } from '../../src/sim/engine-settings.js';
import { hardBoundOf } from '../../src/sim/limits/chunk-delay-limits.js';
import { hardBoundMs } from '../../src/sim/limits/hard-bound.js';
import { judgeBars } from '../../src/sim/bars.js';
import { figureValue } from '../../src/sim/figures.js';
import { resolveSimOptions, type RawSimOptions } from '../../src/sim/options.js';
import type { PeerAgent, Strategy } from '../../src/sim/peer-agent.js';
import { runSimulation } from '../../src/sim/run.js';
import { simResultSchema } from '../../src/sim/sim-report.js';
import { isLiveResult, type SimResult } from '../../src/sim/sim-result.js';
import { createStrategy } from '../../src/sim/strategies/registry.js';

const context = { signal: new AbortController().signal, print: () => undefined };

async function simulate(options: RawSimOptions, strategy?: Strategy): Promise<SimResult> {
  const { config } = resolveSimOptions(options);
  return runSimulation(config, strategy ?? createStrategy('p2ptv', simulatedEngineOptions(config)), context);
}

/** Every run also checks that bytes add up: see checkAccounts. */
describe('a simulated run', () => {
  it('is the same for the same seed, event by event, and another for another', async () => {
    // The first are killed 10 s into the run.
    const options = { viewers: 12, seconds: 12, churn: 20, loss: 0.01, kill: '0.2:1' };
    const [one, again, other] = [await simulate(options), await simulate(options), await simulate({ ...options, seed: 2 })];
    expect(again.traceHash).toBe(one.traceHash);
    expect(again.events).toBe(one.events);
    expect(again.originBytes).toEqual(one.originBytes);
    expect(other.traceHash).not.toBe(one.traceHash);
    expect(one.viewers).toBeGreaterThan(12 + 3);
  });

  it('is the same for the same seed with renditions that viewers change between, and everybody plays on', async () => {
    const options = { viewers: 20, seconds: 16, renditions: 3, switchSeconds: 5, seed: 3 };
    const [one, again] = [await simulate(options), await simulate(options)];
    expect(again.traceHash).toBe(one.traceHash);
    expect(one.mechanisms['renditionSwitches']).toBeGreaterThan(10);
    expect(one.renditions?.changesPerMinute).toBeGreaterThan(1);
    expect(one.skippedRatio).toBeLessThan(0.01);
    expect(one.stalledRatio).toBeLessThan(0.02);
    expect(one.mechanisms['bans']).toBe(0);
    // A copy of each rendition leaves the origin: more than one copy among all.
    expect(one.offloadSteadyLimitRatio).toBeLessThan(1 - 2 / 20);
    expect(one.offloadLimitRatio).toBeLessThan(1 - 2 / 20);
  });

  it('the engine’s rule goes down where a downlink is too slow, and up where it is not', async () => {
    const result = await simulate({ viewers: 14, seconds: 34, renditions: 3, slowDownlinks: '0.4:1200', slowDuring: '16:60' });
    expect(result.renditions?.bestRatio).toBeGreaterThan(0.2);
    expect(result.slowDownlinks?.fittingRatio).toBeGreaterThan(0.5);
    expect(result.slowDownlinks?.bestAtEndRatio).toBeNull();
    expect(result.mechanisms['bans']).toBe(0);
  });

  it('is the same when every message is really encoded and decoded', async () => {
    const options = { viewers: 12, seconds: 8 };
    const [plain, coded] = [await simulate(options), await simulate({ ...options, codec: true })];
    expect(coded.traceHash).toBe(plain.traceHash);
    expect(coded.originBytes).toEqual(plain.originBytes);
  });

  it('has more of a newcomer’s media come from the origin the longer links take to be set up', async () => {
    const options = { viewers: 12, seconds: 8 };
    const [quick, slow] = [await simulate(options), await simulate({ ...options, linkSetupMs: 2_000 })];
    const newcomers = ({ originBytes }: SimResult): number => originBytes.join + originBytes.fallback;
    expect(newcomers(slow)).toBeGreaterThan(1.2 * newcomers(quick));
  });

  it('has uplinks as they are listed, one after the other', async () => {
    const { config } = resolveSimOptions({ viewers: 5, seconds: 5 });
    const listed = { ...config, uplink: { kind: 'listed', bitsPerSecond: [5e6, 7e6, 9e6] } } as const;
    const { series } = await runSimulation(listed, createStrategy('p2ptv', simulatedEngineOptions(config)), context);
    expect(series.peers.map(({ uplinkKbps }) => uplinkKbps)).toEqual([5_000, 7_000, 9_000, 5_000, 7_000]);
  });

  it('of a recording is the same for the same seed too, encoded or not, and another for another', async () => {
    const options = { vod: true, viewers: 12, seconds: 16, recordingSeconds: 60, seekers: 0.5 };
    const [one, again, other] = [await simulate(options), await simulate({ ...options, codec: true }), await simulate({ ...options, seed: 2 })];
    expect(again.traceHash).toBe(one.traceHash);
    expect(again.originBytes).toEqual(one.originBytes);
    expect(other.traceHash).not.toBe(one.traceHash);
  });

  it('of a recording plays wherever viewers begin and go, and says nothing of delays', async () => {
    const result = await simulate({ vod: true, viewers: 20, seconds: 30, recordingSeconds: 60, arrivalSeconds: 10, seekers: 0.8 });
    expect(result.startupMs.p95).toBeLessThan(1_000);
    expect(result.mechanisms['seeks']).toBeGreaterThan(3);
    expect(result.seekMs?.p50).toBeGreaterThan(40);
    expect(result.seekMs?.p95).toBeLessThan(1_000);
    expect(result.stalledRatio).toBeLessThan(0.01);
    expect(result.offloadSteadyRatio).toBeGreaterThan(0.3);
    expect(result.offloadSteadyRatio).toBeLessThanOrEqual(result.offloadSteadyLimitRatio);
    expect(result.originBytes.seed).toBe(0);
    expect(isLiveResult(result)).toBe(false);
    expect(result.playoutDelayMs).toBeUndefined();
  });

  it('of a recording takes more from peers where the rarest chunks are spread ahead', async () => {
    const options = { vod: true, viewers: 24, seconds: 40, recordingSeconds: 120, seekers: 0 };
    const [spread, none] = [await simulate(options), await simulate({ ...options, disable: 'spread' })];
    expect(spread.mechanisms['spreads']).toBeGreaterThan(0);
    expect(none.mechanisms['spreads']).toBe(0);
    expect(spread.offloadRatio).toBeGreaterThan(none.offloadRatio);
  });

  it('says nothing of what it could not measure, so that no bar is met by it', async () => {
    const result = await simulate({ viewers: 3, seconds: 1 });
    const fields = ['playoutDelayMs.p50', 'startupMs.p95', 'chunkDelayMs.p99', 'chunkDelayOverLimit', 'stalledRatio', 'stalledSteadyRatio', 'skippedSteadyRatio', 'firstViewersStalledRatio', 'uploadFairness.contributorsP99Ms'];
    expect(fields.map((field) => figureValue(result, field))).toEqual(fields.map(() => undefined));
    const bars = fields.map((field) => ({ field, most: 1e9 }));
    expect(judgeBars({ name: 'run', bars }, { run: result }).filter(({ isMet }) => isMet)).toEqual([]);
    expect(simResultSchema.safeParse(result).success).toBe(true);
    const nobodySettled = await simulate({ viewers: 3, seconds: 11 });
    expect(nobodySettled.startupMs.p50).toBeGreaterThan(0);
    expect([nobodySettled.stalledSteadyRatio, nobodySettled.playoutDelayMs?.p50]).toEqual([null, null]);
    expect(simResultSchema.safeParse(nobodySettled).success).toBe(true);
  });

  it('plays to everybody, from peers for the most part', async () => {
    const result = await simulate({ viewers: 25, seconds: 20 });
    expect(result.startupMs.p95).toBeLessThan(1_000);
    expect(result.stalledSteadyRatio).toBeLessThan(0.01);
    expect(result.offloadSteadyRatio).toBeGreaterThan(0.7);
    expect(result.offloadSteadyRatio).toBeLessThanOrEqual(result.offloadSteadyLimitRatio);
    expect(result.playoutDelayMs?.p50).toBeGreaterThan(1_200);
    expect(result.playoutDelayMs?.p50).toBeLessThan(1_500);
  });

  it('stands still where downlinks carry less than the stream, and not where they carry it well', async () => {
    const narrow = await simulate({ viewers: 6, seconds: 14, rateKbps: 1_000, downlinkKbps: 900 });
    const wide = await simulate({ viewers: 6, seconds: 14, rateKbps: 1_000, downlinkKbps: 3_000 });
    expect(narrow.stalledRatio).toBeGreaterThan(0.05);
    expect(wide.stalledRatio).toBeLessThan(0.01);
    // Each chunk takes its time on a slower line.
    const ample = await simulate({ viewers: 6, seconds: 14, rateKbps: 1_000 });
    expect(wide.chunkDelayMs?.p50).toBeGreaterThan((ample.chunkDelayMs?.p50 ?? Infinity) + 20);
  });

  it('no viewer has a chunk sooner than the hard bound allows, with as many copies as left the origin', async () => {
    const options = { viewers: 16, seconds: 14, uplink: 'equal:8000', delayMs: 20, playoutMs: 3_000 };
    const { config } = resolveSimOptions(options);
    const spread = new Map<number, ChunkSpread>();
    await simulate(options, spreadWatched(spread));
    const ratios = [...spread].flatMap(([sequence, { chunkBytes, verifiedAtMs, blockCopies, fetches }]) =>
      verifiedAtMs.sort((left, right) => left - right).map((atMs, index) => {
        const boundMs = hardBoundMs(
          hardBoundOf({
            viewers: index + 1,
            uplinksBitsPerSecond: [8e6],
            delaysMs: { median: 20, least: 20 },
            chunkBytes,
            blockBytes: 16_384,
            originCopies: Math.max(0, ...blockCopies.values()) + fetches,
            downlinkBitsPerSecond: 50e6,
          }),
        );
        return boundMs === 0 ? Infinity : (atMs - sequence * config.partMs) / boundMs;
      }),
    );
    const least = Math.min(...ratios);
    expect(least).toBeGreaterThanOrEqual(1);
    // Else the bound would be so generous that nothing could ever beat it.
    expect(least).toBeLessThan(3);
    expect(ratios.filter(Number.isFinite).length).toBeGreaterThan(200);
  });

  it('equal uplinks without delay: 95 of 100 chunks within 2.5 times 1 + ⌊log₂ N⌋ slots', async () => {
    const result = await simulate({ viewers: 32, seconds: 16, uplink: 'equal:10000', delayMs: 0 });
    // 75 KB in the mean on 10 Mb/s. Key frames are 1.8 times as long, and not every uplink is free when it is needed.
    const slotMs = 75_000 * 8e3 / 10e6;
    expect(result.chunkDelayMs?.p95).toBeLessThan(2.5 * (1 + Math.floor(Math.log2(32))) * slotMs);
    expect(result.chunkDelayMs?.p50).toBeGreaterThan(slotMs);
  });

  it('the origin carries at least what uplinks cannot: N·r − Σu', async () => {
    const result = await simulate({ viewers: 12, seconds: 20, uplink: 'equal:1500', playoutMs: 1_900 });
    expect(result.offloadSteadyRatio).toBeLessThanOrEqual(0.5);
    expect(result.stalledSteadyRatio).toBeLessThan(0.01);
  });

  it('free riders send no media', async () => {
    const { series } = await simulate({ viewers: 12, seconds: 10, freeRiders: 0.95, seed: 3 });
    expect(series.peers.filter(({ sentBytes }) => sentBytes === 0).length).toBeGreaterThan(6);
  });

  it('what polluters alter is found out, and neither played nor passed on', async () => {
    const result = await simulate({ viewers: 20, seconds: 14, polluters: 0.2, seed: 4 });
    expect(result.mechanisms['bans']).toBeGreaterThan(0);
    expect(result.badBlocksPlayed).toBe(0);
    expect(result.badBlocksForwarded).toBe(0);
    expect(result.pollutersRemainingAfterMs).toBeGreaterThan(0);
    expect(result.pollutersRemainingAfterMs).toBeLessThan(2_000);
  });

  it('keeps to the origin’s uplink, joins and seeds included', async () => {
    const result = await simulate({ viewers: 20, seconds: 14, originUplinkKbps: 12_000, arrivalSeconds: 8 });
    expect(result.originPeakBitsPerSecond).toBeLessThanOrEqual(12_000_000);
  });

  it('knows how long everybody needed after an outage of the origin, and who played all of before it', async () => {
    const outage = { viewers: 12, seconds: 24, originOutage: '10:14' };
    const result = await simulate(outage);
    expect(result.stalledSteadyRatio).toBeGreaterThan(0);
    expect(result.recoveryMs).toBeGreaterThan(0);
    expect(result.recoveryMs).toBeLessThan(10_000);
    expect(result.outagePlayedRatio).toBe(1);
    // On a narrow line the last that was published is under way yet to who has all from the origin, and does not come.
    const narrow = { ...outage, seconds: 14, originUplinkKbps: 40_000 };
    expect((await simulate(narrow, createStrategy('origin-only'))).outagePlayedRatio).toBeLessThan(1);
    expect((await simulate(narrow)).outagePlayedRatio).toBe(1);
    const without = await simulate({ ...outage, originOutage: undefined, seconds: 8 });
    expect([without.recoveryMs, without.outagePlayedRatio]).toEqual([undefined, undefined]);
  });

  it('fails when an agent sends what no link takes, or on a link that it has closed', async () => {
    const tooLarge: WireMessage = { kind: 'block', rendition: 0, sequence: 1, index: 0, bytes: new Uint8Array(LIMITS.frameBytes) } as never;
    await expect(simulate({ viewers: 3, seconds: 6 }, misbehaving((linkId) => [{ kind: 'send', linkId, message: tooLarge }]))).rejects.toMatchObject({
      code: 'SIMULATION_FAILED',
    });
    await expect(
      simulate({ viewers: 3, seconds: 6 }, misbehaving((linkId) => [{ kind: 'send', linkId: linkId + 1_000, message: { kind: 'ping', nonce: 1 } }])),
    ).rejects.toMatchObject({ code: 'SIMULATION_FAILED' });
  });

  it('can be stopped', async () => {
    const stop = new AbortController();
    const { config } = resolveSimOptions({ viewers: 20, seconds: 3_600 });
    const run = runSimulation(config, createStrategy('p2ptv', simulatedEngineOptions(config)), { signal: stop.signal, print: () => undefined });
    stop.abort(new Error('stopped'));
    await expect(run).rejects.toThrow('stopped');
  });
});

/** The engine, but viewers do something more whenever a link opens. */
function misbehaving(more: (linkId: number) => readonly ReturnType<PeerAgent['takeCommands']>[number][]): Strategy {
  const engine = createStrategy('p2ptv');
  return {
    ...engine,
    createAgent: (identity, ports) => {
      const agent = engine.createAgent(identity, ports);
      const added: ReturnType<PeerAgent['takeCommands']>[number][] = [];
      return {
        handle: (nowMs, input) => {
          agent.handle(nowMs, input);
          if (input.kind === 'linkOpened' && identity.role === 'viewer') added.push(...more(input.linkId));
        },
        takeCommands: () => [...agent.takeCommands(), ...added.splice(0)],
        dueMs: (nowMs) => agent.dueMs(nowMs),
        uplinkBitsPerSecond: (nowMs) => agent.uplinkBitsPerSecond(nowMs),
        get state() {
          return agent.state;
        },
      };
    },
  };
}

/** How one chunk spread. */
type ChunkSpread = { chunkBytes: number; verifiedAtMs: number[]; blockCopies: Map<number, number>; fetches: number };

/** The engine, watched: when each viewer had a chunk, by sequence, and in how many copies it left the origin. */
function spreadWatched(spread: Map<number, ChunkSpread>): Strategy {
  const engine = createStrategy('p2ptv');
  const of = (sequence: number): ChunkSpread => {
    const known = spread.get(sequence) ?? { chunkBytes: 0, verifiedAtMs: [], blockCopies: new Map<number, number>(), fetches: 0 };
    spread.set(sequence, known);
    return known;
  };
  return {
    ...engine,
    createAgent: (identity, ports) => {
      const agent = engine.createAgent(identity, ports);
      const isOrigin = identity.role === 'origin';
      let nowMs = 0;
      return {
        handle: (atMs, input) => agent.handle((nowMs = atMs), input),
        takeCommands: () => {
          const commands = agent.takeCommands();
          for (const command of commands) {
            if (command.kind === 'fetchChunk') of(command.chunk.sequence).fetches++;
            else if (command.kind === 'send' && isOrigin && command.message.kind === 'block') {
              const { blockCopies } = of(command.message.sequence);
              blockCopies.set(command.message.index, (blockCopies.get(command.message.index) ?? 0) + 1);
            } else if (command.kind === 'event' && !isOrigin && command.event.name === 'chunkVerified') {
              const chunk = of(command.event.header.sequence);
              chunk.chunkBytes = command.event.header.byteLength;
              chunk.verifiedAtMs.push(nowMs);
            }
          }
          return commands;
        },
        dueMs: (atMs) => agent.dueMs(atMs),
        uplinkBitsPerSecond: (atMs) => agent.uplinkBitsPerSecond(atMs),
        get state() {
          return agent.state;
        },
      };
    },
  };
}
