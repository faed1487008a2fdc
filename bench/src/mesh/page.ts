import { renderPlot, seriesColor, type Plot } from '../report/chart.js';
import { details, renderDocument } from '../report/document.js';
import { escapeHtml } from '../report/html.js';
import { card, verdictRow, verdictTable, type ShownBar } from '../report/verdict.js';
import { figureOf, figureValue, formatFigure } from '../sim/figures.js';
import { delayDistributionPlot } from '../sim/report/plots/delay-distribution.js';
import { diffusionPlot } from '../sim/report/plots/diffusion.js';
import { offloadOverTimePlot } from '../sim/report/plots/offload-over-time.js';
import { originBytesOverTimePlot } from '../sim/report/plots/origin-bytes.js';
import { isLiveRun, type DrawnRun } from '../sim/report/runs.js';
import { judgeMesh, type MeshBar } from './bars.js';
import { compare } from './comparison.js';
import type { MeshReport } from './report.js';
import { cautionOf, formatMeshReport, signedPercent } from './table.js';

/** What matters of a mesh, large, with the simulator's beside it. */
const HEADLINES: readonly { readonly field: string; readonly label: string }[] = [
  { field: 'offloadOverLimit', label: 'Offload over its limit' },
  { field: 'chunkDelayMs.p99', label: 'Chunk delay p99' },
  { field: 'playoutDelayMs.p50', label: 'Playout delay' },
  { field: 'stalledRatio', label: 'Stalled' },
  { field: 'startupMs.p50', label: 'Startup' },
  { field: 'originPeakBitsPerSecond', label: 'Origin, peak' },
];

/** One page that lays a mesh and the simulator's run of the same side by side. It needs nothing but itself, and runs no script. */
export function meshPage(report: MeshReport): string {
  const { config, results, machine, startedAt } = report;
  const { mesh, sim } = results;
  const drawn: [DrawnRun, ...DrawnRun[]] = [
    { name: 'mesh', color: seriesColor(0), result: mesh },
    ...(sim ? [{ name: 'simulator', color: seriesColor(1), result: sim }] : []),
  ];
  const title = sim ? 'A mesh, and the same simulated' : 'A mesh';
  const caution = cautionOf(mesh);
  const who = `${config.peers} Node viewers${config.browsers > 0 ? ` and ${config.browsers} in Chromium` : ''}`;
  return renderDocument(title, [
    `<header><h1>${title}</h1><p class="sub">${who}, ${config.seconds} s · ${formatFigure(mesh.streamBitsPerSecond, 'bitsPerSecond')} in parts of ${config.partMs} ms · uplinks ${escapeHtml(config.uplink)}${config.downlinkKbps === null ? '' : `, downlinks ${config.downlinkKbps} kb/s`} · ${escapeHtml(startedAt.slice(0, 16).replace('T', ' '))} UTC</p></header>`,
    headline(report),
    caution === undefined ? '' : `<p class="lead">${escapeHtml(caution)}</p>`,
    mesh.failures.length === 0 ? '' : `<section><h2>What went wrong</h2><ul>${mesh.failures.map((failure) => `<li>${escapeHtml(failure)}</li>`).join('')}</ul></section>`,
    verdicts(judgeMesh(report)),
    `<section><h2>Pictures</h2><div class="plots">${plotsOf(drawn).map(renderPlot).join('\n')}</div></section>`,
    `<section><h2>Every figure</h2>${comparison(report)}${details('The machine, and what was run', `<pre>${escapeHtml(formatMeshReport(report))}</pre>`)}</section>`,
    `<footer>Measured on ${escapeHtml(machine.cpu)}, ${machine.cores} cores, Node ${escapeHtml(machine.node)}; all on this one machine. The simulator was given the uplinks, the arrivals, the rate and the links’ delays of the mesh. Differences are the mesh’s, over the simulator’s. D* is the least time in which chunks passed on whole can reach all viewers (postal model).</footer>`,
  ]);
}

function headline({ results: { mesh, sim } }: MeshReport): string {
  const cards = HEADLINES.map(({ field, label }) => {
    const { unit } = figureOf(field);
    return card({ label, value: formatFigure(figureValue(mesh, field), unit), note: sim ? `simulator ${formatFigure(figureValue(sim, field), unit)}` : '' });
  });
  return `<div class="cards">${cards.join('\n')}</div>`;
}

function verdicts(bars: readonly MeshBar[]): string {
  if (bars.length === 0) return '';
  const met = bars.filter(({ isMet }) => isMet).length;
  return `<section><h2>${met} of ${bars.length} bars met</h2>${verdictTable(bars.map((bar) => verdictRow(bar.name, shownBar(bar))))}</section>`;
}

function shownBar({ value, least, most, isMet }: MeshBar): ShownBar {
  const limit = least ?? most;
  return { value, limit, valueText: value?.toFixed(3) ?? '-', barText: `${least === undefined ? '≤' : '≥'} ${limit?.toFixed(2) ?? ''}`, isMet };
}

function plotsOf(runs: readonly [DrawnRun, ...DrawnRun[]]): Plot[] {
  const [first, ...others] = runs.filter(isLiveRun);
  return [...(first ? [diffusionPlot([first, ...others]), delayDistributionPlot([first, ...others])] : []), offloadOverTimePlot(runs), originBytesOverTimePlot(runs[0], runs.length === 1)];
}

function comparison({ results: { mesh, sim } }: MeshReport): string {
  const rows = compare(mesh, sim).map(({ figure, mesh: ours, sim: theirs, differenceRatio }) => {
    const cells = [formatFigure(ours, figure.unit), ...(sim ? [formatFigure(theirs, figure.unit), differenceRatio === undefined ? '' : signedPercent(differenceRatio)] : [])];
    return `<tr><th scope="row">${escapeHtml(figure.label)}</th>${cells.map((text) => `<td class="number">${escapeHtml(text)}</td>`).join('')}</tr>`;
  });
  const head = ['mesh', ...(sim ? ['simulator', 'difference'] : [])].map((name) => `<th class="number">${name}</th>`).join('');
  return `<div class="scroll"><table class="figures"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
