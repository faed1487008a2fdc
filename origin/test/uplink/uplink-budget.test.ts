import { describe, expect, it } from 'vitest';
import { UplinkBudget, type UplinkPriority } from '../../src/uplink/uplink-budget.js';

const CHUNK_BYTES = 75_000;

/** An origin of 20 Mb/s in virtual time, whose grants are kept with their times. */
class World {
  nowMs = 0;
  readonly budget: UplinkBudget;
  readonly granted: { atMs: number; name: string }[] = [];

  constructor(bitsPerSecond = 20_000_000) {
    this.budget = new UplinkBudget(bitsPerSecond, 0);
  }

  ask(name: string, bytes: number, priority: UplinkPriority): () => void {
    return this.budget.ask(this.nowMs, { bytes, priority, granted: () => this.granted.push({ atMs: this.nowMs, name }) });
  }

  /** Asks for a body piece by piece, as a writer does. */
  body(name: string, bytes: number, priority: UplinkPriority, place = this.budget.newPlace()): void {
    const piece = Math.min(bytes, 16_384);
    this.budget.ask(this.nowMs, {
      bytes: piece,
      priority,
      place,
      laterBytes: bytes - piece,
      granted: () => {
        if (bytes > piece) this.body(name, bytes - piece, priority, place);
        else this.granted.push({ atMs: this.nowMs, name });
      },
    });
  }

  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (let dueMs = this.budget.dueMs; dueMs <= endMs; dueMs = this.budget.dueMs) {
      this.nowMs = dueMs;
      this.budget.pump(dueMs);
    }
    this.nowMs = endMs;
  }

  names(): string[] {
    return this.granted.map(({ name }) => name);
  }

  timeOf(name: string): number {
    return this.granted.find((grant) => grant.name === name)?.atMs ?? Infinity;
  }
}

describe('UplinkBudget', () => {
  it('serves seeds before deadlines before joins before the rest, and each in the order of asking', () => {
    const world = new World();
    world.ask('burst', 240_000, 'seed');
    for (const priority of ['other', 'join', 'deadline', 'seed'] as const) {
      world.ask(`${priority} 1`, 10_000, priority);
      world.ask(`${priority} 2`, 10_000, priority);
    }
    world.advance(1_000);
    const order = ['seed', 'deadline', 'join', 'other'].flatMap((priority) => [`${priority} 1`, `${priority} 2`]);
    // The bucket has 250 kB: the first seed still fits.
    expect(world.names().filter((name) => name !== 'burst').sort()).toEqual([...order].sort());
    expect(world.names().slice(1)).toEqual(order);
  });

  it('does not let many small asks starve a large one before them', () => {
    const world = new World(2_000_000);
    world.ask('first', 25_000, 'seed');
    world.ask('large', 20_000, 'deadline');
    for (let index = 0; index < 50; index++) world.ask(`small ${index}`, 100, 'other');
    world.advance(1_000);
    expect(world.names().slice(0, 2)).toEqual(['first', 'large']);
  });

  it('keeps seeds on time while fifty joins wait', () => {
    const world = new World();
    for (let index = 0; index < 50; index++) world.body(`join ${index}`, 600_000, 'join');
    const lates: number[] = [];
    for (let part = 0; part < 50; part++) {
      for (let copy = 0; copy < 4; copy++) world.body(`seed ${part}/${copy}`, CHUNK_BYTES, 'seed');
      const publishedMs = world.nowMs;
      world.advance(200);
      lates.push(world.timeOf(`seed ${part}/3`) - publishedMs);
    }
    // Four copies take 120 ms of 20 Mb/s, whatever else is wanted.
    expect(Math.max(...lates)).toBeLessThanOrEqual(130);
    expect(world.budget.waitingBytes.join).toBeGreaterThan(0);
    expect(world.budget.sentBytes.join).toBeGreaterThan(5_000_000);
  });

  it('gives joins what seeds and deadlines leave, first come first served', () => {
    const world = new World();
    world.body('join 1', 500_000, 'join');
    world.body('join 2', 500_000, 'join');
    world.body('need', 500_000, 'deadline');
    world.advance(3_000);
    expect(world.names()[0]).toBe('need');
    expect(world.timeOf('need')).toBeLessThan(240);
    // Who came first is not kept waiting by the second.
    expect(world.timeOf('join 1')).toBeLessThan(450);
    expect(world.timeOf('join 2')).toBeLessThan(650);
  });

  it('grants nothing to one that has withdrawn, and does not wait for it', () => {
    const world = new World();
    world.ask('burst', 249_000, 'seed');
    const withdraw = world.ask('gone', 200_000, 'deadline');
    world.ask('next', 1_000, 'other');
    withdraw();
    withdraw();
    expect(world.budget.waitingBytes.deadline).toBe(0);
    world.advance(70);
    expect(world.names()).toEqual(['burst', 'next']);
  });

  it('pays for what went out unasked', () => {
    const world = new World();
    world.budget.spend(0, 500_000, 'seed');
    world.ask('seed', 1_000, 'seed');
    expect(world.budget.dueMs).toBeCloseTo(251_000 / (2_500 * 0.95), 3);
    expect(world.budget.sentBytes.seed).toBe(500_000);
  });

  it('says how long one would wait, from who is before it and what that has used', () => {
    const world = new World();
    expect(world.budget.waitMs(0, 75_000, 'deadline')).toBe(0);
    for (let part = 0; part < 50; part++) {
      for (let copy = 0; copy < 4; copy++) world.body(`${part}/${copy}`, CHUNK_BYTES, 'seed');
      world.advance(200);
    }
    // Seeds take 12 of 19 Mb/s: a million bytes have the other 7.
    const waitMs = world.budget.waitMs(world.nowMs, 1_000_000, 'join');
    expect(waitMs).toBeGreaterThan(800);
    expect(waitMs).toBeLessThan(1_400);
    expect(world.budget.waitMs(world.nowMs, 1_000_000, 'seed')).toBeLessThan(450);
  });
});

describe('joins', () => {
  it('are let in while the line is shorter than two seconds; those let in are expected, though they have not asked yet', () => {
    const world = new World();
    let admitted = 0;
    while (world.budget.admitJoin(0, 250_000) === 0) admitted++;
    // 4.75 MB go in two seconds, an eighth of a megabyte is kept back for others.
    expect(admitted).toBeGreaterThanOrEqual(17);
    expect(admitted).toBeLessThanOrEqual(20);
    expect(world.budget.admitJoin(0, 250_000)).toBeGreaterThan(2_000);
    for (let index = 0; index < admitted; index++) world.body(`join ${index}`, 250_000, 'join');
    world.advance(2_200);
    expect(world.names()).toHaveLength(admitted);
    expect(world.budget.admitJoin(world.nowMs, 250_000)).toBe(0);
  });

  it('that get their first parts from peers keep nobody waiting: what newcomers really fetch is learnt', () => {
    const world = new World();
    const admit = (): number => {
      let admitted = 0;
      while (admitted < 1_000 && world.budget.admitJoin(world.nowMs, 250_000) === 0) {
        world.body(`join ${admitted}`, 25_000, 'join');
        admitted++;
      }
      return admitted;
    };
    const first = admit();
    for (let second = 0; second < 20; second++) {
      world.advance(1_000);
      admit();
    }
    world.advance(4_000);
    expect(admit()).toBeGreaterThan(first * 4);
  });
});

describe('copiesOf', () => {
  it.each([
    [20_000_000, 3_000_000, 5],
    [50_000_000, 3_000_000, 12],
    [10_000_000, 3_000_000, 2],
    [2_000_000, 3_000_000, 0],
  ])('of %i b/s for a stream of %i b/s: %i', (bitsPerSecond, streamBitsPerSecond, copies) => {
    expect(new UplinkBudget(bitsPerSecond, 0).copiesOf(streamBitsPerSecond)).toBe(copies);
  });
});
