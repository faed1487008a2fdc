import type { Random } from '@p2ptv/protocol';

/** A way to draw uplinks. */
export type UplinkDistribution =
  /** Four classes as access networks have them, scaled to a mean. */
  | { readonly kind: 'mixed'; readonly meanBitsPerSecond: number }
  | { readonly kind: 'equal'; readonly bitsPerSecond: number }
  /** One after the other, as viewers come: for a run that shall be like another one. At least one. */
  | { readonly kind: 'listed'; readonly bitsPerSecond: readonly number[] };

/**
 * Shares of viewers and their uplinks, Mb/s: DSL, cable and mobile, VDSL and good cable, fibre. Log-normal-like, as
 * measurements of access networks are (FCC Measuring Broadband America; Ookla): most have little, a few have much.
 */
const CLASSES: readonly { readonly share: number; readonly weight: number }[] = [
  { share: 0.25, weight: 3 },
  { share: 0.35, weight: 8 },
  { share: 0.25, weight: 15 },
  { share: 0.15, weight: 30 },
];
const MEAN_WEIGHT = CLASSES.reduce((sum, { share, weight }) => sum + share * weight, 0);
/** Within its class a line is up to so much slower or faster. */
const SPREAD_RATIO = 0.2;

/**
 * Draws one viewer's uplink, bits a second.
 *
 * @param place how many viewers came before it
 */
export function drawUplink(distribution: UplinkDistribution, random: Random, place: number): number {
  if (distribution.kind === 'equal') return distribution.bitsPerSecond;
  if (distribution.kind === 'listed') return distribution.bitsPerSecond[place % distribution.bitsPerSecond.length] ?? 0;
  let rest = random.next();
  const drawn = CLASSES.find(({ share }) => (rest -= share) < 0) ?? CLASSES[0];
  const spread = 1 + SPREAD_RATIO * (2 * random.next() - 1);
  return ((drawn?.weight ?? 0) / MEAN_WEIGHT) * spread * distribution.meanBitsPerSecond;
}
