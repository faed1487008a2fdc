import { setTimeout } from 'node:timers/promises';

import type { ViewerPlan } from './page/viewing.js';
import type { ViewerProcess } from './viewer-process.js';

/** What came of all viewers' following a link. */
export type PageVisits = {
  /** From the navigation to the first frame painted, by viewer, ms; undefined for one that saw none in time. */
  readonly startupsMs: readonly (number | undefined)[];
  /** A JPEG of the first viewer's picture, where it was asked for. */
  readonly picture: Buffer | undefined;
};

/** How the visits are made. */
export type VisitPlan = {
  readonly plan: ViewerPlan;
  readonly staggerMs: number;
  readonly hasPicture: boolean;
  readonly signal: AbortSignal;
};

/** Who has no picture by then gets none, ms. */
const VISIT_LIMIT_MS = 15_000;
const LOOK_MS = 200;

/**
 * Lets viewers follow a link to the page, one after the other, each in a profile that has seen nothing:
 * code is loaded and compiled, and playing begins by itself. They stay until the last has its picture.
 */
export async function visitPages(viewers: readonly ViewerProcess[], visit: VisitPlan): Promise<PageVisits> {
  const { plan, staggerMs, hasPicture, signal } = visit;
  const startupsMs = await Promise.all(
    viewers.map(async (viewer, index) => {
      await setTimeout(index * staggerMs, undefined, { signal });
      if (hasFailed(viewer)) return undefined;
      await viewer.followLink(plan);
      const endMs = performance.now() + VISIT_LIMIT_MS;
      while (performance.now() < endMs && !hasFailed(viewer)) {
        const startupMs = (await viewer.report())?.startupMs;
        if (startupMs !== undefined) return startupMs;
        await setTimeout(LOOK_MS, undefined, { signal });
      }
      return undefined;
    }),
  );
  const [first] = viewers;
  return { startupsMs, picture: hasPicture ? await first?.picture() : undefined };
}

function hasFailed(viewer: ViewerProcess): boolean {
  return viewer.failure !== undefined;
}
