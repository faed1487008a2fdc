import { formatTable } from '../text-table.js';

/** What a figure is to reach. */
export type WantedBar = {
  readonly name: string;
  /** Undefined: it was not measured. */
  readonly value: number | undefined;
  readonly limit: number;
  /** `most`: the value must not exceed the limit. */
  readonly sense: 'least' | 'most';
  /** How value and limit are written. */
  readonly format: (value: number) => string;
};

/** A bar, and how it was met; what was not measured is not met. */
export type JudgedBar = WantedBar & { readonly isMet: boolean };

/** Holds figures against their bars. */
export function judge(bars: readonly WantedBar[]): JudgedBar[] {
  return bars.map((bar) => {
    const { value, limit, sense } = bar;
    return { ...bar, isMet: value !== undefined && (sense === 'least' ? value >= limit : value <= limit) };
  });
}

/** The bars and how each was met, for people. */
export function formatBars(bars: readonly JudgedBar[]): string {
  const rows = bars.map(({ name, value, limit, sense, format, isMet }) => [
    name,
    value === undefined ? '-' : format(value),
    `${sense === 'least' ? '≥' : '≤'} ${format(limit)}`,
    isMet ? 'ok' : 'NOT MET',
  ]);
  const met = bars.filter(({ isMet }) => isMet).length;
  return `${formatTable([['', 'value', 'bar', ''], ...rows])}\n\n${met} of ${bars.length} bars met.`;
}
