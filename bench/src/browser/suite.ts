import { writeFileSync } from 'node:fs';

import { BenchError } from '../errors.js';
import type { Suite } from '../suite.js';
import { judge } from './bars.js';
import { browserFlags, resolveBrowserOptions } from './options.js';
import { runBrowserBench } from './run.js';
import { formatReport } from './table.js';

/** Real viewers: systems side by side in Chromium, on one live stream with a clock in its picture. */
export const browserSuite: Suite = {
  name: 'browser',
  summary: 'real viewers in Chromium: startup, playout delay, stalls, offload, beside plain hls.js',
  configure: (command) => {
    for (const flag of browserFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveBrowserOptions(flags);
    const report = await runBrowserBench(options, context);
    try {
      writeFileSync(options.jsonPath, `${JSON.stringify(report, undefined, 2)}\n`);
    } catch (error) {
      throw new BenchError(`${options.jsonPath} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    context.print(`\n${formatReport(report, judge(report))}\n\nFigures: ${options.jsonPath}`);
    return Object.values(report.results).every(({ failures }) => failures.length === 0);
  },
};
