import { StoppedError } from '../errors.js';
import { writeJsonOutput, writeOutput } from '../output-file.js';
import type { Suite } from '../suite.js';
import { judge } from './bars.js';
import { browserFlags, resolveBrowserOptions } from './options.js';
import { browserPage } from './page-report/page.js';
import { runBrowserBench } from './run.js';
import { formatReport } from './table.js';

/** Real viewers: systems side by side in Chromium, on one live stream with a clock in its picture. */
export const browserSuite: Suite = {
  name: 'browser',
  summary: 'real viewers in Chromium: startup, playout delay, stalls, offload, beside hls.js and p2p-media-loader',
  configure: (command) => {
    for (const flag of browserFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveBrowserOptions(flags);
    const { report, pictures, cutShortBy } = await runBrowserBench(options, context);
    writeJsonOutput(options.jsonPath, report);
    const bars = judge(report);
    if (options.htmlPath !== undefined) writeOutput(options.htmlPath, browserPage(report, { bars, pictures }));
    const files = [`Figures: ${options.jsonPath}`, ...(options.htmlPath === undefined ? [] : [`Page: ${options.htmlPath}`])];
    context.print(`\n${formatReport(report, bars)}\n\n${files.join('\n')}`);
    if (cutShortBy instanceof StoppedError) throw new StoppedError('Stopped: what had been measured by then is written.');
    if (cutShortBy !== undefined) throw cutShortBy;
    return Object.values(report.results).every(({ failures }) => failures.length === 0);
  },
};
