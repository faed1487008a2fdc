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

/** Systems that have a result, in the order in which they were asked for, each with its colour. */
export function shownSystems({ config, results }: Pick<BrowserReport, 'config' | 'results'>): ShownSystem[] {
  return config.systems.flatMap((name, index) => {
    const result = results[name];
    return result ? [{ name, color: seriesColor(index), summary: config.settings[name] ?? '', result }] : [];
  });
}
