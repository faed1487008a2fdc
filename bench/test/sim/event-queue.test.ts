import { seededRandom } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { EventQueue, Happening } from '../../src/sim/event-queue.js';

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
});
