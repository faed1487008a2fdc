import { describe, expect, it } from 'vitest';
import { statusOf, type StatusInput } from '../../src/app/status-text.js';

const well: StatusInput = {
  state: { kind: 'meshed' },
  isWebRtcAvailable: true,
  isTrackerAway: false,
  isOriginReachable: true,
  peerCount: 3,
  isFromDevice: false,
};

describe('status line', () => {
  it.each<[string, Partial<StatusInput>, string, string]>([
    ['with peers', {}, 'good', 'Shared with 3 peers.'],
    ['with one', { peerCount: 1 }, 'good', 'Shared with one peer.'],
    ['alone', { peerCount: 0 }, 'neutral', 'From the origin only – no peers yet.'],
    ['alone, with what it had', { peerCount: 0, isFromDevice: true }, 'neutral', 'From this device – no peers yet.'],
    ['without WebRTC', { isWebRtcAvailable: false, peerCount: 0 }, 'warning', 'no WebRTC'],
    ['tracker away, alone', { isTrackerAway: true, peerCount: 0 }, 'warning', 'From the origin only – the tracker is away'],
    ['tracker away, meshed', { isTrackerAway: true }, 'warning', '3 peers and the origin carry on'],
    ['origin away, meshed', { isOriginReachable: false }, 'warning', '3 peers carry on'],
    ['all away', { isOriginReachable: false, peerCount: 0 }, 'warning', 'there are no peers'],
    ['joining', { state: { kind: 'joining', isOriginReachable: true } }, 'neutral', 'Joining'],
    ['joining in vain', { state: { kind: 'joining', isOriginReachable: false } }, 'warning', 'does not answer'],
    ['in line', { state: { kind: 'joining', isOriginReachable: true, isInLine: true } }, 'warning', 'full for the moment, you are in line'],
    ['plain', { state: { kind: 'plain', reason: 'noEndpoint', message: 'Plain.' } }, 'warning', 'Plain.'],
    ['over', { state: { kind: 'detached' } }, 'neutral', 'Stopped.'],
  ])('%s', (_name, changes, tone, words) => {
    const status = statusOf({ ...well, ...changes });
    expect(status.tone).toBe(tone);
    expect(status.text).toContain(words);
  });
});
