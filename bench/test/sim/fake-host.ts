import { peerIdFromBytes, type WireMessage } from '@p2ptv/protocol';

import { AccessLine } from '../../src/sim/access-line.js';
import { joinEnds, LinkEnd, type NetworkHost } from '../../src/sim/sim-link.js';

/** A host that notes what comes to it. */
export type FakeHost = NetworkHost & {
  isUp: boolean;
  readonly heard: { readonly kind: string; readonly atMs: number }[];
  drained: number;
  ended: number;
};

/** A host with as much downlink as it likes. */
export function fakeHost(index: number, options: { nowMs: () => number; uplinkBitsPerSecond?: number; came?: (message: WireMessage) => void }): FakeHost {
  const host: FakeHost = {
    index,
    peerId: peerIdFromBytes(new Uint8Array(16).fill(index)),
    role: 'viewer',
    joinedAtMs: 0,
    line: new AccessLine({ accessDelayMs: 0, uplinkBitsPerSecond: options.uplinkBitsPerSecond ?? 10_000_000, downlinkBitsPerSecond: 1e12 }),
    isUp: true,
    heard: [],
    drained: 0,
    ended: 0,
    messageCame: (_end, message) => {
      host.heard.push({ kind: message.kind, atMs: options.nowMs() });
      options.came?.(message);
    },
    linkDrained: () => {
      host.drained++;
    },
    linkEnded: () => {
      host.ended++;
    },
  };
  return host;
}

/** Links two hosts; the result is the first one's end. */
export function link(from: NetworkHost, to: NetworkHost, delayMs: number): LinkEnd {
  const one = new LinkEnd(from, 1, delayMs);
  joinEnds(one, new LinkEnd(to, 1, delayMs));
  return one;
}
