import { BLOCK_BYTES, randomInteger, seededRandom, STRIPE_COUNT } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { EngineRig, ref } from './engine-rig.js';
import { PushMesh } from './push-mesh.js';
import { RENDITION } from './published-stream.js';

const STRIPE = 3;

/** A viewer whose only neighbour is its parent in every stripe. */
function childRig(): { rig: EngineRig; parent: number } {
  const rig = new EngineRig();
  rig.hold(0, 0);
  const parent = rig.link({ peer: 1 });
  rig.hear(parent, { kind: 'offers', rendition: RENDITION, pathMs: new Array<number>(STRIPE_COUNT).fill(50) });
  expect(rig.sent('subscribe', parent)).toHaveLength(STRIPE_COUNT);
  return { rig, parent };
}

/** A viewer on duty for all stripes with one child in one. */
function parentRig(): { rig: EngineRig; child: number } {
  const rig = new EngineRig();
  rig.handle({ kind: 'duty', stripes: [0, 1, 2, 3, 4, 5, 6, 7] });
  rig.hold(0, 0);
  const child = rig.link({ peer: 1 });
  rig.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: STRIPE });
  expect(rig.sent('unsubscribe', child)).toHaveLength(0);
  return { rig, child };
}

describe('honest pushes', () => {
  it('LP12: who is let go says so too: its SUBSCRIBE may have crossed, and would be served for ever', () => {
    const { rig, parent } = childRig();
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    expect(rig.sent('unsubscribe', parent)).toEqual([{ kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE }]);
    // Only who was a child answers: two who let each other go do not go on about it.
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    expect(rig.sent('unsubscribe', parent)).toHaveLength(1);
  });

  it.each([1, 2, 3, 4, 5])('LP12: whoever pushes for seconds is the receiver’s parent, however messages cross (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const mesh = new PushMesh();
    const delays = new Map<string, number>();
    mesh.delayMs = (from, to) => {
      const key = `${from} ${to}`;
      delays.set(key, delays.get(key) ?? 10 + randomInteger(random, 250));
      return delays.get(key)!;
    };
    for (let count = 0; count < 10; count++) mesh.add({ uplinkBitsPerSecond: 3_000_000 + randomInteger(random, 6_000_000) });
    for (let one = 0; one < 10; one++) for (let other = one + 1; other < 10; other++) if (random.next() < 0.6) mesh.link(one, other);
    const strangeSince = new Map<string, number>();
    let longestMs = 0;
    for (let round = 0; round < 60; round++) {
      const stripes = Array.from({ length: STRIPE_COUNT }, (_, stripe) => stripe).filter(() => random.next() < 0.5);
      mesh.peers[randomInteger(random, 3)]!.subscriptions.setDuty(mesh.nowMs, stripes);
      mesh.runFor(500, () => {
        for (const { number, ...peer } of mesh.peers.map((it) => ({ number: it.number, it }))) {
          for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
            for (let child = 0; child < mesh.peers.length; child++) {
              const key = `${number} ${child} ${stripe}`;
              const isStrange = peer.it.children(stripe).includes(child) && mesh.peers[child]!.parent(stripe) !== number;
              if (!isStrange) strangeSince.delete(key);
              else longestMs = Math.max(longestMs, mesh.nowMs - (strangeSince.get(key) ?? (strangeSince.set(key, mesh.nowMs), mesh.nowMs)));
            }
          }
        }
      });
    }
    expect(longestMs).toBeLessThan(1_000);
  });

  it('LP12: a push that was begun in time may end after the grace period', () => {
    const { rig, parent } = childRig();
    rig.tell(parent, STRIPE, 'none');
    rig.send(parent, STRIPE, 0);
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    rig.nowMs += 8_000;
    for (let index = 1; index < 5; index++) rig.send(parent, STRIPE, index);
    expect(rig.engine.state.counters.bans).toBe(0);
    expect(rig.closed).not.toContain(parent);
  });

  it('LP12: a child’s uplink that is stuck does not make its parent push what nobody awaits, nor promise ever more', () => {
    const { rig, child } = parentRig();
    rig.stuck.add(child);
    rig.buffered.set(child, 100_000);
    const seeder = rig.link({ peer: 9, role: 'origin' });
    for (let sequence = 1; sequence < 120; sequence++) {
      rig.nowMs += 200;
      rig.handle({ kind: 'message', linkId: child, message: { kind: 'ping', nonce: sequence } });
      rig.tell(seeder, sequence);
      rig.sendAll(seeder, sequence);
      rig.runFor(1);
    }
    const chunks = new Set(rig.sent('block', child).map(({ sequence }) => sequence));
    expect(chunks.size).toBe(0);
    // What it is behind with is what the last seconds brought: two chunks of five blocks.
    const promised = Math.max(...rig.sent('status').map(({ status }) => status.queuedBytes));
    expect(promised).toBeLessThanOrEqual(2 * 5 * BLOCK_BYTES);
    rig.drain(child);
    const late = rig.sent('block', child).map(({ sequence }) => sequence);
    expect(late.every((sequence) => sequence > 105)).toBe(true);
  });

  it('LP12: a child that unsubscribes is sent nothing, seconds later, that was not begun', () => {
    const { rig, child } = parentRig();
    rig.stuck.add(child);
    rig.buffered.set(child, 100_000);
    const seeder = rig.link({ peer: 9, role: 'origin' });
    rig.tell(seeder, STRIPE);
    rig.sendAll(seeder, STRIPE);
    rig.hear(child, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    rig.nowMs += 6_000;
    rig.drain(child);
    expect(rig.sent('block', child).filter(({ sequence }) => sequence === ref(STRIPE).sequence)).toEqual([]);
  });
});
