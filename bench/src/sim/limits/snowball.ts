import FlatQueue from 'flatqueue';

/** A swarm with its real uplinks. */
export type Snowball = {
  /** One for each viewer, bits a second, in any order; 0: this one passes nothing on. */
  readonly uplinksBitsPerSecond: readonly number[];
  /** s: so many viewers with the largest uplinks hold the chunk in the beginning; a mean is rounded up. */
  readonly seeds: number;
  readonly chunkBytes: number;
  readonly delayMs: number;
};

/**
 * How a chunk spreads, whole, over uplinks of different size: whoever can be done first sends next,
 * always to the largest uplink that still lacks it. Strong peers early make the ball grow fast;
 * a weak one is asked only where that doesn't hold anybody up.
 *
 * Source: Y. Liu: On the minimum delay peer-to-peer video streaming: how realtime can it be?
 * ACM Multimedia 2007; Delay bounds of chunk-based peer-to-peer video streaming. IEEE/ACM
 * Transactions on Networking 18 (2010), 1195–1206.
 *
 * @returns when each viewer has it, ms from when the seeds do, in order; Infinity for those that nobody can reach
 */
export function snowballArrivalsMs({ uplinksBitsPerSecond, seeds, chunkBytes, delayMs }: Snowball): number[] {
  const uplinks = Float64Array.from(uplinksBitsPerSecond).sort().reverse();
  const sendMs = uplinks.map((bitsPerSecond) => (chunkBytes * 8000) / bitsPerSecond);
  const arrivals: number[] = [];
  /** Holders, by when their next sending would end. */
  const senders = new FlatQueue();
  const receive = (viewer: number, atMs: number): void => {
    arrivals.push(atMs);
    const needsMs = sendMs[viewer] ?? Infinity;
    if (Number.isFinite(needsMs)) senders.push(viewer, atMs + needsMs);
  };
  const seeded = Math.min(uplinks.length, Math.max(1, Math.ceil(seeds)));
  for (let viewer = 0; viewer < seeded; viewer += 1) receive(viewer, 0);
  for (let viewer = seeded; viewer < uplinks.length; viewer += 1) {
    const sentMs = senders.peekValue();
    const sender = senders.pop();
    if (sender === undefined || sentMs === undefined) {
      arrivals.push(Infinity);
      continue;
    }
    senders.push(sender, sentMs + (sendMs[sender] ?? Infinity));
    receive(viewer, sentMs + delayMs);
  }
  return arrivals;
}
