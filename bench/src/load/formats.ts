/** 12,345 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 12.3 */
export function tenths(value: number): string {
  return value.toFixed(1);
}

/** 1.23 */
export function hundredths(value: number): string {
  return value.toFixed(2);
}

/** 12.3 ms */
export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** 12.3 % */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** What could not be measured is a dash. */
export function orDash(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '-' : format(value);
}
