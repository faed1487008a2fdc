/** How far a place is from the nearest of these ranges, s; 0 within one, Infinity where there are none. */
export function outsideSeconds(ranges: readonly { readonly from: number; readonly to: number }[], place: number): number {
  return Math.min(Infinity, ...ranges.map(({ from, to }) => Math.max(0, from - place, place - to)));
}
