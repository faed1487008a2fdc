import { describe, expect, it } from 'vitest';
import { formatBitrate, formatBytes, formatMs, formatSeconds, formatShare } from '../../src/app/format.js';
import { flowWidth, layOutMesh, MESH_SIZE, type MeshNeighbour } from '../../src/app/mesh-layout.js';
import { sourceShares, type SourceShares } from '../../src/app/source-shares.js';
import { RateMeter } from '../../src/app/rate-meter.js';
import { MIN_UPLOAD_CAP_BITS_PER_SECOND } from '@p2ptv/peer';
import { decodeUpload, encodeUpload, UPLOAD_CAPS_BITS_PER_SECOND } from '../../src/app/upload-setting.js';

describe('figures for people', () => {
  it('writes bytes, rates, times and shares', () => {
    expect([0, 999_400, 1_400_000, 56_000_000, 2_340_000_000].map(formatBytes)).toEqual([
      '0 kB',
      '999 kB',
      '1.4 MB',
      '56 MB',
      '2.34 GB',
    ]);
    expect([500_000, 2_000_000].map(formatBitrate)).toEqual(['500 kb/s', '2.0 Mb/s']);
    expect([formatSeconds(845), formatSeconds(undefined)]).toEqual(['0.84 s', '–']);
    expect([formatMs(312.4), formatMs(undefined)]).toEqual(['312 ms', '–']);
    expect([0.756, -0.2, undefined].map(formatShare)).toEqual(['76 %', '0 %', '–']);
  });
});

describe('where the media came from', () => {
  const shares = (server: number, peers: number, ownDisk: number): SourceShares =>
    sourceShares({ fromOrigin: server, fromSeeder: 0, fromPeers: peers, fromCache: ownDisk });

  it('adds up to 100 %, however it is rounded', () => {
    expect(shares(1, 1, 1)).toEqual({ server: 34, peers: 33, ownDisk: 33 });
    expect(shares(5, 990, 5)).toEqual({ server: 1, peers: 99, ownDisk: 0 });
    expect(shares(0, 0, 700)).toEqual({ server: 0, peers: 0, ownDisk: 100 });
    for (let seed = 1; seed < 200; seed++) {
      const { server, peers, ownDisk } = shares(seed * 7919 % 1013, seed * 104_729 % 997, seed * 1_299_709 % 991);
      expect(server + peers + ownDisk).toBe(100);
    }
  });

  it('is nothing before there are any', () => {
    expect(shares(0, 0, 0)).toEqual({ server: 0, peers: 0, ownDisk: 0 });
  });

  it('counts what the seeder brought as the server\'s', () => {
    expect(sourceShares({ fromOrigin: 100, fromSeeder: 100, fromPeers: 200, fromCache: 0 })).toEqual({ server: 50, peers: 50, ownDisk: 0 });
  });
});

describe('rate meter', () => {
  it('finds the rate of a total that grows evenly', () => {
    const meter = new RateMeter();
    let rate = 0;
    for (let reading = 0; reading < 20; reading++) rate = meter.read(reading * 50_000, reading * 500);
    expect(rate).toBeCloseTo(800_000, -3);
  });

  it('says 0 before there are two readings, and keeps its word when no time has passed', () => {
    const meter = new RateMeter();
    expect(meter.read(1_000_000, 0)).toBe(0);
    expect(meter.read(2_000_000, 0)).toBe(0);
  });
});

describe('mesh drawing', () => {
  const neighbours = (count: number): MeshNeighbour[] =>
    Array.from({ length: count }, (_, index) => ({
      peerId: String.fromCharCode(97 + index),
      role: 'viewer',
      receivingBitsPerSecond: 0,
      sendingBitsPerSecond: 0,
    }));

  it.each([1, 2, 5, 16, 30])('places %i neighbours apart and inside', (count) => {
    const nodes = layOutMesh(neighbours(count));
    expect(nodes).toHaveLength(Math.min(16, count));
    for (const [index, { x, y }] of nodes.entries()) {
      expect(x).toBeGreaterThan(10);
      expect(x).toBeLessThan(MESH_SIZE.width - 10);
      expect(y).toBeGreaterThan(10);
      expect(y).toBeLessThan(MESH_SIZE.height - 10);
      for (const other of nodes.slice(index + 1)) expect(Math.hypot(other.x - x, other.y - y)).toBeGreaterThan(14);
    }
  });

  it('does not depend on the order in which neighbours come', () => {
    const all = neighbours(5);
    expect(layOutMesh([...all].reverse())).toEqual(layOutMesh(all));
  });

  it('draws more flow wider, within bounds', () => {
    expect(flowWidth(2_000_000)).toBeGreaterThan(flowWidth(100_000));
    expect(flowWidth(1e9)).toBeLessThanOrEqual(5);
  });
});

describe('upload setting', () => {
  it('survives storage', () => {
    for (const policy of [{ mode: 'on' }, { mode: 'off' }, { mode: 'capped', bitsPerSecond: 500_000 }] as const) {
      expect(decodeUpload(encodeUpload(policy))).toEqual(policy);
    }
  });

  it('offers and restores no cap below the least that a peer takes', () => {
    for (const cap of UPLOAD_CAPS_BITS_PER_SECOND) expect(cap).toBeGreaterThanOrEqual(MIN_UPLOAD_CAP_BITS_PER_SECOND);
    const least = { mode: 'capped', bitsPerSecond: MIN_UPLOAD_CAP_BITS_PER_SECOND } as const;
    expect(decodeUpload(encodeUpload(least))).toEqual(least);
    for (const text of ['1', '100000', String(MIN_UPLOAD_CAP_BITS_PER_SECOND - 1)]) {
      expect(decodeUpload(text)).toEqual({ mode: 'off' });
    }
  });

  it('is nothing when what is stored is nothing', () => {
    for (const text of [undefined, '', 'yes', '-5', '0', 'Infinity']) expect(decodeUpload(text)).toBeUndefined();
  });
});
