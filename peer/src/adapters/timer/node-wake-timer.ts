import type { WakeTimer } from '../../ports/wake-timer.js';

/** {@link WakeTimer} of Node. It doesn't keep the process alive: links and servers do. */
export class NodeWakeTimer implements WakeTimer {
  #timer: ReturnType<typeof setTimeout> | undefined;

  set(delayMs: number, wake: () => void): void {
    clearTimeout(this.#timer);
    // Timers cut fractions off, and a wake that comes too early does nothing but cost another.
    this.#timer = setTimeout(wake, Math.ceil(delayMs)).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
