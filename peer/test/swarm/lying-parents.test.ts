import { describe, expect, it } from 'vitest';
import type { PeerId } from '@p2ptv/protocol';
import { RENDITION } from './virtual-origin.js';
import { VirtualSwarm, type Lie, type Viewer } from './virtual-swarm.js';

const VIEWERS = 30;
/** The first are on duty: whom the origin's seeder pushes to is the tracker's affair. */
const FIRST_LIAR = 10;
const LIARS_EVERY = 3;

describe('parents that lie', () => {
  it.each<[string, Lie]>([
    ['send nothing', 'silent'],
    ['send 1.5 s late', 'late'],
    ['alter what they send', 'altered'],
  ])('LP9: a fifth of the viewers offers the shortest way for every stripe; they %s, and the others play on', (_what, lie) => {
    const swarm = new VirtualSwarm({ seed: 1, chunkBytes: 40_000, uplinkBitsPerSecond: 12_000_000, playoutDelayMs: 1_300 });
    swarm.origin.publishUntil(30_000);
    swarm.time.runUntil(2_000);
    expect(swarm.seeder.peerId).toHaveLength(32);
    const honest: Viewer[] = [];
    const liars: Viewer[] = [];
    const accused = new Set<PeerId>();
    for (let count = 0; count < VIEWERS; count++) {
      swarm.time.runFor(50);
      if (count >= FIRST_LIAR && count % LIARS_EVERY === 0) liars.push(swarm.joinBoasting(lie));
      else honest.push(swarm.join());
    }
    for (const { session } of honest) session.on('chunkRejected', ({ peerId }) => accused.add(peerId));
    swarm.time.runUntil(13_000);
    expect(liars.length / VIEWERS).toBeGreaterThanOrEqual(0.2);
    let peerBytes = 0;
    let otherBytes = 0;
    for (const { session, stalledMs } of honest) {
      const stats = session.stats();
      peerBytes += stats.verifiedBytes.peerBytes;
      otherBytes += stats.verifiedBytes.seederBytes + stats.verifiedBytes.originBytes;
      expect(stalledMs).toBe(0);
      expect(session.timeline(RENDITION).last?.sequence).toBeGreaterThanOrEqual(swarm.origin.chunks.length - 7);
    }
    expect(peerBytes / (peerBytes + otherBytes)).toBeGreaterThan(0.8);
    // Liars were believed, and found out: nobody else is accused.
    const subscribed = honest.reduce((sum, { session }) => sum + session.stats().mechanisms.subscriptions, 0);
    expect(subscribed).toBeGreaterThan(8 * honest.length);
    const liarIds = new Set(liars.map(({ peerId }) => peerId));
    expect([...accused].every((peerId) => liarIds.has(peerId))).toBe(true);
    expect(accused.size > 0).toBe(lie === 'altered');
    if (lie !== 'altered') for (const { session } of honest) expect(session.stats().mechanisms.bans).toBe(0);
  });
});
