import type { PlannedViewer, ScenarioSize } from './scenario.js';

/** Viewers who come in turn, each for the whole time, and whom nobody disturbs. */
export function inTurn({ viewers, seconds, staggerMs }: ScenarioSize): PlannedViewer[] {
  return Array.from({ length: viewers }, (_, index) => ({
    group: undefined,
    clickAtMs: index * staggerMs,
    watchMs: seconds * 1000,
    killAtMs: undefined,
    hasWebRtc: true,
  }));
}

/** When the last of those who come in turn has clicked, ms. */
export function lastClickMs({ viewers, staggerMs }: ScenarioSize): number {
  return Math.max(0, viewers - 1) * staggerMs;
}
