import { percentile } from '../metrics/percentile.js';

/** Figures as a tree: numbers that may be missing, lists of samples, and groups of both. */
export type FigureTree = { readonly [name: string]: number | null | readonly (number | null)[] | FigureTree };

/**
 * The median of each figure over the rounds. A figure that a round could not measure is left out of it;
 * samples of all rounds are put together, in the order of the rounds.
 */
export function mediansOf(rounds: readonly FigureTree[]): FigureTree {
  return Object.fromEntries(
    namesOf(rounds).map((name): [string, FigureTree[string]] => {
      const values = rounds.map((round) => round[name]);
      const samples = values.filter(isSamples);
      if (samples.length > 0) return [name, samples.flat()];
      const groups = values.filter(isGroup);
      if (groups.length > 0) return [name, mediansOf(groups)];
      return [name, percentile(values.filter(isNumber), 0.5) ?? null];
    }),
  );
}

/** The least and the most of each figure over the rounds, by its path (`playoutDelayMs.p50`). */
export function spreadOf(rounds: readonly FigureTree[], prefix = ''): Record<string, { min: number; max: number }> {
  const spread: Record<string, { min: number; max: number }> = {};
  for (const name of namesOf(rounds)) {
    const values = rounds.map((round) => round[name]);
    const groups = values.filter(isGroup);
    if (groups.length > 0) Object.assign(spread, spreadOf(groups, `${prefix}${name}.`));
    const numbers = values.filter(isNumber);
    if (numbers.length > 0) spread[prefix + name] = { min: Math.min(...numbers), max: Math.max(...numbers) };
  }
  return spread;
}

function namesOf(rounds: readonly FigureTree[]): string[] {
  return [...new Set(rounds.flatMap((round) => Object.keys(round)))];
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isSamples(value: FigureTree[string] | undefined): value is readonly (number | null)[] {
  return Array.isArray(value);
}

function isGroup(value: FigureTree[string] | undefined): value is FigureTree {
  return typeof value === 'object' && value !== null && !isSamples(value);
}
