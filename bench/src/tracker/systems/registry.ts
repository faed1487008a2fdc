import { bittorrentTracker } from './bittorrent-tracker.js';
import { p2ptv } from './p2ptv.js';
import type { TrackerSystem } from './system.js';

/** What can be measured, in the order in which it is. */
export const TRACKER_SYSTEMS = { p2ptv, 'bittorrent-tracker': bittorrentTracker } as const satisfies Record<string, TrackerSystem>;

/** See {@link TRACKER_SYSTEMS}. */
export type TrackerSystemName = keyof typeof TRACKER_SYSTEMS;

/** Whether there is a system of that name. */
export function isTrackerSystemName(name: string): name is TrackerSystemName {
  return Object.hasOwn(TRACKER_SYSTEMS, name);
}
