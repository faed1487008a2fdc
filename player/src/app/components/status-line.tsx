import type { ReactElement } from 'react';
import { statusOf, type Status } from '../status-text.js';
import type { Watch } from '../use-watch.js';

const NATIVE: Status = { tone: 'neutral', text: 'From the origin only – this browser plays HLS itself, without peers.' };

/** Says in plain words where the picture comes from. */
export function StatusLine({ watch }: { readonly watch: Watch }): ReactElement {
  const status = currentStatus(watch);
  return (
    <p className={`status status-${status?.tone ?? 'neutral'}`} role="status">
      {status?.text}
    </p>
  );
}

function currentStatus({ isNative, phase, stats }: Watch): Status | undefined {
  if (isNative) return NATIVE;
  if (phase.kind === 'idle') return { tone: 'neutral', text: 'The stream is not loaded before you press play.' };
  if (!stats) return undefined;
  const { session } = stats;
  return statusOf({
    state: stats.state,
    isWebRtcAvailable: session?.isWebRtcAvailable ?? true,
    isTrackerAway: session?.trackerState === 'away' || session?.trackerState === 'refused',
    isOriginReachable: session?.isOriginReachable ?? true,
    peerCount: stats.neighbours.filter(({ role }) => role !== 'origin').length,
    isFromDevice: stats.bytes.fromCache > stats.bytes.fromOrigin,
  });
}
