import { NO_DEADLINE_MS, type ChunkSequence } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { EngineCommand, LinkId } from '../../src/engine/engine-io.js';
import { EngineRig, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

type EngineOptions = NonNullable<NonNullable<ConstructorParameters<typeof EngineRig>[0]>['engine']>;

const BLOCKS = 5;

/** A volunteer, a recording of so many parts at an origin, and a disk; origin and disk answer at once. */
class VolunteerRig extends EngineRig {
  readonly disk = new Set<number>();
  /** The disk takes no more than these. */
  room = Infinity;
  /** False: reads are left open. */
  readsAtOnce = true;
  /** The origin does not have these. */
  readonly gone = new Set<number>();
  readonly #length: number;

  constructor(length: number, engine: EngineOptions = {}) {
    super({ role: 'seeder', engine: { ...engine, fill: { bitsPerSecond: 1e9, ...engine.fill } } });
    this.#length = length;
  }

  fill(): void {
    this.handle({ kind: 'fill', renditions: [RENDITION], kept: [...this.disk].map(ref) });
  }

  override handle(input: Parameters<EngineRig['handle']>[0]): EngineCommand[] {
    const commands = super.handle(input);
    for (const command of commands.slice()) this.#answer(command);
    return commands;
  }

  #answer(command: EngineCommand): void {
    if (command.kind === 'headersAt') this.#answerPlace(command);
    else if (command.kind === 'fetchChunk' && this.gone.has(command.chunk.sequence)) {
      this.handle({ kind: 'fetchFailed', fetchId: command.fetchId, failure: 'notFound' });
    } else if (command.kind === 'fetchChunk') this.deliver(command);
    else if (command.kind === 'readKept' && this.readsAtOnce) this.read(command.chunk.sequence);
    else if (command.kind === 'event' && command.event.name === 'chunkVerified') this.#keep(command.event.header.sequence);
  }

  #answerPlace({ requestId, dateMs, count }: Extract<EngineCommand, { kind: 'headersAt' }>): void {
    const at = Math.max(0, Math.floor((dateMs - FIRST_DATE_MS) / PART_MS));
    const from = at - (at % 5);
    const headers = Array.from({ length: Math.max(0, Math.min(count, this.#length - from)) }, (_, index) => publish(from + index).signed);
    this.handle({ kind: 'placeHeaders', requestId, headers, isEnd: headers.length < count });
  }

  #keep(sequence: number): void {
    const isFull = this.disk.size >= this.room;
    if (!isFull) this.disk.add(sequence);
    this.handle({ kind: 'kept', chunks: isFull ? [] : [ref(sequence)], isFull });
  }

  read(sequence: number): void {
    const { signed, bytes } = publish(sequence);
    this.handle({ kind: 'keptRead', chunk: ref(sequence), found: this.disk.has(sequence) ? { signed, bytes } : undefined });
  }

  /** A neighbour has these. */
  hold8(linkId: LinkId, sequences: readonly number[]): void {
    const bits = new Uint8Array(32);
    for (const sequence of sequences) bits[sequence >> 3]! |= 1 << sequence % 8;
    this.hear(linkId, { kind: 'holdings', rendition: RENDITION, sequence: 0 as ChunkSequence, bits });
  }

  ask(linkId: LinkId, sequence: number, deadlineInMs = 2_000): void {
    this.hear(linkId, { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: BLOCKS, deadlineInMs });
  }

  get fetched(): number[] {
    return this.all('fetchChunk').map(({ chunk }) => chunk.sequence);
  }

  get state() {
    return this.engine.state.fill;
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a volunteer', () => {
  it('FI1: gets a whole recording, in order, and then asks for nothing more', () => {
    const rig = new VolunteerRig(150);
    rig.fill();
    rig.runFor(10_000);
    expect(rig.fetched).toEqual(upTo(150));
    expect([...rig.disk].sort((left, right) => left - right)).toEqual(upTo(150));
    expect(rig.state).toEqual({ keptChunks: 150, isComplete: true, isFull: false });
    rig.clear();
    rig.runFor(60_000);
    expect([...rig.all('headersAt'), ...rig.all('fetchChunk')]).toEqual([]);
  });

  it('FI1: what is on the disk already is not got again, nor are its signatures checked', () => {
    const rig = new VolunteerRig(150);
    for (const sequence of upTo(150)) if (sequence !== 7 && sequence < 140) rig.disk.add(sequence);
    rig.fill();
    rig.runFor(10_000);
    expect(rig.fetched).toEqual([7, ...upTo(150).slice(140)]);
    expect(rig.all('checkSignature')).toHaveLength(11);
    expect(rig.state?.isComplete).toBe(true);
  });

  it('FI2: gets no more than its rate allows', () => {
    const rig = new VolunteerRig(150, { fill: { bitsPerSecond: CHUNK_BYTES * 8 * 2 } });
    rig.fill();
    rig.runFor(10_000);
    expect(rig.fetched.length).toBeGreaterThanOrEqual(19);
    expect(rig.fetched.length).toBeLessThanOrEqual(21);
  });

  it('FI3: asks neighbours before the origin, for the rarest first and without a deadline', () => {
    const rig = new VolunteerRig(40, { fill: { parallel: 2 } });
    rig.hold8(rig.link(), [3, 4, 9, 30]);
    rig.hold8(rig.link(), [4, 9, 30]);
    rig.hold8(rig.link(), [9]);
    rig.fill();
    rig.runFor(150);
    const requests = rig.sent('request');
    expect(requests.map(({ sequence }) => sequence)).toEqual([3, 4]);
    expect(requests.every(({ deadlineInMs }) => deadlineInMs === NO_DEADLINE_MS)).toBe(true);
    expect(rig.fetched).toEqual([]);
  });

  it('FI3: a neighbour that does not deliver is left, and the origin asked', () => {
    const rig = new VolunteerRig(1);
    rig.hold8(rig.link(), [0]);
    rig.fill();
    expect(rig.fetched).toEqual([]);
    rig.runFor(5_000);
    expect(rig.fetched).toEqual([0]);
    expect(rig.state?.isComplete).toBe(true);
  });

  it('FI4: when the disk takes no more it gets no more, and serves what it has', () => {
    const rig = new VolunteerRig(150, { store: { budgetBytes: 0 } });
    rig.room = 20;
    rig.fill();
    rig.runFor(10_000);
    expect(rig.fetched.length).toBeLessThanOrEqual(24);
    expect(rig.state).toEqual({ keptChunks: 20, isComplete: false, isFull: true });
    const linkId = rig.link();
    rig.ask(linkId, 5);
    expect(rig.sent('block', linkId)).toHaveLength(BLOCKS);
  });

  it('FI5: tells of all that it keeps, and reads what is asked for from the disk, once for all who ask', () => {
    const rig = new VolunteerRig(100, { store: { budgetBytes: 0 } });
    rig.fill();
    rig.runFor(10_000);
    expect(rig.engine.has(ref(40))).toBe(false);
    rig.readsAtOnce = false;
    const [first, second] = [rig.link(), rig.link()];
    const told = rig.sent('holdings', first).flatMap(({ sequence, bits }) => [...bits].flatMap((byte, at) => upTo(8).filter((bit) => byte & (1 << bit)).map((bit) => sequence + at * 8 + bit)));
    expect(told).toEqual(upTo(100));
    rig.ask(first, 40);
    rig.ask(second, 40);
    expect(rig.all('readKept')).toHaveLength(1);
    expect(rig.sent('block')).toEqual([]);
    rig.read(40);
    rig.runFor(1_000);
    expect([rig.sent('block', first).length, rig.sent('block', second).length]).toEqual([BLOCKS, BLOCKS]);
    expect(rig.sent('reject')).toEqual([]);
  });

  it('FI5: a request that is withdrawn while the disk is read is not answered', () => {
    const rig = new VolunteerRig(10, { store: { budgetBytes: 0 } });
    rig.fill();
    rig.runFor(1_000);
    rig.readsAtOnce = false;
    const linkId = rig.link();
    rig.ask(linkId, 4);
    rig.hear(linkId, { kind: 'cancel', ...ref(4) });
    rig.read(4);
    expect(rig.sent('block', linkId)).toEqual([]);
  });

  it('FI6: what the disk has lost is refused, told of no more, and got again', () => {
    const rig = new VolunteerRig(10, { store: { budgetBytes: 0 } });
    rig.fill();
    rig.runFor(1_000);
    rig.clear();
    rig.disk.delete(4);
    const linkId = rig.link();
    rig.ask(linkId, 4);
    expect(rig.sent('reject', linkId)).toMatchObject([{ sequence: 4, reason: 'notHeld' }]);
    rig.runFor(1_000);
    expect(rig.fetched).toEqual([4]);
    expect(rig.disk.has(4)).toBe(true);
  });

  it('FI7: what the origin does not have is left out after four tries', () => {
    const rig = new VolunteerRig(10);
    rig.gone.add(4);
    rig.fill();
    rig.runFor(60_000);
    expect(rig.fetched.filter((sequence) => sequence === 4)).toHaveLength(4);
    expect(rig.state).toMatchObject({ keptChunks: 9, isComplete: true });
  });

  it('FI8: what neighbours tell of the live edge of the same stream is not taken for part of the recording', () => {
    const rig = new VolunteerRig(10);
    rig.fill();
    rig.runFor(1_000);
    rig.clear();
    rig.tell(rig.link(), 50);
    rig.runFor(1_000);
    expect([...rig.all('checkSignature'), ...rig.sent('request'), ...rig.all('fetchChunk')]).toEqual([]);
  });
});
