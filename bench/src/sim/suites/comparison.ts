import { UsageError } from '../../errors.js';
import type { RawSimOptions } from '../options.js';
import type { SimPlan } from '../plan.js';
import type { SimReport } from '../sim-report.js';

/** What of a comparison is wanted. */
export type ComparisonRequest = {
  /** Names of its parts; all of them when empty. */
  readonly only: readonly string[];
  /** Where it may be held in any scenario: in which. */
  readonly scenario: string | undefined;
  /** Options for every run; they override the scenarios'. */
  readonly given: RawSimOptions;
};

/** Runs that are made to be compared: `npm run bench -- sim --suite <name>`. */
export type Comparison = {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Options that it sets itself, and `scenario` where it chooses that: asked for beside it they would be lost without a word. */
  readonly sets: readonly string[];
  /** @throws UsageError */
  readonly plan: (request: ComparisonRequest) => SimPlan;
  /** What follows from all its runs together, a sentence. */
  readonly conclude?: (report: SimReport) => string;
  /** It is made to judge: a bar that is missed makes the command fail. */
  readonly isJudge?: boolean;
};

/**
 * The wanted ones of what there is, in the order in which they are there.
 *
 * @throws UsageError for one that is not there
 */
export function pick<Name extends string>(known: readonly Name[], { only }: ComparisonRequest): readonly Name[] {
  const stranger = only.find((name) => !(known as readonly string[]).includes(name));
  if (stranger !== undefined) throw new UsageError(`--only ${stranger}: there are ${known.join(', ')}.`);
  return only.length === 0 ? known : known.filter((name) => only.includes(name));
}
