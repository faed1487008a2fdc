import type { Scenario } from './scenario.js';
import { inTurn } from './timetable.js';

/** One browser has no WebRTC, as where a policy has switched it off: it plays from the origin, and the others don't notice. */
export const noWebRtc: Scenario = {
  summary: 'the second viewer’s browser has no WebRTC',
  viewers: (size) =>
    inTurn(size).map((viewer, index) => (index === 1 ? { ...viewer, group: 'withoutWebRtc', hasWebRtc: false } : { ...viewer, group: 'others' })),
  problem: ({ viewers }) => (viewers < 2 ? 'no-webrtc needs others beside the one without it: --viewers 2 or more' : undefined),
  hasVisits: false,
};
