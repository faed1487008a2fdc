import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { requestSheet } from '../../src/app/sheet-request.js';

describe('RC9: a sheet of pictures', () => {
  let asked: number;
  let answers: (() => Response)[];
  beforeEach(() => {
    vi.useFakeTimers();
    asked = 0;
    vi.stubGlobal('fetch', (_path: string, { signal }: { signal: AbortSignal }) => {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      return Promise.resolve((answers[asked++] ?? answers.at(-1)!)());
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const busy = (retryAfter?: string) => (): Response => new Response(null, { status: 503, ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }) });

  it('is asked for again, when it says so, while the origin makes others', async () => {
    answers = [busy('2'), busy(), busy('3600'), () => new Response('a sheet')];
    const sheet = requestSheet('/12.jpg', new AbortController().signal);
    for (const [afterMs, times] of [[1_999, 1], [1, 2], [1_000, 3], [9_999, 3], [1, 4]] as const) {
      await vi.advanceTimersByTimeAsync(afterMs);
      expect(asked).toBe(times);
    }
    expect(await (await sheet)?.text()).toBe('a sheet');
  });

  it('that is not there is asked for once', async () => {
    answers = [() => new Response(null, { status: 404 })];
    expect(await requestSheet('/12.jpg', new AbortController().signal)).toBeUndefined();
    expect(asked).toBe(1);
  });

  it('that nobody looks at any more is not asked for again', async () => {
    answers = [busy('1')];
    const controller = new AbortController();
    const sheet = requestSheet('/12.jpg', controller.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    expect(await sheet).toMatchObject({ name: 'AbortError' });
    expect([asked, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
