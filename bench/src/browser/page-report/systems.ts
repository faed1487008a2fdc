import { seriesColor } from '../../report/chart.js';
import type { BrowserReport, SystemResult } from '../report.js';

/** A system as the page shows it. */
export type ShownSystem = {
  readonly name: string;
  readonly color: string;
  /** What it is, and was set to. */
  readonly summary: string;
  readonly result: SystemResult;
};

/** The one that the page is about, where it was measured. */
const MAIN = 'p2ptv';

/** Systems that have a result: the main one first, the others as they were asked for, each with its colour. */
export function shownSystems({ config, results }: Pick<BrowserReport, 'config' | 'results'>): ShownSystem[] {
  const names = [...config.systems].sort((left, right) => Number(right === MAIN) - Number(left === MAIN));
  return names.flatMap((name, index) => {
    const result = results[name];
    return result ? [{ name, color: seriesColor(index), summary: config.settings[name] ?? '', result }] : [];
  });
}
