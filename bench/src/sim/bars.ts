import * as z from 'zod';

import { figureOf, figureValue, formatFigure } from './figures.js';
import type { SimResult } from './sim-result.js';

const otherFigureSchema = z.strictObject({
  /** The same field when left out. */
  field: z.string().optional(),
  /** Another scenario of the same report; the same run when left out. */
  run: z.string().optional(),
});

/**
 * What a scenario's figure must reach, as it stands in the scenario's file.
 *
 * `{ "field": "stalledRatio", "most": 0.001 }` is a plain one. `times` and `plus` hold a figure against another one:
 * `{ "field": "chunkDelayMs.p99", "most": 1.15, "times": { "run": "steady-1k" } }` allows 15 % more than in that run,
 * `{ "field": "offloadSteadyRatio", "least": -0.05, "plus": { "run": "one-rendition" } }` five points less.
 */
export const barSchema = z
  .strictObject({
    field: z.string(),
    least: z.number().optional(),
    most: z.number().optional(),
    times: otherFigureSchema.optional(),
    plus: otherFigureSchema.optional(),
  })
  .refine(({ least, most }) => (least === undefined) !== (most === undefined), 'a bar has either least or most')
  .refine(({ times, plus }) => times === undefined || plus === undefined, 'a bar has times or plus, not both');
/** See {@link barSchema}. */
export type Bar = z.infer<typeof barSchema>;

/** A bar, and how it was met. */
export type JudgedBar = {
  readonly run: string;
  readonly field: string;
  readonly label: string;
  readonly value: number | undefined;
  /** Undefined: the figure that it is held against is not there. */
  readonly limit: number | undefined;
  readonly sense: 'least' | 'most';
  /** The value, for people; where it is held against a multiple of another run's, what multiple it is. */
  readonly valueText: string;
  /** `≥ .96`, for people. */
  readonly barText: string;
  readonly isMet: boolean;
};

/** A run and what is wanted of it. */
export type BarredRun = { readonly name: string; readonly bars: readonly Bar[] };

/** Holds a run against its bars; what could not be measured or compared is not met. */
export function judgeBars({ name, bars }: BarredRun, results: Readonly<Record<string, SimResult>>): JudgedBar[] {
  return bars.map((bar) => {
    const { label, unit } = figureOf(bar.field);
    const valueOf = (run: string, field: string): number | undefined => {
      const result = Object.hasOwn(results, run) ? results[run] : undefined;
      return result && figureValue(result, field);
    };
    const value = valueOf(name, bar.field);
    const sense = bar.least === undefined ? 'most' : 'least';
    const other = bar.times ?? bar.plus;
    const against = other && valueOf(other.run ?? name, other.field ?? bar.field);
    const limit = limitOf(bar, against);
    const isMet = value !== undefined && limit !== undefined && (sense === 'least' ? value >= limit : value <= limit);
    const whose = other?.run === undefined ? '' : ` (${other.run})`;
    const besides = bar.plus || other?.run === undefined || value === undefined || !against ? '' : ` (${formatFigure(value / against, 'number')} ×)`;
    const barText = `${sense === 'least' ? '≥' : '≤'} ${formatFigure(limit, unit)}${whose}`;
    return { run: name, field: bar.field, label, value, limit, sense, valueText: formatFigure(value, unit) + besides, barText, isMet };
  });
}

/** Other scenarios that a scenario's bars are held against: they have to run too. */
export function runsNeededBy(bars: readonly Bar[]): string[] {
  const runs = bars.map(({ times, plus }) => (times ?? plus)?.run).filter((run) => run !== undefined);
  return [...new Set(runs)];
}

function limitOf({ least, most, times, plus }: Bar, against: number | undefined): number | undefined {
  const amount = least ?? most;
  if (amount === undefined || (times === undefined && plus === undefined)) return amount;
  if (against === undefined) return undefined;
  return times ? amount * against : amount + against;
}
