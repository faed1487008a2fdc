import type { P2ptvStats } from '../library/index.js';

/** Where the media came from that a viewer has had, in whole per cent that add up to 100; all 0 before there are any. */
export type SourceShares = { readonly server: number; readonly peers: number; readonly ownDisk: number };

/** The shares of the origin and its seeder, of other viewers, and of this viewer's own disk. */
export function sourceShares({ fromOrigin, fromSeeder, fromPeers, fromCache }: Omit<P2ptvStats['bytes'], 'sent'>): SourceShares {
  const bytes = [fromOrigin + fromSeeder, fromPeers, fromCache];
  const total = bytes.reduce((sum, each) => sum + each, 0);
  if (total === 0) return { server: 0, peers: 0, ownDisk: 0 };
  const exact = bytes.map((each) => (each * 100) / total);
  const whole = exact.map(Math.floor);
  // What rounding down leaves goes to those that lost most by it.
  const byLoss = [0, 1, 2].sort((left, right) => lossOf(right) - lossOf(left));
  const left = 100 - whole.reduce((sum, each) => sum + each, 0);
  for (const index of byLoss.slice(0, left)) whole[index] = (whole[index] ?? 0) + 1;
  const [server = 0, peers = 0, ownDisk = 0] = whole;
  return { server, peers, ownDisk };

  function lossOf(index: number): number {
    return (exact[index] ?? 0) - (whole[index] ?? 0);
  }
}
