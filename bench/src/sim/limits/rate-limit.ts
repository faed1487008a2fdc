/** What {@link offloadUplinkLimit} is asked for. */
export type OffloadDemand = {
  readonly uplinksBitsPerSecond: readonly number[];
  readonly rateBitsPerSecond: number;
  /** η: the share of an uplink that can carry media, 0 … 1; the rest is headers of the layers below, control messages. */
  readonly usableUplinkRatio: number;
};

/**
 * The largest share of the media that viewers' uplinks can carry: ηΣu/(N r), at most 1. What is
 * lacking only the origin can send, at least N·r − ηΣu. Downlinks are taken to be no limit.
 *
 * Source: r ≤ min{u_s, (u_s + Σu_i)/N}, solved for u_s: R. Kumar, Y. Liu, K. Ross: Stochastic fluid theory for P2P
 * streaming systems. INFOCOM 2007.
 */
export function offloadUplinkLimit({ uplinksBitsPerSecond, rateBitsPerSecond, usableUplinkRatio }: OffloadDemand): number {
  const wanted = uplinksBitsPerSecond.length * rateBitsPerSecond;
  return wanted === 0 ? 1 : Math.min(1, (usableUplinkRatio * sum(uplinksBitsPerSecond)) / wanted);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
