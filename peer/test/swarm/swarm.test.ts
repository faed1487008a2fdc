import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChunkRef, WireMessage } from '@p2ptv/protocol';
import { forge } from '../engine/published-stream.js';
import { RENDITION } from './virtual-origin.js';
import { VirtualSwarm, type SwarmOptions, type Viewer } from './virtual-swarm.js';

const PLAIN: SwarmOptions = { seed: 1, chunkBytes: 40_000, uplinkBitsPerSecond: 12_000_000, playoutDelayMs: 1_300 };

/** A swarm whose viewers came in 50 ms after one another from second 2 on. */
function swarmOf(viewers: number, options: Partial<SwarmOptions> = {}): VirtualSwarm {
  const swarm = new VirtualSwarm({ ...PLAIN, ...options });
  swarm.origin.publishUntil(60_000);
  swarm.time.runUntil(2_000);
  expect(swarm.seeder.peerId).toHaveLength(32);
  for (let count = 0; count < viewers; count++) {
    swarm.time.runFor(50);
    swarm.join();
  }
  return swarm;
}

function refOf(sequence: number): ChunkRef {
  return { rendition: RENDITION, sequence: sequence as ChunkRef['sequence'] };
}

function offload(swarm: VirtualSwarm): number {
  const { peer, seeder, origin } = swarm.verifiedBytes();
  return peer / (peer + seeder + origin);
}

function stalledRatio(viewers: readonly Viewer[]): number {
  const stalledMs = viewers.reduce((sum, viewer) => sum + viewer.stalledMs, 0);
  const playedMs = viewers.reduce((sum, viewer) => sum + viewer.playedMs, 0);
  return stalledMs / (stalledMs + playedMs);
}

/** What everyone has done, as one hash. */
function trace(swarm: VirtualSwarm): string {
  const hash = createHash('sha256');
  for (const { session, peerId } of swarm.viewers) hash.update(`${peerId} ${JSON.stringify(session.stats())}`);
  return hash.update(swarm.trace.digest('hex')).digest('hex');
}

function expectLive(swarm: VirtualSwarm, viewers = swarm.viewers): void {
  const edge = swarm.origin.chunks.length - 1;
  for (const { session, isGone } of viewers) {
    if (!isGone) expect(session.timeline(RENDITION).last?.sequence).toBeGreaterThanOrEqual(edge - 6);
  }
}

describe('swarms', () => {
  it.each([
    [4, 0.68, 20_000],
    [10, 0.82, 20_000],
    [50, 0.8, 14_000],
  ])('SC4, FB1: %d viewers feed each other (offload at least %d) and none stalls', (count, least, untilMs) => {
    const swarm = swarmOf(count);
    swarm.time.runUntil(untilMs);
    expect(offload(swarm)).toBeGreaterThanOrEqual(least);
    expect(stalledRatio(swarm.viewers)).toBe(0);
    expectLive(swarm);
  });

  it('SS9: the same seed gives the same run to the last frame; another seed another', () => {
    const run = (seed: number): string => {
      const swarm = swarmOf(8, { seed });
      swarm.time.runUntil(8_000);
      return trace(swarm);
    };
    const first = run(7);
    expect(run(7)).toBe(first);
    expect(run(8)).not.toBe(first);
  });

  it('FB7, HP3: the origin’s HTTP away for 5 s is bridged by seeder and peers, and the swarm goes on with it when it is back', () => {
    const swarm = swarmOf(6);
    swarm.time.runUntil(6_000);
    swarm.origin.isAway = true;
    swarm.time.runFor(5_000);
    expectLive(swarm);
    swarm.origin.isAway = false;
    swarm.time.runFor(4_000);
    expectLive(swarm);
    expect(stalledRatio(swarm.viewers)).toBeLessThan(0.02);
  });

  it('ME3: with the tracker away links stay and media flows', () => {
    const swarm = swarmOf(6);
    swarm.time.runUntil(5_000);
    swarm.isTrackerAway = true;
    swarm.kill(swarm.viewers[1]!);
    swarm.time.runFor(8_000);
    const alive = swarm.viewers.filter(({ isGone }) => !isGone);
    expect(stalledRatio(alive)).toBeLessThan(0.01);
    expectLive(swarm, alive);
  });

  it('SC8: with a tenth of the peers killed every 3 s, and as many newcomers, the others play on', () => {
    const swarm = swarmOf(20);
    swarm.time.runUntil(5_000);
    for (let round = 0; round < 4; round++) {
      const alive = swarm.viewers.filter(({ isGone }) => !isGone);
      for (let count = 0; count < 2; count++) swarm.kill(alive[Math.floor(swarm.random.next() * alive.length)]!);
      for (let count = 0; count < 2; count++) swarm.join();
      swarm.time.runFor(3_000);
    }
    const alive = swarm.viewers.filter(({ isGone }) => !isGone);
    expect(stalledRatio(alive)).toBeLessThan(0.01);
    expectLive(swarm, alive);
    expect(offload(swarm)).toBeGreaterThan(0.6);
  });

  it('SS2: a late joiner plays within a second, near the edge', () => {
    const swarm = swarmOf(5);
    swarm.time.runUntil(10_000);
    const late = swarm.join();
    swarm.time.runFor(1_000);
    expect(late.session.timeline(RENDITION).last?.sequence).toBeGreaterThanOrEqual(swarm.origin.chunks.length - 4);
    swarm.time.runFor(4_000);
    expect(late.stalledMs).toBe(0);
    expect(late.session.stats().verifiedBytes.peerBytes).toBeGreaterThan(500_000);
  });

  it('ME8: hidden viewers go on serving', () => {
    const swarm = swarmOf(5);
    for (const { session } of swarm.viewers) session.setVisible(false);
    swarm.time.runUntil(12_000);
    expect(offload(swarm)).toBeGreaterThan(0.68);
    expect(stalledRatio(swarm.viewers)).toBe(0);
  });

  it('UP9: who does not upload is served all the same, and sends nothing', () => {
    const swarm = swarmOf(5);
    const off = swarm.join({ upload: { mode: 'off' } });
    swarm.time.runUntil(12_000);
    expect(off.session.stats().sentBytes).toBe(0);
    expect(off.session.stats().verifiedBytes.peerBytes).toBeGreaterThan(1_000_000);
    expect(off.stalledMs).toBe(0);
  });

  it('UP10: a capped viewer sends no more than its cap over any two seconds, and serves within it', () => {
    const swarm = swarmOf(5);
    const capBitsPerSecond = 1_000_000;
    const capped = swarm.join({ upload: { mode: 'capped', bitsPerSecond: capBitsPerSecond } });
    const samples: number[] = [];
    for (let count = 0; count < 1_500; count++) {
      swarm.time.runFor(10);
      samples.push(capped.session.sentFrameBytes);
    }
    const windows = samples.slice(200).map((bytes, index) => bytes - samples[index]!);
    expect(Math.max(...windows)).toBeLessThanOrEqual(capBitsPerSecond / 4);
    expect(Math.max(...windows)).toBeGreaterThan(capBitsPerSecond / 16);
    expect(stalledRatio(swarm.viewers)).toBe(0);
  });

  it('IN9: a peer that alters what it passes on loses its links; none of it is stored, played or passed on', () => {
    const swarm = swarmOf(6);
    const liar = swarm.joinAltering();
    swarm.time.runUntil(14_000);
    const honest = swarm.viewers.filter((viewer) => viewer !== liar);
    const rejected = honest.reduce((sum, { session }) => sum + session.stats().chunksRejected, 0);
    expect(rejected).toBeGreaterThan(0);
    for (const { session } of honest) {
      expect(session.stats().neighbours.map(({ peerId }) => peerId)).not.toContain(liar.peerId);
      for (const { parts } of session.timeline(RENDITION).segments) {
        for (const part of parts) {
          expect(Buffer.compare(session.read(part)!, swarm.origin.chunks[part.sequence]!.bytes)).toBe(0);
        }
      }
    }
    expect(stalledRatio(honest)).toBeLessThan(0.01);
    expectLive(swarm, honest);
  });

  it.each<[string, boolean, (swarm: VirtualSwarm, round: number) => WireMessage[]]>([
    ['IN3: forges headers', true, (swarm) => [{ kind: 'header', signed: forge(swarm.origin.chunks.length), holding: 'complete' }]],
    ['IN5: forges headers far ahead', true, (_swarm, round) => [{ kind: 'header', signed: forge(5_000 + round), holding: 'complete' }]],
    [
      'IN2: replays old headers',
      false,
      (swarm) => swarm.origin.chunks.slice(0, 20).map(({ signed }) => ({ kind: 'header', signed, holding: 'complete' })),
    ],
    [
      'IN10: sends blocks that nobody asked for',
      true,
      (swarm) => [{ kind: 'block', ...refOf(swarm.origin.chunks.length - 1), index: 0, bytes: new Uint8Array(16_384) }],
    ],
    [
      'SC8: claims every chunk and delivers none',
      false,
      (swarm) => swarm.origin.chunks.slice(-3).map(({ signed }) => ({ kind: 'header', signed, holding: 'complete' })),
    ],
    [
      'UP6: asks for everything, again and again',
      false,
      (swarm) =>
        swarm.origin.chunks.slice(-20).map(({ signed }) => ({
          kind: 'request',
          ...refOf(signed.header.sequence),
          firstBlock: 0,
          blockCount: 3,
          deadlineInMs: 0,
        })),
    ],
  ])('%s: the others play on', (_title, isClosed, lies) => {
    const swarm = swarmOf(6);
    swarm.time.runUntil(5_000);
    const openLinks = swarm.joinRogue((round) => lies(swarm, round));
    swarm.time.runUntil(14_000);
    expect(stalledRatio(swarm.viewers)).toBeLessThan(0.01);
    expectLive(swarm);
    expect(offload(swarm)).toBeGreaterThan(0.6);
    expect(openLinks()).toBe(isClosed ? 0 : 6);
    expect(swarm.viewers.some(({ session }) => session.stats().mechanisms.bans > 0)).toBe(isClosed);
  });
});
