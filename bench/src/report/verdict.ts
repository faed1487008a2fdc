import { escapeHtml } from './html.js';

/** A bar and how it was met, as a page shows it. */
export type ShownBar = {
  readonly value: number | undefined;
  /** Undefined: what it is held against is not there. */
  readonly limit: number | undefined;
  /** The value and the bar, for people. */
  readonly valueText: string;
  readonly barText: string;
  readonly isMet: boolean;
};

/** A figure, large, with its bar where it has one. */
export function card({ label, value, note, bar }: { label: string; value: string; note: string; bar?: ShownBar }): string {
  const verdict = bar ? `<p class="bar">${pill(bar)} <span>bar ${escapeHtml(bar.barText)}</span></p>` : '';
  return `<div class="card${bar && !bar.isMet ? ' missed' : ''}"><h3>${escapeHtml(label)}</h3><p class="value">${escapeHtml(value)}</p><p class="note">${escapeHtml(note)}</p>${verdict}</div>`;
}

/** A bar as a row of the table of verdicts. */
export function verdictRow(label: string, bar: ShownBar): string {
  return `<tr><td>${escapeHtml(label)}</td><td class="gauge">${bullet(bar)}</td><td class="number">${escapeHtml(bar.valueText)}</td><td class="number">${escapeHtml(bar.barText)}</td><td class="verdict">${pill(bar)}</td></tr>`;
}

/** The table of verdicts around its rows. */
export function verdictTable(rows: readonly string[]): string {
  return `<div class="scroll"><table class="verdicts"><thead><tr><th>figure</th><th class="gauge"></th><th class="number">value</th><th class="number">bar</th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function pill({ isMet }: ShownBar): string {
  return isMet ? '<span class="pill ok">ok</span>' : '<span class="pill not">NOT MET</span>';
}

/** The value against its limit, which is the tick; twice the limit fills it. */
function bullet({ value, limit, isMet }: ShownBar): string {
  if (value === undefined || limit === undefined || limit <= 0) return '';
  const filled = Math.max(0, Math.min(1, value / limit / 2));
  return `<i class="bullet${isMet ? '' : ' not'}" style="--filled:${(filled * 100).toFixed(1)}%"></i>`;
}
