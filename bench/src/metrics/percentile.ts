/**
 * The value below which a share of the samples lies, interpolated between neighbours.
 *
 * @param ratio 0 … 1: .5 is the median
 * @returns undefined without samples
 */
export function percentile(samples: readonly number[], ratio: number): number | undefined {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * ratio;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (at - Math.floor(at));
}
