import { seededRandom } from '@p2ptv/protocol';

import { drawUplink } from '../sim/uplinks.js';
import type { MeshOptions } from './options.js';
import type { PeerPlan } from './worker-messages.js';

/** When the first comes, ms of the run: as in the simulator. */
const FIRST_ARRIVAL_MS = 1_000;

/** One viewer, and where it watches. */
export type PlannedViewer = PeerPlan & { readonly isBrowser: boolean };

/** Who comes when, and with what uplink; in the order of coming. */
export function planAudience(options: Pick<MeshOptions, 'peers' | 'browsers' | 'arrivalSeconds' | 'uplink' | 'seed'>): PlannedViewer[] {
  const random = seededRandom(options.seed);
  const count = options.peers + options.browsers;
  const browsers = new Set(Array.from({ length: options.browsers }, (_, place) => Math.round(((place + 1) * count) / (options.browsers + 1))));
  return Array.from({ length: count }, (_, place) => ({
    index: place + 1,
    isBrowser: browsers.has(place),
    joinAtMs: FIRST_ARRIVAL_MS + ((place + random.next()) / count) * options.arrivalSeconds * 1_000,
    uplinkBitsPerSecond: drawUplink(options.uplink, random, place),
  }));
}
