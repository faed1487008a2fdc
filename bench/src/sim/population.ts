import { randomInteger, type Random } from '@p2ptv/protocol';
import { Happening, type EventQueue } from './event-queue.js';
import type { SimConfig } from './sim-config.js';

/** A viewer that can be sent away. */
export interface Audience {
  readonly isUp: boolean;
  stop(isGraceful: boolean): void;
}

/** When the first viewers come, ms: the stream is on by then. */
const FIRST_ARRIVAL_MS = 1_000;
/** A flash crowd comes to a swarm that has settled, ms. */
export const FLASH_AT_MS = 15_000;
/** The first are killed when all have settled, ms. */
export const FIRST_KILL_MS = 10_000;
/** Most leave by closing the page, which says good-bye; the others' machines or networks fail. */
const GRACEFUL_RATIO = 0.75;
/** In place of whoever has left somebody comes within this, ms. */
const REPLACEMENT_MS = 1_000;

/** Who watches when: first arrivals, sessions that end, deaths, crowds. */
export class Population<Viewer extends Audience> {
  readonly #config: SimConfig;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #newViewer: () => Viewer;
  readonly #left: (viewer: Viewer) => void;
  /** Those who watch, in no order: whoever goes is replaced by the last. */
  readonly #present: Viewer[] = [];
  readonly #places = new Map<Viewer, number>();

  constructor(
    config: SimConfig,
    ports: { queue: EventQueue; random: Random; newViewer: () => Viewer; left: (viewer: Viewer) => void },
  ) {
    this.#config = config;
    this.#queue = ports.queue;
    this.#random = ports.random;
    this.#newViewer = ports.newViewer;
    this.#left = ports.left;
  }

  /** Plans the run's comings and goings. */
  start(): void {
    const { viewers, arrivalSeconds, kill, flash } = this.#config;
    this.#arrive(viewers, { fromMs: FIRST_ARRIVAL_MS, withinMs: arrivalSeconds * 1_000 });
    if (flash) this.#arrive(Math.round(viewers * (flash.factor - 1)), { fromMs: FLASH_AT_MS, withinMs: flash.seconds * 1_000 });
    if (kill) this.#killFrom(FIRST_KILL_MS, kill);
  }

  /** Evenly, with some chance. */
  #arrive(count: number, when: { readonly fromMs: number; readonly withinMs: number }): void {
    for (let viewer = 0; viewer < count; viewer++) {
      this.#at(when.fromMs + ((viewer + this.#random.next()) / count) * when.withinMs, () => this.#come());
    }
  }

  #come(): void {
    const viewer = this.#newViewer();
    this.#places.set(viewer, this.#present.length);
    this.#present.push(viewer);
    const { churnMedianSeconds } = this.#config;
    if (churnMedianSeconds === undefined) return;
    // Without memory: whoever has watched for long is as likely to leave as anybody else.
    const sessionMs = (-Math.log(1 - this.#random.next()) / Math.LN2) * churnMedianSeconds * 1_000;
    this.#at(this.#queue.nowMs + sessionMs, () => {
      if (viewer.isUp) this.#replace(viewer, this.#random.next() < GRACEFUL_RATIO);
    });
  }

  #killFrom(atMs: number, kill: { readonly ratio: number; readonly everySeconds: number }): void {
    this.#at(atMs, () => {
      const count = Math.round(this.#present.length * kill.ratio);
      for (let killed = 0; killed < count; killed++) {
        const viewer = this.#present[randomInteger(this.#random, this.#present.length)];
        if (viewer) this.#replace(viewer, false);
      }
      this.#killFrom(atMs + kill.everySeconds * 1_000, kill);
    });
  }

  #replace(viewer: Viewer, isGraceful: boolean): void {
    const place = this.#places.get(viewer);
    const last = this.#present.pop();
    if (place === undefined || !last) return;
    this.#places.delete(viewer);
    if (last !== viewer) {
      this.#present[place] = last;
      this.#places.set(last, place);
    }
    viewer.stop(isGraceful);
    this.#left(viewer);
    this.#at(this.#queue.nowMs + this.#random.next() * REPLACEMENT_MS, () => this.#come());
  }

  #at(atMs: number, happens: () => void): void {
    this.#queue.schedule(new Happening(happens), atMs);
  }
}
