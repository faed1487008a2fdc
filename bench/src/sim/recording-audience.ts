import { randomInteger, type Random } from '@p2ptv/protocol';
import { Happening, type EventQueue } from './event-queue.js';
import type { SimConfig } from './sim-config.js';

/** A viewer of a recording. */
export interface RecordingViewer {
  readonly isUp: boolean;
  /** Goes to another part; does nothing while there is no picture yet. */
  seek(part: number): void;
  stop(isGraceful: boolean): void;
}

/** When the first may come, ms. */
const FIRST_ARRIVAL_MS = 1_000;
/** Most begin at the beginning, the others anywhere: as if they had a link to a place. */
const FROM_START_RATIO = 0.7;
/** Who seeks does it once, some time within this after it came, ms. */
const LEAST_SEEK_AFTER_MS = 3_000;
const MOST_SEEK_AFTER_MS = 60_000;
/** Nobody goes to the last seconds, ms. */
const LAST_PLACE_MS = 10_000;

/**
 * Who watches a recording when and where: viewers come at random (a Poisson process with a given number of arrivals),
 * stay to its end, and some seek to a random place.
 */
export class RecordingAudience<Viewer extends RecordingViewer> {
  readonly #config: SimConfig & { readonly onDemand: NonNullable<SimConfig['onDemand']> };
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #newViewer: (part: number) => Viewer;

  constructor(
    config: SimConfig & { readonly onDemand: NonNullable<SimConfig['onDemand']> },
    ports: { readonly queue: EventQueue; readonly random: Random; readonly newViewer: (part: number) => Viewer },
  ) {
    this.#config = config;
    this.#queue = ports.queue;
    this.#random = ports.random;
    this.#newViewer = ports.newViewer;
  }

  /** Plans the run's comings and seeks. */
  start(): void {
    const { viewers, arrivalSeconds } = this.#config;
    for (let viewer = 0; viewer < viewers; viewer++) {
      this.#at(FIRST_ARRIVAL_MS + this.#random.next() * arrivalSeconds * 1_000, () => this.#come());
    }
  }

  #come(): void {
    const viewer = this.#newViewer(this.#random.next() < FROM_START_RATIO ? 0 : this.#place());
    if (this.#random.next() >= this.#config.onDemand.seekRatio) return;
    const afterMs = LEAST_SEEK_AFTER_MS + this.#random.next() * (MOST_SEEK_AFTER_MS - LEAST_SEEK_AFTER_MS);
    this.#at(this.#queue.nowMs + afterMs, () => {
      if (viewer.isUp) viewer.seek(this.#place());
    });
  }

  #place(): number {
    const { onDemand, partMs } = this.#config;
    return randomInteger(this.#random, Math.max(1, Math.floor((onDemand.recordingSeconds * 1_000 - LAST_PLACE_MS) / partMs)));
  }

  #at(atMs: number, happens: () => void): void {
    this.#queue.schedule(new Happening(happens), atMs);
  }
}
