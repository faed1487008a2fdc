import type { JudgedBar } from '../bars.js';
import { figureOf, figureValue, formatFigure } from '../figures.js';
import { judgeReport } from '../table.js';
import type { SimReport } from '../sim-report.js';
import { escapeHtml } from '../../report/html.js';
import { card, verdictRow, verdictTable } from '../../report/verdict.js';
import type { ShownRun } from './runs.js';

/** What matters to a viewer and to who pays for the origin, with the limit beside it where there is one. */
const HEADLINES: readonly { readonly field: string; readonly label: string; readonly note: (run: ShownRun) => string }[] = [
  {
    field: 'offloadSteadyRatio',
    label: 'Offload, steady',
    note: ({ result }) => `limit ${formatFigure(result.offloadSteadyLimitRatio, 'ratio')}`,
  },
  {
    field: 'chunkDelayOverLimit',
    label: 'Chunk p99 over D*',
    note: ({ result }) => `${formatFigure(result.chunkDelayMs?.p99, 'ms')} over ${formatFigure(result.chunkDelayLimitMs, 'ms')}`,
  },
  {
    field: 'playoutDelayMs.p50',
    label: 'Playout delay',
    note: ({ result }) => `p95 ${formatFigure(result.playoutDelayMs?.p95, 'ms')}`,
  },
  { field: 'stalledRatio', label: 'Stalled', note: ({ result }) => `steady ${formatFigure(result.stalledSteadyRatio, 'share')}` },
  { field: 'seekMs.p95', label: 'Seek p95', note: ({ result }) => `median ${formatFigure(result.seekMs?.p50, 'ms')}` },
  { field: 'startupMs.p95', label: 'Startup p95', note: ({ result }) => `median ${formatFigure(result.startupMs.p50, 'ms')}` },
  {
    field: 'originPeakBitsPerSecond',
    label: 'Origin, peak',
    note: ({ result }) => (result.seekMs ? 'nothing is seeded on demand' : `${formatFigure(result.seedsPerChunk, 'number')} seeds a chunk`),
  },
];

/** The figures of one run, large, each with its bar where it has one. */
export function headlineCards(run: ShownRun, judged: readonly JudgedBar[]): string {
  const own = judged.filter((bar) => bar.run === run.name);
  // A recording has no delays, and only there do people seek.
  const shown = HEADLINES.filter(({ field }) => own.some((bar) => bar.field === field) || figureValue(run.result, field) !== undefined);
  const cards = shown.map(({ field, label, note }) => {
    const { unit } = figureOf(field);
    const bar = own.find((candidate) => candidate.field === field);
    return card({ label, value: formatFigure(figureValue(run.result, field), unit), note: note(run), ...(bar ? { bar } : {}) });
  });
  const others = own.filter(({ field }) => !HEADLINES.some((headline) => headline.field === field));
  const more = others.map((bar) => card({ label: capitalized(bar.label), value: bar.valueText, note: '', bar }));
  return `<div class="cards">${[...cards, ...more].join('\n')}</div>`;
}

/** How many bars are met, and each of them by run; nothing when there are none. */
export function verdicts(report: Pick<SimReport, 'config' | 'results'>): string {
  const judged = judgeReport(report);
  if (judged.length === 0) return '';
  const runs = [...new Set(judged.map(({ run }) => run))];
  const met = judged.filter(({ isMet }) => isMet).length;
  const rows = runs.flatMap((run) => {
    const bars = judged.filter((bar) => bar.run === run);
    const purpose = report.config.runs[run]?.purpose ?? '';
    const about = purpose === '' ? '' : `<small>${escapeHtml(purpose)}</small>`;
    return [
      `<tr class="scenario"><th scope="rowgroup" colspan="5"><b>${escapeHtml(run)}</b>${about}</th></tr>`,
      ...bars.map((bar) => verdictRow(bar.label, bar)),
    ];
  });
  return `<section><h2>${met} of ${judged.length} bars met</h2>
${verdictTable(rows)}</section>`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
