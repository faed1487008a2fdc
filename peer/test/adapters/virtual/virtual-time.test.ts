import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../../src/adapters/virtual/virtual-time.js';
import { seededRandom } from '@p2ptv/protocol';

describe('virtual time', () => {
  it('runs events in the order of their times, equal ones in the order of scheduling', () => {
    const time = new VirtualTime();
    const random = seededRandom(4);
    const scheduled = Array.from({ length: 2000 }, (_, order) => ({ atMs: Math.floor(random.next() * 50), order }));
    const ran: { atMs: number; order: number }[] = [];
    for (const event of scheduled) {
      time.schedule(event.atMs, () => {
        expect(time.nowMs()).toBe(event.atMs);
        ran.push(event);
      });
    }
    time.runUntil(50);
    expect(ran).toEqual(scheduled.toSorted((left, right) => left.atMs - right.atMs || left.order - right.order));
    expect(time.scheduledCount).toBe(0);
  });

  it('stops at the time it was told, and runs what is due exactly then', () => {
    const time = new VirtualTime(1_000_000);
    const ran: number[] = [];
    for (const atMs of [10, 20, 20.5]) time.schedule(atMs, () => ran.push(atMs));
    time.runUntil(20);
    expect(ran).toEqual([10, 20]);
    expect([time.nowMs(), time.wallMs(), time.scheduledCount]).toEqual([20, 1_000_020, 1]);
    time.runUntil(15);
    expect(time.nowMs()).toBe(20);
  });

  it('takes a time gone by as now, behind what is due already', () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    time.schedule(10, () => {
      time.schedule(3, () => ran.push(`late@${time.nowMs()}`));
      ran.push('first');
    });
    time.schedule(10, () => ran.push('second'));
    time.runUntil(10);
    expect(ran).toEqual(['first', 'second', 'late@10']);
  });

  it('forgets what is unscheduled, also twice and from within an event', () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    const later = time.schedule(20, () => ran.push('later'));
    time.schedule(10, () => later());
    const now = time.schedule(5, () => ran.push('now'));
    time.runUntil(5);
    now();
    now();
    expect(time.scheduledCount).toBe(2);
    time.runUntil(30);
    expect(ran).toEqual(['now']);
    expect(time.scheduledCount).toBe(0);
  });

  it('runs until a condition holds, and says when it does not', () => {
    const time = new VirtualTime();
    let count = 0;
    const tick = (): void => {
      count++;
      time.schedule(time.nowMs() + 10, tick);
    };
    tick();
    expect(time.runUntilTrue(() => count === 4, 1000)).toBe(true);
    expect(time.nowMs()).toBe(30);
    expect(time.runUntilTrue(() => count === 1000, 100)).toBe(false);
    expect(count).toBe(14);
  });

  it('gives timers that wake once, at the last setting, and never when closed', () => {
    const time = new VirtualTime();
    const timer = time.createWakeTimer();
    const woken: string[] = [];
    timer.set(10, () => woken.push(`a@${time.nowMs()}`));
    timer.set(20, () => woken.push(`b@${time.nowMs()}`));
    time.runFor(100);
    timer.set(5, () => woken.push(`c@${time.nowMs()}`));
    time.runFor(100);
    timer.set(5, () => woken.push('never'));
    timer.close();
    time.runFor(100);
    expect(woken).toEqual(['b@20', 'c@105']);
  });
});
