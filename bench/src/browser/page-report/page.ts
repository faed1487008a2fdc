import { renderPlot } from '../../report/chart.js';
import { details, renderDocument } from '../../report/document.js';
import { escapeHtml } from '../../report/html.js';
import { card, verdictRow, verdictTable, type ShownBar } from '../../report/verdict.js';
import { barText, barValueText, type Bar } from '../bars.js';
import { FIGURE_ROWS, figureAt, figureRowsOf, measuredRounds, shownFigure } from '../figure-rows.js';
import type { BrowserReport } from '../report.js';
import { browserPlots } from './plots.js';
import { shownSystems, type ShownSystem } from './systems.js';

/** What the page shows beside the report. */
export type PageMatter = {
  readonly bars: readonly Bar[];
  /** JPEGs of the players, by system. */
  readonly pictures: ReadonlyMap<string, Buffer>;
};

/** More names than this make no title. */
const MOST_NAMED = 2;
/** What systems are compared by at a glance. */
const COMPARED: readonly { readonly path: string; readonly label: string; readonly better: 'more' | 'less' }[] = [
  { path: 'offloadRatio', label: 'offload', better: 'more' },
  { path: 'offloadSteadyRatio', label: 'offload, steady', better: 'more' },
  { path: 'copiesPerChunk', label: 'copies a chunk', better: 'less' },
  { path: 'playoutDelayMs.p50', label: 'playout delay p50, ms', better: 'less' },
  { path: 'startupMs.p50', label: 'startup, click, ms', better: 'less' },
  { path: 'startupFromNavigationMs.p50', label: 'startup, navigation, ms', better: 'less' },
  { path: 'stalledRatio', label: 'stalled', better: 'less' },
  { path: 'originPeakBitsPerSecond', label: 'origin, peak, Mb/s', better: 'less' },
  { path: 'cpuSecondsPerViewerMinute', label: 'CPU, s a viewer minute', better: 'less' },
];

/**
 * One page that says what a comparison gave: headline figures, bars, the systems side by side, drawings,
 * a picture of each player, then every number. It needs nothing but itself, opens from disk, and runs no script.
 */
export function browserPage(report: BrowserReport, { bars, pictures }: PageMatter): string {
  const systems = shownSystems(report);
  const title = titleOf(systems.map(({ name }) => name));
  return renderDocument(title, [
    header(report, title),
    headline(systems, bars),
    failures(systems),
    verdicts(bars),
    systems.length > 1 ? `<section><h2>Side by side</h2>${comparisonTable(systems)}</section>` : '',
    drawings(systems),
    players(systems, pictures),
    `<section><h2>Every figure</h2>${details('All figures', figuresTable(report, systems))}${details('What was run', `<pre>${escapeHtml(JSON.stringify({ config: report.config, machine: report.machine }, undefined, 2))}</pre>`)}</section>`,
    footer(report),
  ]);
}

function titleOf([main = '', ...others]: readonly string[]): string {
  if (others.length === 0) return main;
  return `${main} beside ${others.length > MOST_NAMED ? `${others.length} others` : others.join(' and ')}`;
}

function header({ config, startedAt, results }: BrowserReport, title: string): string {
  const measured = measuredRounds(results);
  const rounds = measured > 1 ? ` · medians of ${measured} rounds` : '';
  const when = startedAt.slice(0, 16).replace('T', ' ');
  return `<header><h1>${escapeHtml(title)}</h1><p class="sub">${config.viewers} viewers in Chromium, ${config.seconds} s each${rounds} · ${config.width}×${config.height}, parts of ${config.partMs} ms · ${escapeHtml(when)} UTC</p>${scenarioNote(config)}</header>`;
}

/** What happened meanwhile, where that is more than watching. */
function scenarioNote({ scenario, scenarioSummary, lines }: BrowserReport['config']): string {
  if (scenario === 'steady') return '';
  const onLines = lines ? ` · ${lines.uplinkKbps} kb/s up, ${lines.downlinkKbps} down${lines.hasNat ? ', behind routers' : ''}, for a stream of ${lines.streamKbps}` : '';
  return `<p class="sub"><b>${escapeHtml(scenario)}</b>: ${escapeHtml(scenarioSummary)}${onLines}</p>`;
}

/** The main system's figures, large, with what plain hls.js has beside them. */
function headline(systems: readonly ShownSystem[], bars: readonly Bar[]): string {
  const [main, ...others] = systems;
  const plain = others.find(({ name }) => name === 'hlsjs');
  if (!main) return '';
  const rows = figureRowsOf({ results: Object.fromEntries(systems.map(({ name, result }) => [name, result])) });
  const beside = (path: string): string => {
    const row = rows.find((candidate) => candidate.path === path);
    return plain && row ? `hlsjs ${shownFigure(plain.result, row).value}` : '';
  };
  const figures: readonly { readonly label: string; readonly path: string; readonly note: string; readonly bar?: string }[] = [
    { label: 'Offload, steady', path: 'offloadSteadyRatio', note: `limit ${main.result.offloadSteadyLimitRatio?.toFixed(3) ?? '-'}` },
    // What was recorded has no delay, and only there do people seek.
    main.result.seeksUnfinished !== null
      ? { label: 'Seek p50, ms', path: 'seekMs.p50', note: beside('seekMs.p50'), bar: 'seekMs p50' }
      : { label: 'Playout delay p50, ms', path: 'playoutDelayMs.p50', note: beside('playoutDelayMs.p50'), bar: 'playoutDelayMs p50' },
    { label: 'Startup p50, ms', path: 'startupMs.p50', note: beside('startupMs.p50'), bar: 'startupMs p50' },
    { label: 'Stalled', path: 'stalledRatio', note: beside('stalledRatio'), bar: 'stalledRatio' },
    { label: 'Copies a chunk', path: 'copiesPerChunk', note: beside('copiesPerChunk') },
    { label: 'CPU s, viewer minute', path: 'cpuSecondsPerViewerMinute', note: beside('cpuSecondsPerViewerMinute') },
  ];
  const cards = figures.map(({ label, path, note, bar: barName }) => {
    const row = rows.find((candidate) => candidate.path === path);
    const bar = bars.find(({ name }) => name === barName);
    return card({ label, value: row ? shownFigure(main.result, row).value : '-', note, ...(bar ? { bar: shownBar(bar) } : {}) });
  });
  return `<p class="lead">${escapeHtml(main.name)}: ${escapeHtml(main.summary)}</p><div class="cards">${cards.join('\n')}</div>`;
}

function drawings(systems: readonly ShownSystem[]): string {
  const plots = browserPlots(systems);
  return plots.length === 0 ? '' : `<section><h2>Pictures</h2><div class="plots">${plots.map(renderPlot).join('\n')}</div></section>`;
}

function shownBar(bar: Bar): ShownBar {
  return { value: bar.value, limit: bar.limit, valueText: barValueText(bar), barText: barText(bar), isMet: bar.isMet };
}

function verdicts(bars: readonly Bar[]): string {
  if (bars.length === 0) return '';
  const met = bars.filter(({ isMet }) => isMet).length;
  return `<section><h2>${met} of ${bars.length} bars met</h2>${verdictTable(bars.map((bar) => verdictRow(bar.name, shownBar(bar))))}</section>`;
}

function failures(systems: readonly ShownSystem[]): string {
  const all = systems.flatMap(({ name, result }) => result.failures.map((failure) => `<li><b>${escapeHtml(name)}</b>: ${escapeHtml(failure)}</li>`));
  return all.length === 0 ? '' : `<section><h2>What went wrong</h2><ul>${all.join('')}</ul></section>`;
}

/** A row a system: the best of each figure in bold, how far the rounds lie apart below. */
function comparisonTable(systems: readonly ShownSystem[]): string {
  const columns = COMPARED.map((column) => {
    const row = FIGURE_ROWS.find(({ path }) => path === column.path);
    const values = systems.map(({ result }) => figureAt(result, column.path));
    const known = values.filter((value) => value !== undefined);
    return { ...column, row, values, best: column.better === 'more' ? Math.max(...known) : Math.min(...known), most: Math.max(0, ...known) };
  });
  const rows = systems.map(({ name, color, result }, index) => {
    const cells = columns.map(({ row, values, best, most }) => {
      const value = values[index];
      const { value: text, spread } = row ? shownFigure(result, row) : { value: '-', spread: '' };
      const filled = value === undefined || most === 0 ? 0 : Math.max(0, value / most);
      const isBest = value === best && values.some((other) => other !== best);
      const shown = isBest ? `<b>${escapeHtml(text)}</b>` : escapeHtml(text);
      const range = spread === '' ? '' : `<small class="change">${escapeHtml(spread)}</small>`;
      return `<td class="number"><span class="meter" style="--filled:${(filled * 100).toFixed(1)}%"></span>${shown}${range}</td>`;
    });
    return `<tr><th scope="row"><i class="mark box" style="--mark:${color}"></i><b>${escapeHtml(name)}</b></th>${cells.join('')}</tr>`;
  });
  const head = columns.map(({ label }) => `<th class="number">${escapeHtml(label)}</th>`).join('');
  return `<div class="scroll"><table class="compared"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function figuresTable(report: BrowserReport, systems: readonly ShownSystem[]): string {
  const head = `<thead><tr><th></th>${systems.map(({ name }) => `<th class="number">${escapeHtml(name)}</th>`).join('')}</tr></thead>`;
  const rows = figureRowsOf(report).map((row) => {
    const cells = systems.map(({ result }) => {
      const { value, spread } = shownFigure(result, row);
      return `<td class="number">${escapeHtml(value)}${spread === '' ? '' : `<small class="change">${escapeHtml(spread)}</small>`}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(row.label)}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table class="figures">${head}<tbody>${rows.join('')}</tbody></table></div>`;
}

/** What each player showed, and what it was set to. */
function players(systems: readonly ShownSystem[], pictures: PageMatter['pictures']): string {
  const shown = systems.flatMap(({ name, color, summary }) => {
    const picture = pictures.get(name);
    if (!picture) return [];
    const source = `data:image/jpeg;base64,${picture.toString('base64')}`;
    return [
      `<figure class="plot player"><h3><i class="mark box" style="--mark:${color}"></i>${escapeHtml(name)}</h3><p class="finding">${escapeHtml(summary)}</p><img src="${source}" alt="${escapeHtml(`The player of ${name}`)}"></figure>`,
    ];
  });
  return shown.length === 0 ? '' : `<section><h2>Players</h2><div class="players">${shown.join('\n')}</div></section>`;
}

function footer({ machine, config }: BrowserReport): string {
  return `<footer>Measured on ${escapeHtml(machine.cpu)}, ${machine.cores} cores, ${escapeHtml(machine.os)}, Node ${escapeHtml(machine.node)}, Chromium ${escapeHtml(machine.chromium)}, ffmpeg ${escapeHtml(machine.ffmpeg)}; everything on this one machine, ${config.lines ? 'each viewer in a network namespace' : 'over loopback'}. Playout delay is glass to glass, read from a clock in the picture. Steady: from ${config.steadyAfterSeconds} s after each join. Copies a chunk: media that the origin sent, over what all viewers together were handed, each byte once. Ratios to hlsjs are taken pair by pair within a round; their upper 95 % limit is an order statistic.</footer>`;
}
