import { useState } from 'react';
import type { Watched } from './components/watched-target.js';
import { seekTimelineOf, type SeekTimeline } from './seek-timeline.js';
import type { Watch } from './use-watch.js';

/** Where one can seek in what is watched; follows the figures of the session. */
export function useSeekTimeline({ stats }: Watch, { stream, recording }: Watched): SeekTimeline | undefined {
  // A link does not say what it leads to: what has once been followed live is live.
  const [wasLive, setWasLive] = useState(false);
  if (!wasLive && stats?.isFollowingLive === true && stats.state.kind === 'meshed') setWasLive(true);
  const isOnDemand = recording !== undefined || stream?.state === 'ended' || (stream === undefined && !wasLive);
  // As of the figures, which come twice a second.
  return seekTimelineOf({ stats, keptFromMs: stream?.keptFromMs, isOnDemand, nowMs: stats?.sampledAtMs ?? 0 });
}
