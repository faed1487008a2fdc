import { formatFigure } from '../figures.js';
import type { SimReport } from '../sim-report.js';
import type { SimResult } from '../sim-result.js';
import { judgeReport } from '../table.js';
import type { Plot } from '../../report/chart.js';
import { renderPlot, seriesColor } from '../../report/chart.js';
import { headlineCards, verdicts } from './headline.js';
import { details, renderDocument } from '../../report/document.js';
import { escapeHtml } from '../../report/html.js';
import { delayBySizePlot } from './plots/delay-by-size.js';
import { delayDistributionPlot } from './plots/delay-distribution.js';
import { diffusionPlot } from './plots/diffusion.js';
import { offloadOverTimePlot } from './plots/offload-over-time.js';
import { originBytesOverTimePlot, originBytesTotalPlot } from './plots/origin-bytes.js';
import { uploadByDelayPlot } from './plots/upload-by-delay.js';
import { allFigures, comparisonTable } from './runs-table.js';
import type { ShownRun } from './runs.js';
import { isLiveRun, shownRuns } from './runs.js';

/** More runs than this in one drawing can't be told apart. */
const MOST_TOGETHER = 8;

/**
 * One page that says what a simulation gave: headline figures, bars, drawings, then every number.
 * It needs nothing but itself, opens from disk, and runs no script.
 *
 * @param report as {@link simReportSchema} has it, with at least one result
 */
export function simPage(report: SimReport): string {
  const runs = shownRuns(report);
  const [first, ...others] = runs;
  if (!first) throw new RangeError('A report without a result has no page.');
  const main = runs.find(({ name }) => name === 'p2ptv') ?? first;
  const groups = groupsOf(runs);
  const isTogether = groups.length === 1;
  const judged = judgeReport(report);
  const sections = [
    header(report, runs),
    isTogether ? `<p class="lead">${escapeHtml(leadOf(main, { isAlone: others.length === 0, title: report.config.title }))}</p>` : '',
    isTogether ? headlineCards(main, judged) : '',
    failures(report),
    !isTogether || judged.length > headlineBars(main, judged) ? verdicts(report) : '',
    others.length > 0 ? `<section><h2>${isTogether ? 'Side by side' : 'All runs'}</h2>${comparisonTable(runs, isTogether)}</section>` : '',
    isTogether ? plots(plotsOf([main, ...runs.filter((run) => run !== main)])) : separately(runs, groups),
    `<section><h2>Every figure</h2>${details('All figures and counters', allFigures(runs))}${details('Options', options(runs))}</section>`,
    footer(report),
  ];
  return renderDocument(report.config.title, sections);
}

function plotsOf(runs: readonly [ShownRun, ...ShownRun[]]): Plot[] {
  const [main] = runs;
  const isAlone = runs.length === 1;
  const [firstLive, ...otherLive] = runs.filter(isLiveRun);
  return [
    firstLive && diffusionPlot([firstLive, ...otherLive]),
    firstLive && delayDistributionPlot([firstLive, ...otherLive]),
    offloadOverTimePlot(runs),
    originBytesOverTimePlot(main, isAlone),
    isLiveRun(main) ? uploadByDelayPlot(main, isAlone) : undefined,
    originBytesTotalPlot(runs),
    delayBySizePlot(runs.filter(isLiveRun)),
  ].filter((plot) => plot !== undefined);
}

/** What only makes sense for all, then each group by itself, folded. */
function separately(runs: readonly ShownRun[], groups: readonly Group[]): string {
  const bySize = delayBySizePlot(runs.filter(isLiveRun));
  const each = groups.map((group) => {
    const [first] = group;
    const names = group.map(({ name }) => name).join(', ');
    return details(names, `<div class="plots">${plotsOf(group).map(renderPlot).join('\n')}</div>`, first.planned.purpose);
  });
  return `${bySize ? plots([bySize]) : ''}<section><h2>Pictures of each</h2>${each.join('\n')}</section>`;
}

type Group = readonly [ShownRun, ...ShownRun[]];

/** Runs that may stand in one drawing: those of one scenario, not too many, each with a colour of its own. */
function groupsOf(runs: readonly ShownRun[]): Group[] {
  const groups: [ShownRun, ...ShownRun[]][] = [];
  for (const run of runs) {
    const group = groups.findLast(([first]) => first.planned.scenario === run.planned.scenario);
    if (group && group.length < MOST_TOGETHER) group.push({ ...run, color: seriesColor(group.length) });
    else groups.push([{ ...run, color: seriesColor(0) }]);
  }
  return groups;
}

function plots(drawn: readonly Plot[]): string {
  return `<section><h2>Pictures</h2><div class="plots">${drawn.map(renderPlot).join('\n')}</div></section>`;
}

function headlineBars({ name }: ShownRun, judged: readonly { readonly run: string }[]): number {
  return judged.filter(({ run }) => run === name).length;
}

function header({ config, startedAt }: SimReport, runs: readonly ShownRun[]): string {
  const viewers = [...new Set(runs.map(({ result }) => result.viewers))].sort((left, right) => left - right);
  const [fewest, most] = [viewers[0] ?? 0, viewers.at(-1) ?? 0];
  const audience = fewest === most ? fewest.toLocaleString('en') : `${fewest.toLocaleString('en')} to ${most.toLocaleString('en')}`;
  const count = runs.length === 1 ? '' : `${runs.length} runs · `;
  return `<header><h1>${escapeHtml(config.title)}</h1><p class="sub">P2PTV simulator · ${count}${audience} viewers · ${escapeHtml(startedAt.slice(0, 16).replace('T', ' '))} UTC</p></header>`;
}

function leadOf({ name, result, planned }: ShownRun, { isAlone, title }: { isAlone: boolean; title: string }): string {
  const sent = Object.values(result.originBytes).reduce((sum, bytes) => sum + bytes, 0);
  const watched = result.offloadRatio < 1 ? sent / (1 - result.offloadRatio) : sent;
  const purpose = planned.purpose === '' || title.includes(planned.purpose) ? '' : `${planned.purpose.replace(/\.?$/, '.')} `;
  const who = isAlone ? 'The origin' : `With ${name} the origin`;
  return `${purpose}${who} sent ${formatFigure(sent, 'bytes')} for ${formatFigure(watched, 'bytes')} that were watched; ${howSoon(result)}.`;
}

function howSoon({ playoutDelayMs, startupMs, seekMs }: SimResult): string {
  if (typeof playoutDelayMs?.p50 === 'number') return `viewers were ${(playoutDelayMs.p50 / 1000).toFixed(2)} s behind the camera`;
  if (startupMs.p50 === null) return 'nobody saw a picture';
  const sought = typeof seekMs?.p50 === 'number' ? `, and after ${Math.round(seekMs.p50)} ms where they sought to` : '';
  return `half of the viewers had a picture after ${Math.round(startupMs.p50)} ms${sought}`;
}

/** Runs without a result, and why. */
function failures({ config }: SimReport): string {
  const failed = Object.entries(config.runs).flatMap(([name, { failure }]) => (failure === undefined ? [] : [`<li><b>${escapeHtml(name)}</b>: ${escapeHtml(failure)}</li>`]));
  return failed.length === 0 ? '' : `<section><h2>No result</h2><ul>${failed.join('')}</ul></section>`;
}

function options(runs: readonly ShownRun[]): string {
  const all = Object.fromEntries(runs.map(({ name, planned }) => [name, { scenario: planned.scenario, ...planned.options }]));
  return `<pre>${escapeHtml(JSON.stringify(all, undefined, 2))}</pre>`;
}

function footer({ machine }: SimReport): string {
  return `<footer>Simulated in virtual time on ${escapeHtml(machine.cpu)}, ${machine.cores} cores, Node ${escapeHtml(machine.node)}. D* is the least time in which chunks passed on whole can reach all viewers (postal model); delay is from publication to complete and verified; playout delay is glass to glass.</footer>`;
}
