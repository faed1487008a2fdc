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
