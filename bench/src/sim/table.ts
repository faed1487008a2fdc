import { formatTable } from '../text-table.js';
import type { JudgedBar } from './bars.js';
import { judgeBars, runsNeededBy } from './bars.js';
import { FIGURES, figureOf, figureValue, formatFigure } from './figures.js';
import type { SimReport } from './sim-report.js';
import type { SimResult } from './sim-result.js';

type Report = Pick<SimReport, 'config' | 'results'>;

/** With more runs than this a terminal has no room for a column each. */
const MOST_COLUMNS = 8;
/** What is shown of each of many runs. */
const SHORT = [
  'offloadSteadyRatio',
  'chunkDelayMs.p99',
  'chunkDelayOverLimit',
  'playoutDelayMs.p50',
  'stalledRatio',
  'stalledSteadyRatio',
  'startupMs.p95',
  'originPeakBitsPerSecond',
  'duplicateRatio',
  'wallSeconds',
];

/** The runs side by side, then how each met its bars, for people. */
export function formatSimReport(report: Report): string {
  const names = Object.keys(report.results);
  const blocks = [report.config.title, names.length > MOST_COLUMNS ? formatRuns(report, SHORT) : formatFigures(report)];
  const failures = Object.entries(report.config.runs).flatMap(([name, { failure }]) => (failure === undefined ? [] : [`${name}: ${failure}`]));
  if (failures.length > 0) blocks.push(failures.join('\n'));
  const bars = judgeReport(report);
  if (bars.length > 0) {
    const rows = bars.map(({ run, label, valueText, barText, isMet }) => [`${run}: ${label}`, valueText, barText, isMet ? 'ok' : 'NOT MET']);
    const met = bars.filter(({ isMet }) => isMet).length;
    blocks.push(formatTable([['', 'value', 'bar', ''], ...rows]), `${met} of ${bars.length} bars met.`);
  }
  blocks.push(...unjudgedTexts(report));
  return blocks.join('\n\n');
}

/** One run in one line. */
export function formatOutcome(result: SimResult): string {
  return SHORT.map(figureOf)
    .map(({ field, label, unit }) => `${label} ${formatFigure(figureValue(result, field), unit)}`)
    .join(', ');
}

/** All runs' bars, in the order of the runs. */
export function judgeReport({ config, results }: Report): JudgedBar[] {
  return Object.entries(config.runs)
    // One that failed has met none; one that has not been made yet is not judged.
    .filter(([name, { failure }]) => Object.hasOwn(results, name) || failure !== undefined)
    .flatMap(([name, { bars }]) => {
      // A scenario that runs alone is not held against others.
      const comparable = bars.filter((bar) => runsNeededBy([bar]).every((needed) => Object.hasOwn(config.runs, needed)));
      return judgeBars({ name, bars: comparable }, results);
    });
}

/** Which scenarios have bars that need another run, and how to have them judged. */
function unjudgedTexts({ config }: Report): string[] {
  const texts = Object.values(config.runs).flatMap(({ bars, scenario }) => {
    const needed = runsNeededBy(bars).filter((run) => !Object.hasOwn(config.runs, run));
    return needed.length === 0 || scenario === null ? [] : [`${scenario} is held against ${needed.join(' and ')} by --suite bars --only ${scenario}.`];
  });
  return [...new Set(texts)];
}

/** A row a run: for many of them. */
function formatRuns({ results }: Pick<Report, 'results'>, fields: readonly string[]): string {
  const figures = fields.map(figureOf);
  return formatTable([
    ['', ...figures.map(({ label }) => label)],
    ...Object.entries(results).map(([name, result]) => [
      name,
      ...figures.map(({ field, unit }) => formatFigure(figureValue(result, field), unit)),
    ]),
  ]);
}

/** A row a figure: for a few runs. Figures that none of them has are left out. */
function formatFigures({ results }: Report): string {
  const runs = Object.entries(results);
  const rows = FIGURES.map(({ field, label, unit }) => [label, ...runs.map(([, result]) => formatFigure(figureValue(result, field), unit))]);
  const counters = [...new Set(runs.flatMap(([, { mechanisms }]) => Object.keys(mechanisms)))].sort();
  const counted = counters.map((name) => [`  ${name}`, ...runs.map(([, { mechanisms }]) => formatFigure(mechanisms[name] ?? 0, 'count'))]);
  return formatTable([
    ['', ...runs.map(([name]) => name)],
    ...rows.filter((row) => row.slice(1).some((cell) => cell !== '-')),
    ...(counted.length > 0 ? [['mechanisms', ...runs.map(() => '')], ...counted] : []),
  ]);
}
