import { setTimeout } from 'node:timers/promises';

import type { ViewerProcess } from './viewer-process.js';

/** By viewer, ms; undefined for one that saw no frame in time. */
export type Startups = readonly (number | undefined)[];

/** What came of it when all viewers began anew. */
export type PageVisits = {
  /** For each time that they clicked: from the click to the first frame painted. */
  readonly clickedMs: readonly Startups[];
  /** From following a link to the page to the first frame painted. */
  readonly navigatedMs: Startups;
  /** A JPEG of the first viewer's picture, where it was asked for. */
  readonly picture: Buffer | undefined;
};

/** How viewers begin, one after the other. */
export type Arrivals = {
  readonly staggerMs: number;
  readonly arrive: (viewer: ViewerProcess) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Who has no picture by then gets none, ms. */
const VISIT_LIMIT_MS = 15_000;
const LOOK_MS = 200;

/** Lets viewers begin, one after the other. They stay until the last has its picture. */
export async function startups(viewers: readonly ViewerProcess[], { staggerMs, arrive, signal }: Arrivals): Promise<Startups> {
  return Promise.all(
    viewers.map(async (viewer, index) => {
      await setTimeout(index * staggerMs, undefined, { signal });
      if (hasFailed(viewer)) return undefined;
      await arrive(viewer);
      const endMs = performance.now() + VISIT_LIMIT_MS;
      while (performance.now() < endMs && !hasFailed(viewer)) {
        const startupMs = (await viewer.report())?.startupMs;
        if (startupMs !== undefined) return startupMs;
        await setTimeout(LOOK_MS, undefined, { signal });
      }
      return undefined;
    }),
  );
}

function hasFailed(viewer: ViewerProcess): boolean {
  return viewer.failure !== undefined;
}
