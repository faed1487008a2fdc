import { encodedMessageBytes, encodeMessage, LIMITS, seededRandom, type RenditionId, type Signal, type WireMessage } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineInput } from '../../src/engine/engine-io.js';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { blockOf, FIRST_DATE_MS, forge, PART_MS, publish } from './published-stream.js';

const LINKS = 5;
const SEQUENCES = 40;
const BUDGET_BYTES = 30 * publish(0).bytes.length;

const links = fc.integer({ min: 1, max: LINKS });
const sequences = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: SEQUENCES - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(500, 70_000, 0xffff_ffff) },
);
const refs = sequences.map(ref);
const statuses = fc.record({
  uplinkKbps: fc.nat(0xffff_ffff),
  queuedBytes: fc.nat(0xffff_ffff),
  isUploading: fc.boolean(),
  isVisible: fc.boolean(),
});
const holdings = fc.constantFrom('none', 'incoming', 'complete');
const known = fc.integer({ min: 0, max: SEQUENCES - 1 });

const peerIds = fc.integer({ min: 1, max: 30 }).map(peerId);
const signals: fc.Arbitrary<Signal> = fc.record({
  from: peerIds,
  to: peerIds,
  connectionId: fc.constant('0123456789abcdef'),
  body: fc.oneof(
    fc.record({ kind: fc.constantFrom('offer' as const, 'answer' as const), ticket: fc.constant('t'), sdp: fc.constantFrom('', 'x'.repeat(8_000)) }),
    fc.record({ kind: fc.constant('candidate' as const), mid: fc.constant('0'), candidate: fc.constant('c') }),
    fc.record({ kind: fc.constant('refuse' as const), reason: fc.constantFrom('full' as const, 'gone' as const) }),
  ),
});

const messages: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('peers'),
    peers: fc.array(
      fc.record({
        peerId: peerIds,
        role: fc.constantFrom('viewer' as const, 'seeder' as const),
        uplinkKbps: fc.nat(0xffff_ffff),
        isUploading: fc.boolean(),
        isVisible: fc.boolean(),
      }),
      { minLength: 1, maxLength: LIMITS.peersPerMessage },
    ),
  }),
  fc.record({ kind: fc.constant('relay'), signal: signals }),
  fc.record({ kind: fc.constant('hello'), version: fc.constantFrom(1, 1, 1, 2), status: statuses }),
  fc.record({ kind: fc.constant('status'), status: statuses }),
  fc.record({ kind: fc.constant('header'), signed: known.map((sequence) => publish(sequence).signed), holding: holdings }),
  fc.record({ kind: fc.constant('header'), signed: known.map((sequence) => FORGED[sequence]!), holding: holdings }),
  refs.map((chunk) => ({ kind: 'incoming' as const, ...chunk })),
  refs.map((chunk) => ({ kind: 'have' as const, ...chunk })),
  fc
    .tuple(refs, fc.nat(255), fc.integer({ min: 1, max: 256 }), fc.nat(0xffff))
    .map(([chunk, firstBlock, blockCount, deadlineInMs]) => ({ kind: 'request' as const, ...chunk, firstBlock, blockCount, deadlineInMs })),
  fc.tuple(known, fc.nat(4)).map(([sequence, index]) => ({
    kind: 'block' as const,
    ...ref(sequence),
    index,
    bytes: blockOf(publish(sequence), index),
  })),
  fc
    .tuple(refs, fc.nat(255), fc.constantFrom(1, 1000, 16384))
    .map(([chunk, index, length]) => ({ kind: 'block' as const, ...chunk, index, bytes: new Uint8Array(length).fill(1) })),
  refs.map((chunk) => ({ kind: 'cancel' as const, ...chunk })),
  fc
    .tuple(refs, fc.constantFrom('notHeld', 'overLimit', 'notUploading', 'tooLate'))
    .map(([chunk, reason]) => ({ kind: 'reject' as const, ...chunk, reason })),
  fc.tuple(refs, fc.nat(0xffff_ffff)).map(([chunk, aheadBytes]) => ({ kind: 'queued' as const, ...chunk, aheadBytes })),
  fc.record({ kind: fc.constant('ping'), nonce: fc.nat(5) }),
  fc.record({ kind: fc.constant('pong'), nonce: fc.nat(5) }),
  fc.record({ kind: fc.constant('bye'), reason: fc.constantFrom('leaving', 'badBlock', 'tooManyLinks', 'idle') }),
);
const FORGED = Array.from({ length: SEQUENCES }, (_, sequence) => forge(sequence));

const playheads = fc.oneof(
  fc.integer({ min: -5_000, max: SEQUENCES * PART_MS + 5_000 }).map((ms) => FIRST_DATE_MS + ms),
  fc.constantFrom(NaN, Infinity, -Infinity, 1e300, -1e300, 0),
);
const ids = fc.integer({ min: 0, max: 60 });
const descriptions = fc.array(
  fc.integer({ min: 1, max: 40 }).map((number) => ({ peerId: peerId(number), role: 'viewer' as const, uplinkBitsPerSecond: 0 })),
  { maxLength: 20 },
);

/** Everything that can happen to an engine, in any order and from anybody. */
const inputs: fc.Arbitrary<EngineInput> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('message'), linkId: links, message: messages }) },
  fc.record({ kind: fc.constant('tick') }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('linkOpened'),
      linkId: links,
      peerId: fc.integer({ min: 1, max: LINKS + 1 }).map(peerId),
      role: fc.constantFrom('viewer', 'viewer', 'seeder', 'origin'),
    }),
  },
  fc.record({ kind: fc.constant('linkEnded'), linkId: links }),
  fc.record({ kind: fc.constant('linkDrained'), linkId: links }),
  fc.record({ kind: fc.constant('malformed'), linkId: links }),
  fc.record({ kind: fc.constant('signatureChecked'), checkId: ids, isValid: fc.constant(false) }),
  fc.record({ kind: fc.constant('blockDigested'), digestId: ids, digest: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(10), fc.nat(10)).map(([from, count]) => ({
      kind: 'joined' as const,
      rendition: 0 as RenditionId,
      headers: Array.from({ length: count }, (_, index) => publish(from + index).signed),
    })),
  },
  fc.record({ kind: fc.constant('originHeaders'), rendition: fc.constant(0 as RenditionId), headers: fc.array(known.map((sequence) => publish(sequence).signed), { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('originHeadersFailed'), rendition: fc.constant(0 as RenditionId) }),
  fc.record({ kind: fc.constant('fetchBytes'), fetchId: ids, bytes: fc.constantFrom(1, 16384, 99_999).map((length) => new Uint8Array(length)) }),
  fc.record({ kind: fc.constant('fetchDone'), fetchId: ids }),
  fc.record({ kind: fc.constant('fetchFailed'), fetchId: ids, failure: fc.constantFrom('notFound', 'unavailable', 'invalid') }),
  fc.record({ kind: fc.constant('neighboursOffered'), neighbours: descriptions }),
  fc.record({ kind: fc.constant('signal'), signal: fc.oneof(signals, signals.map((signal) => ({ ...signal, connectionId: 'ü' }))), via: fc.option(links, { nil: undefined }) }),
  fc.record({ kind: fc.constant('dialFailed'), peerId: fc.integer({ min: 1, max: 40 }).map(peerId) }),
  fc.record({ kind: fc.constant('duty'), rendition: fc.constantFrom(0, 0, 1) as fc.Arbitrary<RenditionId>, stripes: fc.array(fc.nat(7), { maxLength: 8 }) }),
  fc.record({
    kind: fc.constant('dutyMap'),
    map: fc.record({ stripes: fc.array(fc.array(fc.integer({ min: 1, max: 9 }).map(peerId), { maxLength: 4 }), { minLength: 8, maxLength: 8 }) }),
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('playback'), position: fc.record({ playheadMs: playheads, rate: fc.constantFrom(0, 0.95, 1, 1.1, -1, NaN, 1e9) }) }) },
  fc.record({
    kind: fc.constant('upload'),
    policy: fc.oneof(
      fc.constantFrom({ mode: 'on' }, { mode: 'off' }),
      fc.record({ mode: fc.constant('capped'), bitsPerSecond: fc.constantFrom(1, 400_000, 5e6, 1e12) }),
    ),
  }),
  fc.record({ kind: fc.constant('visibility'), isVisible: fc.boolean() }),
);

type Step = { readonly input: EngineInput; readonly afterMs: number; readonly answers: boolean; readonly delivers: boolean };
const steps: fc.Arbitrary<Step> = fc.record({
  input: inputs,
  afterMs: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(300), fc.constant(20_000)),
  answers: fc.boolean(),
  delivers: fc.boolean(),
});

/** Plays the steps; after each, what must always hold is looked at. */
function play(role: 'viewer' | 'seeder' | 'origin', seed: number, run: readonly Step[]): EngineRig {
  const rig = new EngineRig({ role, seed, engine: { store: { budgetBytes: BUDGET_BYTES, keepMs: 3_000 }, fallback: { parallelFetches: 2 } } });
  rig.answersAtOnce = false;
  const random = seededRandom(seed);
  let seen = 0;
  for (const { input, afterMs, answers, delivers } of run) {
    rig.nowMs += afterMs;
    rig.handle(input);
    if (answers) rig.answerChecks();
    if (delivers) for (const fetch of rig.all('fetchChunk').slice(-2)) if (fetch.chunk.sequence < SEQUENCES) rig.deliver(fetch);
    if (random.next() < 0.1) rig.runFor(50);
    for (; seen < rig.commands.length; seen++) check(rig.commands[seen]!);
    expect(rig.engine.state.neighbours.length).toBeLessThanOrEqual(LIMITS.links);
    for (const neighbour of rig.engine.state.neighbours) {
      expect(neighbour.marks.size).toBeLessThanOrEqual(1024);
      expect(neighbour.outstandingBytes).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(neighbour.msPerKib.mean)).toBe(true);
    }
  }
  return rig;
}

function check(command: EngineRig['commands'][number]): void {
  if (command.kind === 'send') {
    const { message } = command;
    expect(encodedMessageBytes(message)).toBeLessThanOrEqual(LIMITS.frameBytes);
    // What cannot be written must not be sent.
    if (message.kind === 'peers' || message.kind === 'relay') encodeMessage(message);
    // Whatever is passed on is what the publisher signed.
    if (message.kind === 'block') expect(Buffer.compare(message.bytes, blockOf(publish(message.sequence), message.index))).toBe(0);
    if (message.kind === 'header') expect(message.signed).toEqual(publish(message.signed.header.sequence).signed);
    if (message.kind === 'request') {
      expect(message.firstBlock + message.blockCount).toBeLessThanOrEqual(5);
      expect(message.blockCount).toBeGreaterThan(0);
    }
  } else if (command.kind === 'fetchChunk') {
    expect(command.byteLength).toBe(publish(command.chunk.sequence).bytes.length);
    expect(command.firstByte).toBeLessThan(command.byteLength);
  } else if (command.kind === 'wantNeighbours') {
    expect(command.count).toBeGreaterThan(0);
    expect(command.exclude.length).toBeLessThanOrEqual(128);
  }
}

describe('whatever happens to an engine', () => {
  it.each(['viewer', 'seeder', 'origin'] as const)(
    'IN17: a %s never throws, breaks no limit, keeps and passes on nothing unverified, and does not spin',
    (role) => {
      fc.assert(
        fc.property(fc.nat(1_000), fc.array(steps, { maxLength: 120, size: 'max' }), (seed, run) => {
          const rig = play(role, seed, run);
          rig.answersAtOnce = true;
          rig.answerChecks();
          for (let sequence = 0; sequence < SEQUENCES; sequence++) {
            const bytes = rig.engine.bytesOf(ref(sequence));
            if (bytes) expect(Buffer.compare(bytes, publish(sequence).bytes)).toBe(0);
          }
          const heldBytes = rig.playable.length * publish(0).bytes.length;
          expect(heldBytes).toBeLessThanOrEqual(BUDGET_BYTES + 10 * publish(0).bytes.length);
          // A fetch that waits for its turn looks again every 20 ms, a slow one every 100; the rest is seldom. One that spins: every ms.
          expect(rig.runFor(10_000)).toBeLessThanOrEqual(1_000);
        }),
        { numRuns: 150 },
      );
    },
  );
});
