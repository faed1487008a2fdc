import type { Clock } from '@p2ptv/protocol';

/** The platform's clocks, in browsers and in Node. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
