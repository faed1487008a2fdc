import type { PeerSessionStats } from '@p2ptv/peer';
import { describe, expect, it } from 'vitest';
import { BeaconLedger } from '../../src/library/beacons.js';

type Snapshot = Parameters<BeaconLedger['next']>[0];

function snapshot(over: Partial<Snapshot> = {}, duplicateBlocks = 0): Snapshot {
  return {
    startupMs: 300,
    playoutDelayMs: 1_200,
    isFollowingLive: true,
    playedMs: 1_000,
    stalledMs: 0,
    stalls: 0,
    bytes: { fromOrigin: 100, fromSeeder: 10, fromPeers: 1_000, fromCache: 50, sent: 7 },
    session: { originReceived: { media: 100, init: 20, headers: 5, join: 30 }, seederFrameBytes: 15, mechanisms: { duplicateBlocks } } as PeerSessionStats,
    ...over,
  };
}

describe('beacons', () => {
  it('OR9: tell what has come since the last, and the startup once', () => {
    const ledger = new BeaconLedger();
    expect(ledger.next(snapshot())).toEqual({
      version: 1,
      startupMs: 300,
      delayMs: 1_200,
      playedMs: 1_000,
      stalledMs: 0,
      stalls: 0,
      bytes: { origin: 100, seeder: 10, peers: 1_000, cache: 50 },
      originSentBytes: 170,
      duplicateBytes: 0,
    });
    const later = { playedMs: 31_000, stalls: 1, stalledMs: 400, isFollowingLive: false, bytes: { fromOrigin: 100, fromSeeder: 10, fromPeers: 5_000, fromCache: 50, sent: 9 } };
    expect(ledger.next(snapshot(later, 2))).toEqual({
      version: 1,
      playedMs: 30_000,
      stalledMs: 400,
      stalls: 1,
      bytes: { origin: 0, seeder: 0, peers: 4_000, cache: 0 },
      originSentBytes: 0,
      duplicateBytes: 2 * 16 * 1024,
    });
  });

  it('are not sent where nothing has come', () => {
    const ledger = new BeaconLedger();
    const nothing = snapshot({ startupMs: undefined, playedMs: 0, bytes: { fromOrigin: 0, fromSeeder: 0, fromPeers: 0, fromCache: 0, sent: 0 }, session: undefined });
    expect(ledger.next(nothing)).toBeUndefined();
    expect(ledger.next(snapshot())).toBeDefined();
    expect(ledger.next(snapshot())).toBeUndefined();
  });
});
