import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import type { BarSeriesOption, LineSeriesOption, ScatterSeriesOption } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import type { GridComponentOption } from 'echarts/components';
import { init, use } from 'echarts/core';
import type { ComposeOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

import { escapeHtml } from './html.js';

use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** What may be drawn. */
export type ChartOption = ComposeOption<BarSeriesOption | LineSeriesOption | ScatterSeriesOption | GridComponentOption>;
/** One line, area or cloud. */
export type ChartSeries = BarSeriesOption | LineSeriesOption | ScatterSeriesOption;

/** In pixels; text keeps its size, so a phone gets a drawing of its own instead of a shrunk one. */
export type ChartSize = { readonly width: number; readonly height: number; readonly isNarrow: boolean };

/** An entry of the legend: a colour as CSS knows it, and how it is drawn. */
export type LegendEntry = { readonly label: string; readonly color: string; readonly mark: 'line' | 'dashed' | 'dotted' | 'box' | 'dot' };

/** A picture and the words around it. */
export type Plot = {
  readonly title: string;
  /** One or two sentences: what is to be seen in this one, with its numbers. */
  readonly finding: string;
  readonly legend: readonly LegendEntry[];
  readonly draw: (size: ChartSize) => ChartOption;
  /** Of the wide drawing, px. */
  readonly height?: number;
};

const WIDE_PX = 620;
const NARROW_PX = 348;
const HEIGHT_PX = 300;
/** Room for the names of an axis, and for one of their characters. */
const MOST_NAME_PX = 180;
const NAME_CHARACTER_PX = 7;

/** Colours are variables of the page, so that one drawing serves light and dark. */
export const INK = 'var(--ink)';
/** See {@link INK}. */
export const MUTED = 'var(--muted)';
const SERIES_COLORS = 8;
const MOST_TICKS = 6;
const ROUND_STEPS = [1, 2, 5];

/** The colour of the run with this index. */
export function seriesColor(index: number): string {
  return `var(--series-${(index % SERIES_COLORS) + 1})`;
}

/** A plot as HTML, drawn for wide pages and for phones. */
export function renderPlot(plot: Plot): string {
  const { title, finding, legend, height = HEIGHT_PX } = plot;
  const entries = legend
    .map(({ label, color, mark }) => `<li><i class="mark ${mark}" style="--mark:${color}"></i>${escapeHtml(label)}</li>`)
    .join('');
  const label = escapeHtml(`${title}. ${finding}`);
  return [
    '<figure class="plot">',
    `<h3>${escapeHtml(title)}</h3><p class="finding">${escapeHtml(finding)}</p>`,
    entries === '' ? '' : `<ul class="legend">${entries}</ul>`,
    `<div class="wide" role="img" aria-label="${label}">${renderSvg(plot.draw, { width: WIDE_PX, height, isNarrow: false })}</div>`,
    `<div class="narrow" role="img" aria-label="${label}">${renderSvg(plot.draw, { width: NARROW_PX, height: Math.round(height * 0.9), isNarrow: true })}</div>`,
    '</figure>',
  ].join('\n');
}

function renderSvg(draw: Plot['draw'], size: ChartSize): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...draw(size) });
    return withoutInteraction(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Nothing in the page moves or answers the mouse: what the library adds for that is dead weight. */
function withoutInteraction(svg: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replace(/\n+/g, '\n');
}

/** A numeric axis in the page's colours. */
export function valueAxis(options: {
  readonly name?: string;
  readonly format: (value: number) => string;
  readonly min?: number;
  readonly max?: number;
  /** Lines across the plot at its ticks. */
  readonly hasGrid?: boolean;
  readonly interval?: number;
  readonly nameGap?: number;
}) {
  const { name, format, min, max, hasGrid = true, interval, nameGap = 28 } = options;
  return {
    type: 'value' as const,
    ...(name === undefined ? {} : { name, nameLocation: 'middle' as const, nameGap, nameTextStyle: { color: MUTED, fontSize: 12 } }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(interval === undefined ? {} : { interval }),
    axisLine: { show: false },
    axisTick: { show: false },
    splitNumber: 5,
    axisLabel: { color: MUTED, fontSize: 11, formatter: format, hideOverlap: true },
    splitLine: { show: hasGrid, lineStyle: { color: 'var(--grid)' } },
  };
}

/** A round end for an axis that begins at 0, and its ticks, some five. */
export function roundSpan(value: number): { readonly max: number; readonly interval: number } {
  const least = Math.max(value, 1) / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const interval = power * (ROUND_STEPS.find((step) => step * power >= least) ?? 10);
  return { max: Math.ceil(value / interval) * interval || interval, interval };
}

/** Margins within which the axes' labels have room. */
export function grid(size: ChartSize, changes: { readonly left?: number; readonly right?: number; readonly top?: number } = {}): GridComponentOption {
  return { left: size.isNarrow ? 40 : 46, right: 14, top: 12, bottom: 42, ...changes };
}

/** An axis of names, the first on top, and the room that they need to its left. */
export function nameAxis(names: readonly string[], size: ChartSize) {
  const most = size.isNarrow ? MOST_NAME_PX / 1.6 : MOST_NAME_PX;
  const width = Math.min(most, Math.max(...names.map((name) => name.length)) * NAME_CHARACTER_PX);
  return {
    left: width + 20,
    axis: {
      type: 'category' as const,
      inverse: true,
      data: [...names],
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: INK, fontSize: 12, interval: 0, width, overflow: 'truncate' as const, ellipsis: '…' },
    },
  };
}

/** A vertical line with a word above it; without a word it belongs into the legend. */
export function ruler(at: number, label: { readonly text: string; readonly color?: string; readonly align?: 'left' | 'center' | 'right' }): ChartSeries {
  const { text, color = MUTED, align = 'center' } = label;
  return {
    type: 'line',
    silent: true,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      data: [{ xAxis: at }],
      lineStyle: { color, type: [3, 3], width: 1.2 },
      label: {
        show: text !== '',
        formatter: text,
        align,
        color,
        fontSize: 11,
        position: 'end',
        rotate: 0,
        distance: 4,
      },
    },
  };
}
