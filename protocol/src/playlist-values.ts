/** Seconds with microseconds, without needless zeros. */
export function decimalSeconds(seconds: number): string {
  return String(Number(seconds.toFixed(6)));
}

/** ISO 8601, UTC, of ms since the Unix epoch. */
export function isoDate(unixMs: number): string {
  // eslint-disable-next-line no-restricted-globals -- formats a time that it is given, reads no clock
  return new Date(unixMs).toISOString();
}
