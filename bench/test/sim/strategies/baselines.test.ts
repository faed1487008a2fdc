import type { RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { createStrategy, type StrategyName } from '../../../src/sim/strategies/registry.js';
import { AgentRig, blockOf, peerId, publish, ref } from './agent-rig.js';

function rigOf(name: StrategyName, options: ConstructorParameters<typeof AgentRig>[1] = {}): AgentRig {
  return new AgentRig(createStrategy(name), options);
}

/** A viewer that has joined at chunk 10 and has it from the origin. */
function viewer(name: StrategyName, options: ConstructorParameters<typeof AgentRig>[1] = {}): AgentRig {
  const rig = rigOf(name, options);
  rig.join(10);
  for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
  return rig;
}

describe('what all baselines have in common', () => {
  it('a newcomer without neighbours fetches at once and plays in order', () => {
    const rig = rigOf('rarest-first');

    rig.join(10, 12);
    const [first, second, third] = rig.all('fetchChunk');
    rig.deliver(third!);
    rig.deliver(second!);
    expect(rig.playable).toEqual([]);
    rig.deliver(first!);

    expect(rig.playable).toEqual([10, 11, 12]);
    expect(rig.agent.state.verifiedBytes.originBytes).toBe(9 * blockOf(0).length);
  });

  it('a chunk that nobody delivers is fetched before its deadline, and only what is missing of it', () => {
    const rig = viewer('rarest-first');
    const linkId = rig.link();
    rig.tell(linkId, 11);
    rig.hear(linkId, { kind: 'block', ...ref(11), index: 0, bytes: blockOf(11) });

    // The playhead is 2 s before chunk 10: chunk 11 is due 2.2 s from the start less the append margin.
    rig.runFor(2_080);

    expect(rig.fetched).toEqual([10, 11]);
    expect(rig.all('fetchChunk')[1]?.firstByte).toBe(blockOf(11).length);
  });

  it('a wrong block costs its sender the link, is not stored and not passed on', () => {
    const rig = viewer('rarest-first');
    const liar = rig.link();
    const other = rig.link();
    rig.tell(liar, 11);

    rig.hear(liar, { kind: 'block', ...ref(11), index: 0, bytes: blockOf(99) });

    expect(rig.all('closeLink')).toEqual([{ kind: 'closeLink', linkId: liar, reason: 'badBlock' }]);
    expect(rig.agent.state.counters.bans).toBe(1);
    expect(rig.sent('incoming', other)).toEqual([]);
    expect(rig.sent('header', other).map(({ signed }) => signed.header.sequence)).toEqual([10]);
  });

  it('a request is answered with its blocks; what is not held is refused', () => {
    const rig = viewer('sequential');
    const linkId = rig.link();

    rig.hear(linkId, { kind: 'request', ...ref(10), firstBlock: 1, blockCount: 2, deadlineInMs: 500 });
    rig.hear(linkId, { kind: 'request', ...ref(11), firstBlock: 0, blockCount: 3, deadlineInMs: 500 });

    expect(rig.sent('block', linkId).map(({ index }) => index)).toEqual([1, 2]);
    expect(rig.sent('reject', linkId).map(({ reason }) => reason)).toEqual(['notHeld']);
  });

  it('one who waits is enough: further requests are refused while the uplink is busy', () => {
    const rig = viewer('sequential');
    const [busy, waiting, refused] = [rig.link(), rig.link(), rig.link()];
    const request = { kind: 'request', ...ref(10), firstBlock: 0, blockCount: 3, deadlineInMs: 500 } as const;
    rig.hear(busy, request);
    rig.buffered.set(busy, 48 * 1024);

    rig.hear(waiting, request);
    rig.hear(refused, request);

    expect(rig.sent('block', waiting)).toEqual([]);
    expect(rig.sent('reject').map(({ reason }) => reason)).toEqual(['overLimit']);
    expect(rig.sent('reject', refused)).toHaveLength(1);
  });

  it('keeps the chunks of ten seconds and no more', () => {
    const rig = viewer('rarest-first');
    const linkId = rig.link();
    for (let sequence = 11; sequence <= 110; sequence++) {
      rig.tell(linkId, sequence);
      rig.sendAll(linkId, sequence);
    }

    for (const sequence of [59, 60]) {
      rig.hear(linkId, { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: 1, deadlineInMs: 500 });
    }

    expect(rig.sent('reject', linkId).map(({ sequence }) => sequence)).toEqual([59]);
    expect(rig.sent('block', linkId).map(({ sequence }) => sequence)).toEqual([60]);
  });

  it('a neighbour that says nothing for six seconds is given up', () => {
    const rig = viewer('rarest-first');
    const [silent, alive] = [rig.link(), rig.link()];

    for (let second = 0; second < 7; second++) {
      rig.runFor(1_000);
      rig.hear(alive, { kind: 'pong', nonce: 0 });
    }

    expect(rig.sent('ping', silent).length).toBeGreaterThan(0);
    expect(rig.all('closeLink').map(({ linkId }) => linkId)).toEqual([silent]);
  });
});

describe('sequential and rarest-first', () => {
  it('in play order nothing is asked for beyond a chunk that nobody has: the missing-chunk syndrome', () => {
    const LATER = [12, 13, 14, 15, 16, 17];
    const rigs = (['sequential', 'rarest-first'] as const).map((name) => {
      const rig = viewer(name);
      const links = LATER.map(() => rig.link());
      rig.handle({ kind: 'originHeaders', rendition: 0 as RenditionId, headers: [11, ...LATER].map(publish) });
      // Each neighbour has a chunk of its own, and nobody the next one.
      LATER.forEach((sequence, index) => rig.hear(links[index]!, { kind: 'have', ...ref(sequence) }));
      return rig;
    });
    const [sequential, rarest] = rigs as [AgentRig, AgentRig];

    expect(sequential.asked).toEqual([]);
    expect(rarest.asked.toSorted((left, right) => left - right)).toEqual(LATER);

    sequential.hear(sequential.link(), { kind: 'have', ...ref(11) });
    expect(sequential.asked).toEqual([11, ...LATER]);
  });

  it('of two chunks the one that fewer have is asked for first', () => {
    const rig = viewer('rarest-first');
    const [busy, other] = [rig.link(), rig.link()];
    rig.handle({ kind: 'originHeaders', rendition: 0 as RenditionId, headers: [11, 12, 13, 14].map(publish) });
    // Both owe us a chunk already while they tell of more: 11 is at both, 12 at one.
    rig.hear(busy, { kind: 'have', ...ref(13) });
    rig.hear(other, { kind: 'have', ...ref(14) });
    for (const linkId of [busy, other]) rig.hear(linkId, { kind: 'have', ...ref(11) });
    rig.hear(busy, { kind: 'have', ...ref(12) });

    rig.sendAll(busy, 13);
    rig.sendAll(other, 14);

    expect(rig.sent('request', busy).map(({ sequence }) => sequence)).toEqual([13, 12]);
    expect(rig.sent('request', other).map(({ sequence }) => sequence)).toEqual([14, 11]);
  });
});

describe('random push', () => {
  it('the latest chunk that the neighbour lacks is pushed, header first', () => {
    const rig = viewer('random-push');
    const linkId = rig.link();

    expect(rig.sent('header', linkId).map(({ signed }) => signed.header.sequence)).toContain(10);
    expect(rig.sent('block', linkId).map(({ sequence }) => sequence)).toEqual([10, 10, 10]);
  });

  it('useful: who is getting a chunk is not sent it; blind: everybody is', () => {
    for (const [name, count] of [['random-push', 0], ['random-push-blind', 3]] as const) {
      const rig = rigOf(name);
      rig.join(10);
      const linkId = rig.link();
      rig.hear(linkId, { kind: 'incoming', ...ref(10) });
      rig.deliver(rig.all('fetchChunk')[0]!);

      expect(rig.sent('block', linkId)).toHaveLength(count);
    }
  });

  it('a second pusher of the same chunk is told to stop', () => {
    const rig = viewer('random-push');
    const [first, second] = [rig.link(), rig.link()];
    rig.tell(first, 11);
    rig.hear(first, { kind: 'block', ...ref(11), index: 0, bytes: blockOf(11) });

    rig.hear(second, { kind: 'block', ...ref(11), index: 0, bytes: blockOf(11) });

    expect(rig.sent('cancel', second)).toHaveLength(1);
    expect(rig.sent('cancel', first)).toEqual([]);
    expect(rig.agent.state.counters.duplicateBlocks).toBe(1);
  });
});

describe('election', () => {
  it('of all that know each other exactly one fetches a chunk at once', () => {
    const peers = [1, 2, 3, 4, 5];
    for (const sequence of [11, 12, 13, 14]) {
      const elected = peers.filter((own) => {
        const rig = viewer('election', { peer: own });
        for (const peer of peers) if (peer !== own) rig.link({ peer });
        rig.handle({ kind: 'originHeaders', rendition: 0 as RenditionId, headers: [publish(sequence)] });
        return rig.fetched.includes(sequence);
      });

      expect(elected).toHaveLength(1);
    }
  });

  it('backups follow by rank, until somebody says that it has the chunk', () => {
    const rigs = [1, 2, 3].map((own) => {
      const rig = viewer('election', { peer: own });
      for (const peer of [1, 2, 3]) if (peer !== own) rig.link({ peer });
      rig.handle({ kind: 'originHeaders', rendition: 0 as RenditionId, headers: [publish(11)] });
      return rig;
    });
    const counts = [0, 210, 2_000].map((ms) => {
      for (const rig of rigs) rig.runFor(ms);
      return rigs.filter((rig) => rig.fetched.includes(11)).length;
    });

    expect(counts).toEqual([1, 2, 3]);
  });
});

describe('tree', () => {
  const OFFER = { queuedBytes: 50, isUploading: true };

  it('the neighbour with the shortest path is asked to be the parent; then the origin is left alone', () => {
    const rig = viewer('tree');
    const far = rig.link({ status: { queuedBytes: 400 } });
    rig.handle({ kind: 'tick' });
    expect(rig.sent('subscribe', far)).toHaveLength(1);

    const near = rig.link({ status: OFFER });
    rig.hear(far, { kind: 'unsubscribe', rendition: ref(0).rendition, stripe: 0 });
    rig.runFor(200);
    expect(rig.sent('subscribe', near)).toHaveLength(1);
    rig.tell(near, 11, 'incoming');

    expect(rig.fetched).toEqual([10]);
    rig.sendAll(near, 11);
    expect(rig.playable).toEqual([10, 11]);
  });

  it('blocks go to all children as they come, before the chunk is whole', () => {
    const rig = viewer('tree');
    const parent = rig.link({ status: OFFER });
    rig.tell(parent, 11, 'incoming');
    const children = [rig.link({ status: { isUploading: false } }), rig.link({ status: { isUploading: false } })];
    for (const linkId of children) rig.hear(linkId, { kind: 'subscribe', rendition: ref(0).rendition, stripe: 0 });

    rig.hear(parent, { kind: 'block', ...ref(11), index: 0, bytes: blockOf(11) });

    for (const linkId of children) {
      expect(rig.sent('block', linkId).map(({ sequence, index }) => [sequence, index])).toEqual([[11, 0]]);
    }
  });

  it('one child too many is refused, and an orphan takes none', () => {
    const subscribe = { kind: 'subscribe', rendition: ref(0).rendition, stripe: 0 } as const;
    const orphan = viewer('tree');
    const asking = orphan.link({ status: { isUploading: false } });
    orphan.hear(asking, subscribe);
    expect(orphan.sent('unsubscribe', asking)).toHaveLength(1);

    const rig = viewer('tree');
    const parent = rig.link({ status: OFFER });
    rig.tell(parent, 11, 'incoming');
    const children = [1, 2, 3].map(() => rig.link({ status: { isUploading: false } }));
    for (const linkId of children) rig.hear(linkId, subscribe);

    expect(children.map((linkId) => rig.sent('unsubscribe', linkId).length)).toEqual([0, 0, 1]);
  });

  it('when the parent is lost the origin stands in at once, for the children too', () => {
    const rig = viewer('tree');
    const parent = rig.link({ status: OFFER });
    rig.tell(parent, 11, 'incoming');
    const child = rig.link({ status: { isUploading: false } });
    rig.hear(child, { kind: 'subscribe', rendition: ref(0).rendition, stripe: 0 });

    rig.handle({ kind: 'linkEnded', linkId: parent });
    rig.deliver(rig.all('fetchChunk').find(({ chunk }) => chunk.sequence === 11)!);

    expect(rig.sent('block', child).map(({ sequence }) => sequence)).toEqual([11, 11, 11]);
  });

  it('the root pushes to those on duty for the first stripe, and to nobody else', () => {
    const rig = rigOf('tree', { role: 'origin' });
    const stripes = [[peerId(1)], ...Array.from({ length: 7 }, () => [peerId(2)])];
    rig.handle({ kind: 'dutyMap', map: { stripes } });
    expect(rig.all('dial').map((command) => command.peerId)).toEqual([peerId(1)]);
    const onDuty = rig.link({ peer: 1 });
    const other = rig.link({ peer: 2 });

    rig.handle({ kind: 'published', signed: publish(11), bytes: new Uint8Array(3 * 16_384).fill(11) });

    expect(rig.sent('block', onDuty)).toHaveLength(3);
    expect(rig.sent('block', other)).toEqual([]);
  });
});

describe('origin-only', () => {
  it('links to nobody, follows headers and fetches each chunk at once', () => {
    const rig = viewer('origin-only');
    rig.handle({ kind: 'neighboursOffered', neighbours: [{ peerId: peerId(1), role: 'viewer', uplinkBitsPerSecond: 0 }] });
    rig.handle({ kind: 'originHeaders', rendition: 0 as RenditionId, headers: [publish(11)] });

    expect(rig.all('dial')).toEqual([]);
    expect(rig.all('followHeaders')).toHaveLength(1);
    expect(rig.fetched).toEqual([10, 11]);
  });
});
