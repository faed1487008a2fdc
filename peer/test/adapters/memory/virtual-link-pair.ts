import { seededRandom } from '@p2ptv/protocol';
import { expect } from 'vitest';
import { createMemoryLinkPair } from '../../../src/adapters/memory/memory-link.js';
import { VirtualTime } from '../../../src/adapters/virtual/virtual-time.js';
import type { Link } from '../../../src/ports/link.js';
import type { LinkPair } from '../link-contract.js';

/** A pair for the contract, in virtual time over an uneven line; `wrap` puts something around each end. */
export function connectVirtually(wrap: (link: Link, time: VirtualTime) => Link = (link) => link): Promise<LinkPair> {
  const time = new VirtualTime();
  const [left, right] = createMemoryLinkPair({
    time,
    random: seededRandom(1),
    oneWayDelayMs: 20,
    jitterMs: 10,
    left: { uplinkBitsPerSecond: 20e6 },
    right: { uplinkBitsPerSecond: 5e6, downlinkBitsPerSecond: 50e6 },
  });
  return Promise.resolve({
    left: wrap(left, time),
    right: wrap(right, time),
    until: (condition: () => boolean) => {
      expect(time.runUntilTrue(condition, 60_000)).toBe(true);
      return Promise.resolve();
    },
    settle: () => {
      time.runFor(10_000);
      return Promise.resolve();
    },
    vanishLeft: () => left.vanish(5_000),
    close: () => Promise.resolve(),
  });
}
