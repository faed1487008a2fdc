import { BLOCK_BYTES, STRIPE_COUNT } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { EngineRig, ref } from './engine-rig.js';
import { keyOf, offering, PushMesh } from './push-mesh.js';
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
  rig.handle({ kind: 'duty', rendition: RENDITION, stripes: [0, 1, 2, 3, 4, 5, 6, 7] });
  rig.hold(0, 0);
  const child = rig.link({ peer: 1 });
  rig.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: STRIPE });
  expect(rig.sent('unsubscribe', child)).toHaveLength(0);
  return { rig, child };
}

describe('honest pushes', () => {
  it('LP16: who is let go says so too: its SUBSCRIBE may have crossed, and would be served for ever', () => {
    const { rig, parent } = childRig();
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    expect(rig.sent('unsubscribe', parent)).toEqual([{ kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE }]);
    // Only who was a child answers: two who let each other go do not go on about it.
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    expect(rig.sent('unsubscribe', parent)).toHaveLength(1);
  });

  it('LP16: two who leave and ask each other at the same time agree in the end who pushes', () => {
    const mesh = new PushMesh();
    mesh.delayMs = () => 100;
    const [one, other] = [mesh.add(), mesh.add()];
    const third = mesh.addMute().number;
    mesh.link(0, 1);
    mesh.link(1, third);
    one.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [STRIPE] });
    mesh.runFor(2_000);
    expect(other.parent(STRIPE)).toBe(0);
    // Off duty, it lets its child go after 1.5 s, and turns to it, which had offered a way.
    one.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [] });
    mesh.runFor(1_460);
    one.subscriptions.offered(mesh.nowMs, one.neighbour(1), { rendition: RENDITION, pathMs: offering({ [STRIPE]: 100 }) });
    // Meanwhile the child leaves its parent, which has failed, for a third peer.
    other.subscriptions.offered(mesh.nowMs, other.neighbour(third), { rendition: RENDITION, pathMs: offering({ [STRIPE]: 60 }) });
    for (let strike = 0; strike < 2; strike++) other.subscriptions.delivered(mesh.nowMs, { key: keyOf(STRIPE), from: 'origin', lagMs: undefined });
    mesh.runFor(140);
    expect(other.parent(STRIPE)).toBe(third);
    expect(mesh.messages('subscribe', 0, 1)).toHaveLength(1);
    mesh.runFor(1_000);
    expect(one.parent(STRIPE)).toBeUndefined();
    expect(other.children(STRIPE)).toEqual([]);
  });

  it('LP16: a push that was begun in time may end after the grace period', () => {
    const { rig, parent } = childRig();
    rig.tell(parent, STRIPE, 'none');
    rig.send(parent, STRIPE, 0);
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: STRIPE });
    rig.nowMs += 8_000;
    for (let index = 1; index < 5; index++) rig.send(parent, STRIPE, index);
    expect(rig.engine.state.counters.bans).toBe(0);
    expect(rig.closed).not.toContain(parent);
  });

  it('LP16: a child’s uplink that is stuck does not make its parent push what nobody awaits, nor promise ever more', () => {
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

  it('IN7: a parent that names chunks for ever makes nobody remember them all', () => {
    const { rig, parent } = childRig();
    for (let sequence = 10_000; sequence < 14_000; sequence++) rig.hear(parent, { kind: 'have', ...ref(sequence), aheadKib: 0 });
    expect(rig.engine.state.neighbours[0]!.marks.size).toBeLessThanOrEqual(1_024);
  });

  it('LP16: a child that unsubscribes is sent nothing, seconds later, that was not begun', () => {
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
