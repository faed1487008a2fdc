import type { MeshReport } from './report.js';

/** One bar that P2PTV has set itself, and how it was met. */
export type MeshBar = {
  readonly name: string;
  readonly value: number | undefined;
  readonly least?: number;
  readonly most?: number;
  readonly isMet: boolean;
};

/** Bars are set for meshes of at least so many Node viewers. */
const BARRED_PEERS = 50;
const LEAST_OFFLOAD_OVER_LIMIT = 0.95;
/** What the p99 of chunk delays may differ from the simulator's, either way. */
const MOST_DELAY_DIFFERENCE_RATIO = 0.3;

/** Holds a report against its bars; none for a small mesh. What could not be measured is not met. */
export function judgeMesh({ config, results: { mesh, sim } }: Pick<MeshReport, 'config' | 'results'>): MeshBar[] {
  if (config.peers < BARRED_PEERS) return [];
  const ours = mesh.chunkDelayMs?.p99;
  const theirs = sim?.chunkDelayMs?.p99;
  const difference = ours === undefined || theirs === undefined || theirs === 0 ? undefined : Math.abs(ours / theirs - 1);
  return [
    {
      name: 'offloadOverLimit',
      value: mesh.offloadOverLimit,
      least: LEAST_OFFLOAD_OVER_LIMIT,
      isMet: mesh.offloadOverLimit >= LEAST_OFFLOAD_OVER_LIMIT,
    },
    {
      name: 'chunk delay p99, difference from the simulator',
      value: difference,
      most: MOST_DELAY_DIFFERENCE_RATIO,
      isMet: difference !== undefined && difference <= MOST_DELAY_DIFFERENCE_RATIO,
    },
  ];
}
