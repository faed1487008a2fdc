import { UsageError } from '../../errors.js';
import { ablationComparison } from './ablation.js';
import { barsComparison } from './bars.js';
import { baselinesComparison } from './baselines.js';
import type { Comparison } from './comparison.js';
import { playoutComparison } from './playout.js';

/** Every comparison there is; a new one is a file and a line here. */
export const COMPARISONS: readonly Comparison[] = [barsComparison, playoutComparison, baselinesComparison, ablationComparison];

/** @throws UsageError when there is none of that name */
export function comparisonOf(name: string): Comparison {
  const comparison = COMPARISONS.find((candidate) => candidate.name === name);
  if (!comparison) throw new UsageError(`There is no --suite ${name}: there are ${COMPARISONS.map((known) => known.name).join(', ')}.`);
  return comparison;
}
