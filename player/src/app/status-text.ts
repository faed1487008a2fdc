import type { P2ptvState } from '../library/index.js';

/** What the status line is told from. */
export type StatusInput = {
  readonly state: P2ptvState;
  readonly isWebRtcAvailable: boolean;
  readonly isTrackerAway: boolean;
  readonly isOriginReachable: boolean;
  /** Other viewers and volunteers; the origin's own seeder is no peer. */
  readonly peerCount: number;
  /** Most of what was played was on this device before. */
  readonly isFromDevice: boolean;
};

/** One sentence, and how it is meant. */
export type Status = { readonly tone: 'good' | 'neutral' | 'warning'; readonly text: string };

/** Says in plain words where the picture comes from. */
export function statusOf(input: StatusInput): Status {
  const { state, peerCount } = input;
  switch (state.kind) {
    case 'joining':
      if (state.isInLine) return { tone: 'warning', text: 'The broadcast is full for the moment, you are in line …' };
      return state.isOriginReachable
        ? { tone: 'neutral', text: 'Joining the stream …' }
        : { tone: 'warning', text: 'The origin does not answer. Trying again …' };
    case 'plain':
      return { tone: 'warning', text: state.message };
    case 'detached':
      return { tone: 'neutral', text: 'Stopped.' };
    case 'meshed':
      break;
  }
  if (!input.isWebRtcAvailable) {
    return { tone: 'warning', text: 'From the origin only – this browser has no WebRTC, so it cannot meet peers.' };
  }
  const peers = peerCount === 1 ? 'one peer' : `${peerCount} peers`;
  if (!input.isOriginReachable) {
    return peerCount > 0
      ? { tone: 'warning', text: `The origin does not answer – ${peers} carry on.` }
      : { tone: 'warning', text: 'The origin does not answer, and there are no peers. Trying again …' };
  }
  if (input.isTrackerAway) {
    return peerCount > 0
      ? { tone: 'warning', text: `The tracker is away – ${peers} and the origin carry on.` }
      : { tone: 'warning', text: 'From the origin only – the tracker is away, so no peers can be found.' };
  }
  if (peerCount > 0) return { tone: 'good', text: `Shared with ${peers}.` };
  return { tone: 'neutral', text: `From ${input.isFromDevice ? 'this device' : 'the origin only'} – no peers yet.` };
}
