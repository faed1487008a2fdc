import { pairedRatios } from './paired-ratios.js';
import { figuresSchema, type Figures, type RoundResult, type SystemResult } from './report.js';
import { mediansOf, spreadOf } from './round-medians.js';

/** Rounds of all systems, in order; of a run that was cut short the last may be missing. */
export type Rounds = ReadonlyMap<string, readonly RoundResult[]>;

/** The system that the others are held against. */
const COMPARED_WITH = 'hlsjs';

/** Puts the rounds of each system together; one without any is left out. */
export function systemResults(rounds: Rounds): Record<string, SystemResult> {
  const results: Record<string, SystemResult> = {};
  const by = rounds.get(COMPARED_WITH);
  for (const [system, all] of rounds) {
    if (all.length === 0) continue;
    const figures = all.map((round): Figures => figuresSchema.parse(round));
    results[system] = {
      ...figuresSchema.parse(mediansOf(figures)),
      spread: spreadOf(figures),
      ratiosToHlsjs: by && system !== COMPARED_WITH ? pairedRatios(all, by) : null,
      rounds: [...all],
      failures: all.flatMap((round, index) => round.failures.map((failure) => (all.length > 1 ? `Round ${index + 1}: ${failure}` : failure))),
    };
  }
  return results;
}
