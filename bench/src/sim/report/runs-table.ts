import { FIGURES, figureOf, figureValue, formatFigure } from '../figures.js';
import { escapeHtml } from '../../report/html.js';
import type { ShownRun } from './runs.js';

/** What runs are compared by at a glance. */
const COMPARED: readonly { readonly field: string; readonly label: string }[] = [
  { field: 'offloadSteadyRatio', label: 'offload, steady' },
  { field: 'chunkDelayMs.p99', label: 'chunk delay p99' },
  { field: 'chunkDelayOverLimit', label: 'over D*' },
  { field: 'playoutDelayMs.p50', label: 'playout p50' },
  { field: 'stalledRatio', label: 'stalled' },
  { field: 'startupMs.p95', label: 'startup p95' },
  { field: 'originPeakBitsPerSecond', label: 'origin, peak' },
  { field: 'duplicateRatio', label: 'received twice' },
];
/** A change that is smaller than this is not worth a colour: a seed's luck is larger. */
const NOTABLE_RATIO = 0.02;

/**
 * Runs side by side, a row each: the best of each figure in bold, the change against the run it is compared with below.
 *
 * @param hasColors whether drawings tell the runs apart by their colours
 */
export function comparisonTable(runs: readonly ShownRun[], hasColors: boolean): string {
  const byName = new Map(runs.map((run) => [run.name, run]));
  // Different scenarios do not compete, nor does a run with what it is a change of.
  const isRace = runs.every(({ planned }) => planned.comparedWith === null && planned.scenario === runs[0]?.planned.scenario);
  const columns = COMPARED.map(({ field, label }) => {
    const { unit, better } = figureOf(field);
    const values = runs.map(({ result }) => figureValue(result, field));
    const known = values.filter((value) => value !== undefined);
    const best = better === 'more' ? Math.max(...known) : Math.min(...known);
    return { field, label, unit, better, values, best, most: Math.max(0, ...known) };
  });
  const rows = runs.map((run, row) => {
    const base = run.planned.comparedWith === null ? undefined : byName.get(run.planned.comparedWith);
    const cells = columns.map(({ field, unit, better, values, best, most }) => {
      const value = values[row];
      const filled = value === undefined || most === 0 ? 0 : Math.max(0, value / most);
      const text = escapeHtml(formatFigure(value, unit));
      const change = base && value !== undefined ? changeOf(value, figureValue(base.result, field), better) : '';
      const isBest = isRace && value === best && values.some((other) => other !== best);
      return `<td class="number"><span class="meter" style="--filled:${(filled * 100).toFixed(1)}%"></span>${isBest ? `<b>${text}</b>` : text}${change}</td>`;
    });
    const mark = hasColors ? `<i class="mark box" style="--mark:${run.color}"></i>` : '';
    return `<tr><th scope="row">${mark}<b>${escapeHtml(run.name)}</b></th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table class="compared"><thead><tr><th></th>${columns.map(({ label }) => `<th class="number">${escapeHtml(label)}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Every figure and every counter of every run. */
export function allFigures(runs: readonly ShownRun[]): string {
  const head = `<thead><tr><th></th>${runs.map(({ name }) => `<th class="number">${escapeHtml(name)}</th>`).join('')}</tr></thead>`;
  const rows = FIGURES.map(({ field, label, unit }) => row(label, runs.map(({ result }) => formatFigure(figureValue(result, field), unit))));
  const counters = [...new Set(runs.flatMap(({ result }) => Object.keys(result.mechanisms)))].sort();
  const counted = counters.map((name) => row(name, runs.map(({ result }) => formatFigure(result.mechanisms[name] ?? 0, 'count'))));
  const hashes = row('fingerprint of the trace', runs.map(({ result }) => result.traceHash));
  return `<div class="scroll"><table class="figures">${head}<tbody>${rows.join('')}${hashes}</tbody>${
    counted.length > 0 ? `<tbody><tr><th colspan="${runs.length + 1}" class="group">mechanisms, times used by all viewers</th></tr>${counted.join('')}</tbody>` : ''
  }</table></div>`;
}

function row(label: string, cells: readonly string[]): string {
  if (cells.every((cell) => cell === '-')) return '';
  return `<tr><th scope="row">${escapeHtml(label)}</th>${cells.map((cell) => `<td class="number">${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function changeOf(value: number, before: number | undefined, better: 'more' | 'less' | undefined): string {
  if (before === undefined || before === 0) return '';
  const change = value / before - 1;
  const kind = Math.abs(change) < NOTABLE_RATIO || better === undefined ? '' : change > 0 === (better === 'more') ? ' good' : ' bad';
  const percent = Math.abs(change) * 100;
  const text = percent < 0.05 ? '±0 %' : `${change > 0 ? '+' : '−'}${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
  return `<small class="change${kind}">${text}</small>`;
}
