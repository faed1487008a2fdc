import { deriveStreamId, LIMITS, WIRE_VERSION, type ChunkSequence, type WireMessage } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { blockOf, CHUNK_BYTES, forge, publish, type Published, RENDITION } from './published-stream.js';

const STATUS = { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true };

/** A viewer that has joined at chunk 0, with neighbours; time passes until every fetch is in. */
function viewer(): EngineRig {
  const rig = new EngineRig();
  rig.hold(0, 0);
  rig.clear();
  return rig;
}

function header(chunk: Published, holding: 'none' | 'incoming' | 'complete' = 'complete'): WireMessage {
  return { kind: 'header', signed: chunk.signed, holding };
}

/** A block with one bit changed. */
function altered(sequence: number, index: number): WireMessage {
  const bytes = blockOf(publish(sequence), index);
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  return { kind: 'block', ...ref(sequence), index, bytes };
}

describe('headers', () => {
  it('IN1: nothing is asked, fetched, told on or listed on the word of a header before its signature is checked', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    const [teller, other] = [rig.link(), rig.link()];
    rig.tell(teller, 1);
    rig.runFor(2_000);
    expect(rig.all('checkSignature')).toHaveLength(1);
    expect(rig.sent('request')).toEqual([]);
    expect(rig.all('fetchChunk')).toEqual([]);
    expect([...rig.sent('have', other), ...rig.sent('incoming', other)]).toEqual([]);
    rig.answerChecks();
    expect(rig.sent('request', teller)).toHaveLength(1);
  });

  it('IN2: a signature is checked once, however many tell of the header and however often', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    for (const linkId of [rig.link(), rig.link(), rig.link()]) {
      rig.tell(linkId, 1);
      rig.tell(linkId, 1);
    }
    expect(rig.all('checkSignature')).toHaveLength(1);
    rig.answerChecks();
    rig.tell(rig.link(), 1);
    expect(rig.all('checkSignature')).toHaveLength(1);
  });

  it('IN3: all who told a forged header lose their link and are kept away', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    const liars = [rig.link(), rig.link()];
    const honest = rig.link();
    for (const liar of liars) rig.hear(liar, header({ signed: forge(1), bytes: new Uint8Array() }));
    rig.tell(honest, 1);
    rig.answerChecks();
    expect(rig.closed).toEqual(liars);
    expect(liars.flatMap((liar) => rig.sent('bye', liar))).toEqual([
      { kind: 'bye', reason: 'badHeader' },
      { kind: 'bye', reason: 'badHeader' },
    ]);
    expect(rig.events('chunkRejected').map(({ reason }) => reason)).toEqual(['header', 'header']);
    expect(rig.engine.state.counters.bans).toBe(2);
    expect(rig.sent('request', honest)).toHaveLength(1);
  });

  it('IN3: a header of another stream closes the link without a check', () => {
    const rig = viewer();
    const linkId = rig.link();
    const streamId = deriveStreamId(new Uint8Array(32), 'other');
    rig.hear(linkId, header(publish(1, { streamId })));
    expect(rig.closed).toEqual([linkId]);
    expect(rig.all('checkSignature')).toEqual([]);
  });

  it('IN4: at most 32 checks wait for one link; what comes beyond is dropped, and other links are not held up', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    const [flooder, honest] = [rig.link(), rig.link()];
    for (let sequence = 1; sequence <= 50; sequence++) {
      rig.hear(flooder, header({ signed: forge(sequence), bytes: new Uint8Array() }));
    }
    expect(rig.all('checkSignature')).toHaveLength(LIMITS.pendingSignaturesPerLink);
    rig.tell(honest, 1);
    expect(rig.all('checkSignature')).toHaveLength(LIMITS.pendingSignaturesPerLink + 1);
    rig.answerChecks();
    expect(rig.closed).toEqual([flooder]);
    expect(rig.sent('request', honest)).toHaveLength(1);
  });

  it('IN5: headers more than 64 ahead of the edge wait for one check at a time a link; a true one is taken, and nobody is closed for it', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    const [linkId, liar] = [rig.link(), rig.link()];
    rig.tell(linkId, 100);
    rig.tell(linkId, 101);
    rig.tell(linkId, LIMITS.headersAheadOfEdge);
    expect(rig.all('checkSignature').map(({ signed }) => signed.header.sequence)).toEqual([100, 64]);
    rig.hear(liar, header({ signed: forge(200), bytes: new Uint8Array() }));
    rig.hear(liar, header({ signed: forge(201), bytes: new Uint8Array() }));
    expect(rig.all('checkSignature')).toHaveLength(3);
    rig.answerChecks();
    expect(rig.closed).toEqual([liar]);
    expect(rig.sent('request', linkId).map(({ sequence }) => sequence)).toEqual([100, 64]);
  });

  it('IN6: headers older than what is kept are ignored, and leave nothing behind', () => {
    const rig = new EngineRig({ engine: { store: { keepMs: 2_000 } } });
    rig.hold(0, 60);
    const linkId = rig.link();
    rig.clear();
    for (let sequence = 0; sequence < 30; sequence++) rig.tell(linkId, sequence);
    expect(rig.all('checkSignature')).toEqual([]);
    expect(rig.sent('request')).toEqual([]);
    expect(rig.closed).toEqual([]);
    expect(rig.engine.state.neighbours[0]?.marks.isShared(5 as never)).toBe(false);
  });

  it('IN7: a link makes us remember at most 1024 chunks of each kind, whatever it says', () => {
    const rig = viewer();
    const linkId = rig.link();
    for (let index = 0; index < 3_000; index++) {
      const sequence = 1_000_000 + index;
      rig.hear(linkId, { kind: 'have', ...ref(sequence) });
      rig.hear(linkId, { kind: 'reject', ...ref(sequence), reason: 'notHeld' });
      rig.hear(linkId, { kind: 'queued', ...ref(sequence), aheadBytes: 1 });
      rig.hear(linkId, { kind: 'cancel', ...ref(sequence) });
      rig.hear(linkId, { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: 1, deadlineInMs: 0 });
    }
    const [neighbour] = rig.engine.state.neighbours;
    expect(neighbour?.marks.size).toBeLessThanOrEqual(1024);
    for (let sequence = 1_000_000; sequence < 1_003_000; sequence++) {
      expect(neighbour?.marks.hasFailed(sequence as never)).toBe(false);
      expect(neighbour?.marks.isSolicited(sequence as never)).toBe(false);
    }
  });

  it('IN7: before the join answer headers are not taken, and no more than 1024 are remembered as shared', () => {
    const rig = new EngineRig();
    const linkId = rig.link();
    const { signed } = publish(1);
    for (let sequence = 0; sequence < 3_000; sequence++) {
      const told = { ...signed, header: { ...signed.header, sequence: sequence as ChunkSequence } };
      rig.hear(linkId, { kind: 'header', signed: told, holding: 'complete' });
    }
    expect(rig.all('checkSignature')).toEqual([]);
    expect(rig.engine.state.neighbours[0]?.marks.size).toBeLessThanOrEqual(1024);
  });

  it('IN7: a header told again and again while it is checked is remembered once a link', () => {
    const rig = viewer();
    rig.answersAtOnce = false;
    const linkId = rig.link();
    for (let count = 0; count < 10; count++) {
      rig.hear(linkId, header({ signed: forge(1), bytes: new Uint8Array() }));
    }
    rig.answerChecks();
    expect(rig.sent('bye', linkId)).toHaveLength(1);
    expect(rig.events('chunkRejected')).toHaveLength(1);
  });
});

describe('blocks', () => {
  it('IN8: a block is neither stored, played nor passed on before its digest is right', () => {
    const rig = viewer();
    const [sender, asker] = [rig.link(), rig.link()];
    rig.tell(sender, 1);
    rig.hear(asker, { kind: 'request', ...ref(1), firstBlock: 0, blockCount: 5, deadlineInMs: 500 });
    rig.answersAtOnce = false;
    for (let index = 0; index < 5; index++) rig.send(sender, 1, index);
    rig.runFor(50);
    expect(rig.sent('block')).toEqual([]);
    expect(rig.engine.bytesOf(ref(1))).toBeUndefined();
    expect(rig.playable).toEqual([0]);
    rig.answerChecks();
    expect(rig.sent('block', asker).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.playable).toEqual([0, 1]);
  });

  it('IN9: an altered block costs its sender the link; it is not stored, and the rest comes from another', () => {
    const rig = viewer();
    const liar = rig.link();
    rig.tell(liar, 1);
    expect(rig.sent('request', liar)).toHaveLength(1);
    const honest = rig.link();
    rig.tell(honest, 1);
    rig.send(liar, 1, 0);
    rig.hear(liar, altered(1, 1));
    expect(rig.sent('bye', liar)).toEqual([{ kind: 'bye', reason: 'badBlock' }]);
    expect(rig.closed).toEqual([liar]);
    expect(rig.events('chunkRejected')).toEqual([
      { name: 'chunkRejected', chunk: ref(1), peerId: peerId(liar), reason: 'block' },
    ]);
    expect(rig.engine.state).toMatchObject({ chunksRejected: 1, counters: { bans: 1 } });
    expect(rig.sent('request', honest)).toMatchObject([{ sequence: 1, firstBlock: 1, blockCount: 4 }]);
    for (const index of [1, 2, 3, 4]) rig.send(honest, 1, index);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
  });

  it('IN9: who was banned is not linked again for ten minutes, whoever dials, and is heard no more at once', () => {
    const rig = viewer();
    const liar = rig.link({ peer: 77 });
    rig.tell(liar, 1);
    rig.hear(liar, altered(1, 0));
    rig.clear();
    const again = rig.link({ peer: 77 });
    expect(rig.closed).toEqual([again]);
    expect(rig.engine.state.neighbours.map((neighbour) => neighbour.peerId)).not.toContain(peerId(77));
    rig.tell(again, 2);
    expect(rig.all('checkSignature')).toEqual([]);
    rig.handle({ kind: 'neighboursOffered', neighbours: [{ peerId: peerId(77), role: 'viewer', uplinkBitsPerSecond: 0 }] });
    expect(rig.all('dial')).toEqual([]);
    rig.runFor(605_000);
    rig.clear();
    rig.link({ peer: 77 });
    expect(rig.closed).toEqual([]);
  });

  it('IN10: blocks of a chunk that was not asked for close the link, be the chunk known or yet to come', () => {
    for (const sequence of [0, 5]) {
      const rig = viewer();
      const linkId = rig.link();
      rig.send(linkId, sequence, 0);
      expect(rig.closed).toEqual([linkId]);
      expect(rig.all('digestBlock')).toEqual([]);
    }
  });

  it('IN10: a block whose length is not what the header says closes the link', () => {
    for (const bytes of [blockOf(publish(1), 0).slice(1), new Uint8Array(CHUNK_BYTES % 16384)]) {
      const rig = viewer();
      const linkId = rig.link();
      rig.tell(linkId, 1);
      rig.hear(linkId, { kind: 'block', ...ref(1), index: 0, bytes });
      expect(rig.closed).toEqual([linkId]);
    }
    const rig = viewer();
    const linkId = rig.link();
    rig.tell(linkId, 1);
    rig.hear(linkId, { kind: 'block', ...ref(1), index: 5, bytes: new Uint8Array(16384) });
    expect(rig.closed).toEqual([linkId]);
  });

  it('IN11: blocks that were on their way when we cancelled, gave the chunk up or forgot it cost nobody anything', () => {
    const rig = new EngineRig({ engine: { store: { keepMs: 2_000 } } });
    rig.hold(0, 0);
    const linkId = rig.link();
    rig.tell(linkId, 1);
    rig.handle({ kind: 'playback', position: { playheadMs: publish(9).signed.header.programDateTimeMs, rate: 1 } });
    rig.send(linkId, 1, 0);
    expect(rig.closed).toEqual([]);
    expect(rig.engine.bytesOf(ref(1))).toBeUndefined();
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: Array.from({ length: 60 }, (_, index) => publish(10 + index).signed) });
    rig.runFor(10);
    rig.runFor(3_000);
    for (let index = 0; index < rig.all('fetchChunk').length; index++) rig.deliver(rig.all('fetchChunk')[index]!);
    expect(rig.playable[0]).toBeGreaterThan(1);
    rig.send(linkId, 1, 1);
    expect(rig.closed).toEqual([]);
  });

  it('IN12: a block that is there already, or is being checked for the same sender, is not checked again', () => {
    const rig = viewer();
    const linkId = rig.link();
    rig.tell(linkId, 1);
    rig.answersAtOnce = false;
    for (let count = 0; count < 20; count++) rig.send(linkId, 1, 0);
    expect(rig.all('digestBlock').length).toBe(1);
    rig.answerChecks();
    rig.send(linkId, 1, 0);
    expect(rig.all('digestBlock').length).toBe(1);
    expect(rig.engine.state.counters.duplicateBlocks).toBe(20);
  });

  it('IN13: pushed blocks wait for their header’s signature, at most 64 of them', () => {
    const rig = viewer();
    const seeder = rig.link({ role: 'origin' });
    rig.answersAtOnce = false;
    const big = publish(1, { byteLength: 70 * 16384 });
    rig.hear(seeder, header(big));
    for (let index = 0; index < 70; index++) {
      rig.hear(seeder, { kind: 'block', ...ref(1), index, bytes: blockOf(big, index) });
    }
    expect(rig.all('digestBlock')).toEqual([]);
    rig.answerChecks();
    expect(rig.all('digestBlock')).toHaveLength(64);
    expect(rig.closed).toEqual([]);
  });

  it('IN13: pushed blocks of a forged header vanish with it, and their sender too', () => {
    const rig = viewer();
    const seeder = rig.link({ role: 'origin' });
    rig.answersAtOnce = false;
    rig.hear(seeder, { kind: 'header', signed: forge(1), holding: 'complete' });
    rig.hear(seeder, { kind: 'block', ...ref(1), index: 0, bytes: new Uint8Array(16384).fill(1) });
    rig.answerChecks();
    expect(rig.all('digestBlock')).toEqual([]);
    expect(rig.closed).toEqual([seeder]);
  });

  it('IN13: a forged header for a chunk that is known holds up nobody’s blocks', () => {
    const rig = viewer();
    const [honest, liar] = [rig.link(), rig.link()];
    rig.tell(honest, 1);
    rig.answersAtOnce = false;
    rig.hear(liar, { kind: 'header', signed: forge(1), holding: 'complete' });
    for (let index = 0; index < 5; index++) rig.send(honest, 1, index);
    rig.answerChecks();
    expect(rig.closed).toEqual([liar]);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
  });

  it('IN14: what the origin sends is checked too: a wrong block is not stored, and its chunk is fetched again after a pause', () => {
    const rig = new EngineRig();
    rig.join(0);
    const [fetch] = rig.all('fetchChunk');
    const bytes = publish(0).bytes.slice();
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    rig.handle({ kind: 'fetchBytes', fetchId: fetch!.fetchId, bytes });
    rig.handle({ kind: 'fetchDone', fetchId: fetch!.fetchId });
    expect(rig.engine.bytesOf(ref(0))).toBeUndefined();
    expect(rig.engine.state.chunksRejected).toBe(1);
    rig.runFor(240);
    expect(rig.all('fetchChunk')).toHaveLength(1);
    rig.runFor(20);
    expect(rig.all('fetchChunk')).toHaveLength(2);
    expect(rig.all('fetchChunk')[1]).toMatchObject({ firstByte: 2 * 16384 });
  });
});

describe('the order of a link', () => {
  it('IN15: a link begins with HELLO; anything else first, or a malformed frame, closes it and keeps the peer away', () => {
    for (const input of [
      { kind: 'message', linkId: 1, message: { kind: 'ping', nonce: 1 } },
      { kind: 'message', linkId: 1, message: { kind: 'have', ...ref(1) } },
      { kind: 'malformed', linkId: 1 },
    ] as const) {
      const rig = viewer();
      rig.link({ status: null });
      rig.handle(input);
      expect(rig.sent('bye', 1)).toEqual([{ kind: 'bye', reason: 'misbehaviour' }]);
      expect(rig.engine.state.counters.bans).toBe(1);
      expect(rig.engine.state.neighbours).toEqual([]);
    }
  });

  it('IN16: a HELLO of another version ends the link, and the peer is not used meanwhile nor dialled again at once', () => {
    const rig = viewer();
    const linkId = rig.link({ peer: 9, status: null });
    rig.hear(linkId, { kind: 'hello', version: WIRE_VERSION + 1, status: STATUS });
    expect(rig.closed).toEqual([linkId]);
    rig.tell(linkId, 1);
    expect(rig.sent('request')).toEqual([]);
    rig.handle({ kind: 'neighboursOffered', neighbours: [{ peerId: peerId(9), role: 'viewer', uplinkBitsPerSecond: 0 }] });
    expect(rig.all('dial')).toEqual([]);
    expect(rig.engine.state.counters.bans).toBe(0);
  });

  it('IN16: BYE closes the link once; what the transport reports later changes nothing', () => {
    const rig = viewer();
    const linkId = rig.link();
    rig.tell(linkId, 1);
    rig.hear(linkId, { kind: 'bye', reason: 'leaving' });
    rig.hear(linkId, { kind: 'bye', reason: 'leaving' });
    rig.handle({ kind: 'linkEnded', linkId });
    expect(rig.closed).toEqual([linkId]);
    expect(rig.engine.state.neighbours).toEqual([]);
    expect(rig.sent('bye')).toEqual([]);
  });
});
