import type { ChunkSequence } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { MeshMeasure } from '../../src/mesh/mesh-measure.js';
import type { PeerRecord, PeerTotals } from '../../src/mesh/worker-messages.js';

const END_MS = 30_000;
const PART_BYTES = 1_000;

function measureOf(viewers: number): MeshMeasure {
  const plans = Array.from({ length: viewers }, (_, place) => ({ index: place + 1, joinAtMs: 0, uplinkBitsPerSecond: 1e6 }));
  return new MeshMeasure({ viewers: plans, bitsPerSecond: 40_000, endMs: END_MS });
}

const sequence = (number: number): ChunkSequence => number as ChunkSequence;

function totals(counted: { media?: number; fallback?: number; seeder?: number; sent?: number; control?: number }): PeerTotals {
  const { media = 0, fallback = 0, seeder = 0, sent = 0, control = 0 } = counted;
  return {
    http: { media, init: 0, headers: 0, join: 0 },
    fallbackBytes: fallback,
    fromSeeder: { bytes: seeder, mediaBytes: seeder },
    sent: { bytes: sent + control, mediaBytes: sent },
    verifiedBytes: { peerBytes: 0, seederBytes: 0, originBytes: 0 },
    neighbours: 3,
    mechanisms: { pulls: 2 },
  };
}

describe('MeshMeasure', () => {
  it('takes delays from publication to each viewer, whatever order it is told in', () => {
    const mesh = measureOf(2);
    const records: PeerRecord[] = [1, 2].map((peer) => ({ kind: 'came', peer, atMs: 1_000 }));
    for (let number = 0; number < 100; number++) {
      const atMs = 8_000 + number * 100;
      mesh.published({ sequence: sequence(number), byteLength: PART_BYTES, atMs });
      records.push({ kind: 'chunkVerified', peer: 1, atMs: atMs + 50, sequence: sequence(number), byteLength: PART_BYTES });
      records.push({ kind: 'chunkVerified', peer: 2, atMs: atMs + 150, sequence: sequence(number), byteLength: PART_BYTES });
    }
    mesh.happened(records.reverse());
    mesh.finish(END_MS);
    expect(mesh.measure.delays.count).toBe(200);
    expect(Math.floor(mesh.measure.delays.quantile(0.25))).toBe(50);
    expect(Math.floor(mesh.measure.delays.quantile(0.99))).toBe(150);
  });

  it('goes through what is told as time goes on, and not before others may have told too', () => {
    const mesh = measureOf(2);
    mesh.happened([{ kind: 'came', peer: 1, atMs: 1_000 }]);
    mesh.advance(3_000);
    expect(mesh.measure.viewersNow).toBe(0);
    mesh.happened([{ kind: 'came', peer: 2, atMs: 600 }]);
    mesh.advance(4_000);
    expect(mesh.measure.viewersNow).toBe(2);
    expect([...mesh.measure.viewers].map(({ peer }) => peer.joinedAtMs)).toEqual([600, 1_000]);
  });

  it("counts the origin's bytes once, by what they were, from totals that grow", () => {
    const mesh = measureOf(1);
    mesh.published({ sequence: sequence(0), byteLength: PART_BYTES, atMs: 900 });
    mesh.happened([
      { kind: 'came', peer: 1, atMs: 1_000 },
      { kind: 'chunkVerified', peer: 1, atMs: 1_100, sequence: sequence(0), byteLength: PART_BYTES },
      { kind: 'totals', peer: 1, atMs: 1_500, totals: totals({ media: 300 }) },
      { kind: 'totals', peer: 1, atMs: 2_000, totals: totals({ media: 700, fallback: 250, seeder: 90, sent: 80, control: 20 }) },
      { kind: 'totals', peer: 1, atMs: 2_500, totals: totals({ media: 700, fallback: 250, seeder: 90, sent: 80, control: 20 }) },
    ]);
    mesh.finish(END_MS);
    expect(mesh.measure.originBytes).toEqual({ seed: 90, fallback: 250, join: 450, playlist: 0, header: 0 });
    expect(mesh.measure.linkMediaBytes).toBe(170);
    expect(mesh.measure.linkControlBytes).toBe(20);
    expect(mesh.neighbourCounts).toEqual([3]);
  });

  it('counts media that came twice over those of use', () => {
    const mesh = measureOf(1);
    mesh.published({ sequence: sequence(4), byteLength: PART_BYTES, atMs: 5_000 });
    mesh.happened([
      { kind: 'came', peer: 1, atMs: 1_000 },
      { kind: 'chunkVerified', peer: 1, atMs: 5_100, sequence: sequence(4), byteLength: PART_BYTES },
      { kind: 'mediaCame', peer: 1, atMs: 5_200, sequence: sequence(4), bytes: 1_300 },
    ]);
    mesh.finish(END_MS);
    expect(mesh.measure.duplicateRatio).toBeCloseTo(0.3, 6);
  });

  it('counts stalls and what was watched from the first frame on', () => {
    const mesh = measureOf(1);
    mesh.happened([
      { kind: 'came', peer: 1, atMs: 1_000 },
      { kind: 'started', peer: 1, atMs: 1_200 },
      { kind: 'stallBegan', peer: 1, atMs: 5_000 },
      { kind: 'stallEnded', peer: 1, atMs: 5_300, fromMs: 5_000, toMs: 5_300 },
    ]);
    mesh.finish(END_MS);
    expect(mesh.measure.stalledMs).toBe(300);
    expect(mesh.measure.watchedMs).toBe(END_MS - 1_200);
    expect(Math.floor(mesh.measure.startups.quantile(0.5))).toBe(200);
  });

  it('takes a browser for a viewer: its bytes, its start and each stall once', () => {
    const mesh = measureOf(2);
    mesh.browserCame(2, 2_000);
    const received = { media: 500, init: 10, headers: 20, join: 30, seeder: 40 };
    const told = { handedBytes: 5_000, sentBytes: 70, received, startupMs: 400, stalls: [{ atMs: 3_000, lengthMs: 150 }] };
    mesh.browserTold(2, 4_000, { ...told, stalls: [] });
    mesh.browserTold(2, 8_000, told);
    mesh.browserTold(2, 20_000, { ...told, handedBytes: 9_000, received: { ...received, media: 700 } });
    mesh.finish(END_MS);
    const { measure } = mesh;
    expect(measure.originBytes).toEqual({ seed: 40, fallback: 200, join: 540, playlist: 0, header: 20 });
    expect(measure.handedBytes).toBe(9_000);
    expect(measure.stalledMs).toBe(150);
    expect(measure.watchedMs).toBe(END_MS - 2_400);
    expect([...measure.viewers].map(({ peer }) => peer.state.sentMediaBytes)).toEqual([70]);
  });
});
