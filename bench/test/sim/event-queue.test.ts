import { seededRandom } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { EventQueue, Happening } from '../../src/sim/event-queue.js';
import { SimulationError } from '../../src/sim/simulation-error.js';

describe('EventQueue', () => {
  it('runs events in the order of their times, near and far, scheduled before and from within', () => {
    const random = seededRandom(7);
    const queue = new EventQueue();
    const ran: number[] = [];
    const note = (): void => void ran.push(queue.nowMs);
    for (let index = 0; index < 5_000; index++) {
      queue.schedule(
        new Happening(() => {
          note();
          if (index % 3 === 0) queue.schedule(new Happening(note), queue.nowMs + random.next() * 3_000);
        }),
        random.next() ** 4 * 20_000,
      );
    }
    queue.runUntil(60_000, Infinity);
    expect(ran).toHaveLength(5_000 + Math.ceil(5_000 / 3));
    expect(ran).toEqual([...ran].sort((left, right) => left - right));
    expect(queue.isDone(60_000)).toBe(true);
    expect(queue.ran).toBe(ran.length);
  });

  it('runs events of the same time in the order of their scheduling', () => {
    const queue = new EventQueue();
    const ran: string[] = [];
    for (const name of ['a', 'b', 'c']) queue.schedule(new Happening(() => void ran.push(name)), 5_000.5);
    queue.schedule(
      new Happening(() => {
        queue.schedule(new Happening(() => void ran.push('after c')), 5_000.5);
      }),
      5_000.5,
    );
    queue.runUntil(5_000.5, Infinity);
    expect(ran).toEqual(['a', 'b', 'c', 'after c']);
  });

  it('stops at the time that it is told, and goes on from there', () => {
    const queue = new EventQueue();
    const ran: number[] = [];
    for (const atMs of [10, 2_000, 90_000]) queue.schedule(new Happening(() => void ran.push(atMs)), atMs);
    queue.runUntil(2_000, Infinity);
    expect(ran).toEqual([10, 2_000]);
    expect(queue.isDone(89_999)).toBe(true);
    expect(queue.isDone(90_000)).toBe(false);
    queue.schedule(new Happening(() => void ran.push(2_500)), 2_500);
    queue.runUntil(90_000, Infinity);
    expect(ran).toEqual([10, 2_000, 2_500, 90_000]);
  });

  it('runs nothing in the past: what is scheduled there happens now', () => {
    const queue = new EventQueue();
    queue.schedule(new Happening(() => queue.schedule(new Happening(() => expect(queue.nowMs).toBe(50)), 20)), 50);
    queue.runUntil(100, Infinity);
    expect(queue.ran).toBe(2);
  });

  describe('peer by peer', () => {
    const LOOKAHEAD_MS = 8;
    const PEERS = 20;

    /** Peers that answer each other's messages, with a timer of their own now and then; what each saw, and what a census found. */
    function chatter(lookaheadMs: number): { seen: string[][]; census: number[]; ran: number; backwards: number } {
      const queue = new EventQueue(lookaheadMs);
      const seen = Array.from({ length: PEERS }, () => [] as string[]);
      const lastMs = new Array<number>(PEERS).fill(0);
      const randoms = seen.map((_, peer) => seededRandom(peer + 1));
      const census: number[] = [];
      let backwards = 0;
      const tell = (peer: number, what: string, atMs: number): void => {
        queue.schedule(new Happening(() => hear(peer, what), peer), atMs);
      };
      const hear = (peer: number, what: string): void => {
        const { nowMs } = queue;
        const random = randoms[peer];
        if (nowMs < (lastMs[peer] ?? 0)) backwards++;
        lastMs[peer] = nowMs;
        seen[peer]?.push(`${nowMs.toFixed(6)} ${what}`);
        if (!random || (seen[peer]?.length ?? 0) > 200) return;
        if (random.next() < 0.5) tell(peer, 'timer', nowMs + random.next() * 3);
        tell(Math.floor(random.next() * PEERS), `from ${peer}`, nowMs + LOOKAHEAD_MS + random.next() * 40);
      };
      for (let peer = 0; peer < PEERS; peer++) tell(peer, 'start', peer / 7);
      for (let atMs = 31.25; atMs < 900; atMs += 62.5) {
        queue.schedule(new Happening(() => void census.push(seen.reduce((sum, { length }) => sum + length, 0))), atMs);
      }
      queue.runUntil(333.3, Infinity);
      queue.runUntil(5_000, Infinity);
      return { seen, census, ran: queue.ran, backwards };
    }

    it('is the same to each peer, and to what concerns everybody, as the order of time', () => {
      const inOrder = chatter(0);
      const byPeer = chatter(LOOKAHEAD_MS);
      expect(inOrder.ran).toBeGreaterThan(2_000);
      expect(byPeer).toEqual(inOrder);
      expect(byPeer.backwards).toBe(0);
    });

    it('lets what concerns everybody wait for a time that nobody is beyond', () => {
      const queue = new EventQueue(LOOKAHEAD_MS);
      const ran: [string, number][] = [];
      const note = (what: string): void => void ran.push([what, queue.nowMs]);
      queue.schedule(new Happening(() => note('second peer'), 2), 17);
      queue.schedule(
        new Happening(() => {
          note('first peer');
          queue.schedule(new Happening(() => note('everybody')), 18);
        }, 1),
        18,
      );
      queue.schedule(new Happening(() => note('second peer again'), 2), 18.75);
      queue.runUntil(100, Infinity);
      expect(ran).toEqual([['first peer', 18], ['second peer', 17], ['everybody', 18.75], ['second peer again', 18.75]]);
    });

    it('runs each peer’s events together', () => {
      const queue = new EventQueue(LOOKAHEAD_MS);
      const ran: number[] = [];
      for (const [peer, atMs] of [[2, 19], [1, 20], [2, 21], [1, 22], [1, 25]] as const) {
        queue.schedule(new Happening(() => void ran.push(peer), peer), atMs);
      }
      queue.runUntil(100, Infinity);
      expect(ran).toEqual([1, 1, 2, 2, 1]);
    });

    it('runs many events of a peer, scheduled in any order, by their times', () => {
      const random = seededRandom(11);
      const queue = new EventQueue(LOOKAHEAD_MS);
      const ran: [number, number][] = [];
      const note = (peer: number) => (): void => void ran.push([peer, queue.nowMs]);
      for (let index = 0; index < 3_000; index++) {
        const peer = Math.floor(random.next() ** 3 * PEERS);
        queue.schedule(new Happening(note(peer), peer), 12.5 + random.next() * 6);
      }
      queue.runUntil(100, Infinity);
      expect(ran).toHaveLength(3_000);
      expect(ran).toEqual([...ran].sort(([peer, atMs], [other, otherMs]) => peer - other || atMs - otherMs));
    });

    it('refuses what would reach another peer at once', () => {
      const queue = new EventQueue(LOOKAHEAD_MS);
      queue.schedule(new Happening(() => queue.schedule(new Happening(() => undefined, 2), 21), 1), 20);
      expect(() => queue.runUntil(100, Infinity)).toThrow(SimulationError);
    });
  });
});
