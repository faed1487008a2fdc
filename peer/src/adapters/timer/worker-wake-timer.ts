import type { WakeTimer } from '../../ports/wake-timer.js';

/** Runs in the worker: one timer, set anew by each message. */
const WORKER_SOURCE = `let timer;
onmessage = ({ data }) => {
  clearTimeout(timer);
  timer = setTimeout(() => postMessage(data.id), data.delayMs);
};`;

/**
 * How long a visible page's own timer does, ms: a worker that starts at once takes its time from the
 * first frame. Pages that are not seen have theirs at once.
 */
const WORKER_DELAY_MS = 1_500;

/**
 * {@link WakeTimer} of browsers: it lives in a Worker, because hidden pages have their own timers
 * slowed down to one a second, and later to one a minute. Where a Worker is refused (a content
 * security policy without `worker-src blob:`), it falls back to the page's timer.
 */
export class WorkerWakeTimer implements WakeTimer {
  #worker: Worker | undefined;
  /** It has woken us: before that it may still be coming up, and the page's timer goes on beside it. Whoever is second wakes nobody. */
  #isWorkerUp = false;
  #workerUrl: string | undefined;
  #pageTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #startTimer: ReturnType<typeof setTimeout> | undefined;
  #pending: { readonly id: number; readonly atMs: number; readonly wake: () => void } | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor() {
    if (typeof Worker === 'undefined') return;
    const isHidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
    if (isHidden) this.#startWorker();
    else this.#startTimer = setTimeout(() => this.#startWorker(), WORKER_DELAY_MS);
  }

  set(exactDelayMs: number, wake: () => void): void {
    if (this.#isClosed) return;
    // Timers cut fractions off, and a wake that comes too early does nothing but cost another.
    const delayMs = Math.ceil(exactDelayMs);
    const id = this.#nextId++;
    this.#pending = { id, atMs: performance.now() + delayMs, wake };
    this.#worker?.postMessage({ id, delayMs });
    if (!this.#isWorkerUp) this.#setOnPage(id, delayMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#pending = undefined;
    clearTimeout(this.#pageTimer);
    clearTimeout(this.#startTimer);
    this.#dropWorker();
  }

  #startWorker(): void {
    try {
      this.#workerUrl = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
      this.#worker = new Worker(this.#workerUrl);
      this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => {
        this.#isWorkerUp = true;
        this.#fire(data);
      };
      // A policy's refusal comes here, later.
      this.#worker.onerror = () => this.#fallBack();
    } catch {
      this.#dropWorker();
      return;
    }
    if (this.#pending) this.#worker.postMessage({ id: this.#pending.id, delayMs: Math.max(0, this.#pending.atMs - performance.now()) });
  }

  #fire(id: unknown): void {
    const pending = this.#pending;
    if (!pending || pending.id !== id) return;
    this.#pending = undefined;
    pending.wake();
  }

  #fallBack(): void {
    this.#dropWorker();
    if (this.#pending) this.#setOnPage(this.#pending.id, Math.max(0, this.#pending.atMs - performance.now()));
  }

  #setOnPage(id: number, delayMs: number): void {
    clearTimeout(this.#pageTimer);
    this.#pageTimer = setTimeout(() => this.#fire(id), delayMs);
  }

  #dropWorker(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#isWorkerUp = false;
    if (this.#workerUrl !== undefined) URL.revokeObjectURL(this.#workerUrl);
    this.#workerUrl = undefined;
  }
}
