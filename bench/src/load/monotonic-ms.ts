/** Monotonic time, ms; all processes of a machine read the same clock, unlike `performance.now()`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
