export {
  Tracker,
  type JoinOutcome,
  type TrackerEffect,
  type TrackerMessage,
  type TrackerPorts,
} from './core/tracker.js';
export type { ConnectionId, NetworkName } from './core/member.js';
export {
  DEFAULT_TRACKER_OPTIONS,
  type ResolvedTrackerOptions,
  type TrackerOptions,
} from './core/tracker-options.js';
export { TrackerError, type TrackerErrorCode } from './server/errors.js';
export {
  registerTracker,
  type RegisterTrackerOptions,
  type TrackerHandle,
  type TrackerHost,
  type TrackerHostReply,
} from './server/register-tracker.js';
export { DEFAULT_SERVER_LIMITS, type TrackerServerLimits } from './server/server-limits.js';
