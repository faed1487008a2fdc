/**
 * The upper confidence limit of a median, without an assumption about the distribution: the least order
 * statistic X(k) with P(B ≤ k − 1) ≥ confidence, B the number of samples below the median, binomial with
 * n and 1/2 (Conover, Practical Nonparametric Statistics, 3.2). One-sided.
 *
 * @param confidence 0 … 1, e.g. .95
 * @returns undefined for too few samples: for .95 it takes five
 */
export function medianUpperLimit(samples: readonly number[], confidence: number): number | undefined {
  const sorted = [...samples].sort((a, b) => a - b);
  const count = sorted.length;
  const probabilities = binomialHalf(count);
  let cumulated = 0;
  for (const [index, sample] of sorted.entries()) {
    cumulated += probabilities[index] ?? 0;
    if (cumulated >= confidence) return sample;
  }
  return undefined;
}

/** Probabilities of 0 … n heads. From the middle outwards, where they are not too small for a number. */
function binomialHalf(count: number): number[] {
  const weights = Array.from({ length: count + 1 }, () => 0);
  const middle = Math.floor(count / 2);
  weights[middle] = 1;
  for (let heads = middle; heads > 0; heads--) weights[heads - 1] = ((weights[heads] ?? 0) * heads) / (count - heads + 1);
  for (let heads = middle; heads < count; heads++) weights[heads + 1] = ((weights[heads] ?? 0) * (count - heads)) / (heads + 1);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => weight / sum);
}
