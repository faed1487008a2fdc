import { formatTable } from '../text-table.js';
import { BARRED_ROUNDS, barText, barValueText, type Bar } from './bars.js';
import { figureRowsOf, measuredRounds, shownFigure } from './figure-rows.js';
import type { BrowserReport, PairedRatio } from './report.js';

type Row = readonly string[];

/** The figures side by side, the ratios to plain hls.js, then the bars, for people. */
export function formatReport(report: BrowserReport, bars: readonly Bar[]): string {
  const systems = Object.entries(report.results);
  const rows: Row[] = [['', ...systems.map(([name]) => name)]];
  for (const row of figureRowsOf(report)) {
    const cells = systems.map(([, result]) => {
      const { value, spread } = shownFigure(result, row);
      return spread === '' ? value : `${value} (${spread})`;
    });
    rows.push([row.label, ...cells]);
  }
  const { config, machine } = report;
  const rounds = measuredRounds(report.results);
  const medians = rounds > 1 ? `, medians of ${rounds} rounds (least–most)` : '';
  const what = `${scenarioText(config)}${config.viewers} viewers, ${config.seconds} s each, parts of ${config.partMs} ms, ${config.width}x${config.height}${medians}`;
  const where = `${machine.cpu}, ${machine.cores} cores, Chromium ${machine.chromium}, ffmpeg ${machine.ffmpeg}`;
  const blocks = [[what, where].join('\n'), formatTable(rows), ...ratioBlocks(report)];
  if (bars.length > 0) blocks.push(formatTable([['p2ptv', 'value', 'bar', ''], ...bars.map(barRow)]));
  if (bars.length > 0 && rounds < BARRED_ROUNDS) blocks.push(`The bars are set for medians of ${BARRED_ROUNDS} rounds or more: --rounds ${BARRED_ROUNDS}.`);
  const failures = systems.flatMap(([name, { failures: all }]) => all.map((failure) => `${name}: ${failure}`));
  if (failures.length > 0) blocks.push(failures.join('\n'));
  return blocks.join('\n\n');
}

/** What was out of the ordinary, for people: `kill (what that is): `, and empty for steady viewers. */
function scenarioText({ scenario, scenarioSummary, lines }: BrowserReport['config']): string {
  const onLines = lines ? `, lines of ${lines.uplinkKbps} kb/s up and ${lines.downlinkKbps} down${lines.hasNat ? ' behind routers' : ''}, stream of ${lines.streamKbps}` : '';
  return scenario === 'steady' ? '' : `${scenario} (${scenarioSummary})${onLines}: `;
}

function ratioBlocks({ results }: BrowserReport): string[] {
  const compared = Object.entries(results).flatMap(([name, { ratiosToHlsjs }]) => (ratiosToHlsjs ? [{ name, ratios: ratiosToHlsjs }] : []));
  if (compared.length === 0) return [];
  const rows: Row[] = [
    ['over hlsjs, median of pairs (upper 95 % limit)', ...compared.map(({ name }) => name)],
    ['startup from the click', ...compared.map(({ ratios }) => ratioText(ratios.startupMs))],
    ['startup from navigation', ...compared.map(({ ratios }) => ratioText(ratios.startupFromNavigationMs))],
    ['playout delay p50', ...compared.map(({ ratios }) => ratioText(ratios.playoutDelayMs))],
    ['CPU of viewers', ...compared.map(({ ratios }) => ratioText(ratios.cpuSecondsPerViewerMinute))],
  ];
  return [formatTable(rows)];
}

function ratioText({ p50, upper95 }: PairedRatio): string {
  return `${p50?.toFixed(3) ?? '-'}${upper95 === null ? '' : ` (${upper95.toFixed(3)})`}`;
}

function barRow(bar: Bar): Row {
  return [bar.name, barValueText(bar), barText(bar), bar.isMet ? 'ok' : 'NOT MET'];
}
