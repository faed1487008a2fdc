import { processTimer, type StartTimer } from '../encode/start-timer.js';
import { TypedEvents } from './typed-events.js';

/** What happens to the publisher of a source that is published to. Addresses are `host:port`, or what the protocol has instead. */
export type PublisherEvents = {
  /** A publisher was let in. `isReturn`: it comes back before it was given up, or takes another's place. */
  readonly publisherConnected: { readonly address: string; readonly isReturn: boolean };
  /** The publisher is gone, and may return within `graceMs` without the stream going offline. */
  readonly publisherLost: { readonly address: string; readonly reason: string | undefined; readonly graceMs: number };
  /** Somebody was there, or what is to be fetched was asked for, and nothing could be had of it; `retryMs` undefined: it is not tried again. */
  readonly publisherFailed: { readonly address: string; readonly reason: string; readonly retryMs: number | undefined };
  /** Somebody called who may not publish: told once a minute for each reason, however often it is tried. */
  readonly publisherRefused: { readonly address: string; readonly reason: string };
  /** All has come that there is, and nobody is waited for. */
  readonly publisherFinished: { readonly address: string; readonly reason: string | undefined };
  /** The lost publisher has not returned: the stream is offline until one does. */
  readonly publisherGone: { readonly address: string };
};

/** How long a {@link PublisherPresence} waits. */
export type PresenceOptions = {
  /** How long a lost publisher is waited for before the stream is offline. Default 10 s. */
  readonly graceMs?: number;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer;
};

const DEFAULT_GRACE_MS = 10_000;
/** Who is refused mostly tries again at once. */
const REFUSAL_QUIET_MS = 60_000;

/** Whether somebody publishes: a break of the network that is soon over is none. */
export class PublisherPresence {
  readonly #graceMs: number;
  readonly #startTimer: StartTimer;
  readonly #events = new TypedEvents<PublisherEvents>();
  #address: string | undefined;
  #cancelGone: (() => void) | undefined;
  /** Reasons that were told of lately, each with what cancels its timer. */
  readonly #quiet = new Map<string, () => void>();

  constructor({ graceMs = DEFAULT_GRACE_MS, startTimer = processTimer }: PresenceOptions = {}) {
    this.#graceMs = graceMs;
    this.#startTimer = startTimer;
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof PublisherEvents>(name: Name, listener: (payload: PublisherEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Whether somebody is publishing at the moment. */
  get isHere(): boolean {
    return this.#address !== undefined;
  }

  /** Somebody publishes from now on, in the place of whoever did. */
  arrive(address: string): void {
    const isReturn = this.#address !== undefined || this.#cancelGone !== undefined;
    this.#cancelGone?.();
    this.#cancelGone = undefined;
    this.#address = address;
    this.#events.emit('publisherConnected', { address, isReturn });
  }

  /**
   * The publisher is gone; without one nothing happens.
   *
   * @param reason one sentence for the log, where it did something wrong
   */
  leave(reason?: string): void {
    const address = this.#address;
    if (address === undefined) return;
    this.#address = undefined;
    this.#cancelGone = this.#startTimer(this.#graceMs, () => {
      this.#cancelGone = undefined;
      this.#events.emit('publisherGone', { address });
    });
    this.#events.emit('publisherLost', { address, reason, graceMs: this.#graceMs });
  }

  /** Nothing could be had; whoever was there before is no less gone. */
  fail(failure: PublisherEvents['publisherFailed']): void {
    this.#events.emit('publisherFailed', failure);
  }

  /** Somebody was turned away; whoever publishes goes on. */
  refuse(address: string, reason: string): void {
    if (this.#quiet.has(reason)) return;
    this.#quiet.set(reason, this.#startTimer(REFUSAL_QUIET_MS, () => this.#quiet.delete(reason)));
    this.#events.emit('publisherRefused', { address, reason });
  }

  /**
   * All has come; without a publisher nothing happens.
   *
   * @param reason one sentence for the log, where it ended with something wrong
   */
  finish(reason?: string): void {
    const address = this.#address;
    if (address === undefined) return;
    this.#address = undefined;
    this.#events.emit('publisherFinished', { address, reason });
  }

  /** The publisher is done, and is not waited for. */
  depart(): void {
    const address = this.#address;
    if (address === undefined) return;
    this.#address = undefined;
    this.#events.emit('publisherGone', { address });
  }

  /** Tells nothing more. */
  close(): void {
    this.#cancelGone?.();
    this.#cancelGone = undefined;
    for (const cancel of this.#quiet.values()) cancel();
    this.#quiet.clear();
    this.#address = undefined;
  }
}
