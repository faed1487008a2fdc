import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeWakeTimer } from '../../../src/adapters/timer/node-wake-timer.js';
import { WorkerWakeTimer } from '../../../src/adapters/timer/worker-wake-timer.js';
import type { WakeTimer } from '../../../src/ports/wake-timer.js';

/** A Worker as a content security policy leaves it: made, then failed. */
class RefusedWorker {
  onerror: (() => void) | undefined;
  constructor() {
    queueMicrotask(() => this.onerror?.());
  }
  postMessage(): void {}
  terminate(): void {}
}

/** A Worker that does what it is told, and notes it. */
class WorkingWorker {
  static made = 0;
  static messages: { id: number; delayMs: number }[] = [];
  onmessage: ((event: { data: number }) => void) | undefined;
  constructor() {
    WorkingWorker.made++;
  }
  postMessage(message: { id: number; delayMs: number }): void {
    WorkingWorker.messages.push(message);
    setTimeout(() => this.onmessage?.({ data: message.id }), message.delayMs);
  }
  terminate(): void {}
}

const timers: [string, () => WakeTimer][] = [
  ['Node', () => new NodeWakeTimer()],
  ['page without workers', () => new WorkerWakeTimer()],
  [
    'page whose policy refuses workers',
    () => {
      vi.stubGlobal('Worker', RefusedWorker);
      return new WorkerWakeTimer();
    },
  ],
];

describe.each(timers)('wake timer contract: %s', (_name, create) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('wakes once, at the last setting', async () => {
    const timer = create();
    const wake = vi.fn();
    timer.set(10, () => expect.unreachable());
    timer.set(19.5, wake);
    await vi.advanceTimersByTimeAsync(19);
    expect(wake).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(100);
    expect(wake).toHaveBeenCalledOnce();
    timer.set(5, wake);
    await vi.advanceTimersByTimeAsync(5);
    expect(wake).toHaveBeenCalledTimes(2);
  });

  it('wakes still after seconds, when a worker has been tried', async () => {
    const timer = create();
    const wake = vi.fn();
    timer.set(1_600, wake);
    await vi.advanceTimersByTimeAsync(1_600);
    expect(wake).toHaveBeenCalledOnce();
    timer.set(5, wake);
    await vi.advanceTimersByTimeAsync(5);
    expect(wake).toHaveBeenCalledTimes(2);
  });

  it('can be set from within its wake, also for at once', async () => {
    const timer = create();
    let count = 0;
    const wake = (): void => {
      if (++count < 5) timer.set(0, wake);
    };
    timer.set(0, wake);
    await vi.advanceTimersByTimeAsync(50);
    expect(count).toBe(5);
  });

  it('forgets what was set when closed', async () => {
    const timer = create();
    timer.set(10, () => expect.unreachable());
    timer.close();
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a page with workers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('Worker', WorkingWorker);
    WorkingWorker.made = 0;
    WorkingWorker.messages = [];
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('leaves the first frame alone: the worker comes later, takes over what is pending, and nothing wakes twice', async () => {
    const timer = new WorkerWakeTimer();
    const wake = vi.fn();
    timer.set(50, wake);
    await vi.advanceTimersByTimeAsync(50);
    expect(wake).toHaveBeenCalledOnce();
    expect(WorkingWorker.made).toBe(0);
    timer.set(4_000, wake);
    await vi.advanceTimersByTimeAsync(4_100);
    expect([WorkingWorker.made, WorkingWorker.messages.map(({ id }) => id)]).toEqual([1, [2]]);
    expect(wake).toHaveBeenCalledTimes(2);
    timer.set(10, wake);
    expect(WorkingWorker.messages.at(-1)).toEqual({ id: 3, delayMs: 10 });
    await vi.advanceTimersByTimeAsync(10);
    expect(wake).toHaveBeenCalledTimes(3);
    timer.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('wakes in time while the worker is still coming up', async () => {
    vi.stubGlobal('Worker', class extends WorkingWorker {
      override postMessage(message: { id: number; delayMs: number }): void {
        setTimeout(() => super.postMessage(message), 300);
      }
    });
    const timer = new WorkerWakeTimer();
    const wake = vi.fn();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(WorkingWorker.made).toBe(1);
    timer.set(20, wake);
    await vi.advanceTimersByTimeAsync(20);
    expect(wake).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wake).toHaveBeenCalledOnce();
    timer.close();
  });

  it('has the worker at once where the page is hidden, and its timers are slowed down', () => {
    vi.stubGlobal('document', { visibilityState: 'hidden' });
    new WorkerWakeTimer().close();
    expect(WorkingWorker.made).toBe(1);
  });

  it('makes no worker once closed', async () => {
    new WorkerWakeTimer().close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(WorkingWorker.made).toBe(0);
  });
});
