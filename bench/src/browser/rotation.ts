/**
 * The order of a round: each begins with the system after the one that the round before began with, so that
 * none is always first, when the machine is cold, nor always follows the same other.
 *
 * @param round from 0 on
 */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
