/** Who can send how much, bits a second. */
export type Uplinks = {
  readonly originBitsPerSecond: number;
  readonly uplinksBitsPerSecond: readonly number[];
};

/**
 * The highest rate at which all viewers can watch, however it is done: r ≤ min{u_s, (u_s + Σu_i)/N}.
 * Downlinks are taken to be no limit.
 *
 * Source: R. Kumar, Y. Liu, K. Ross: Stochastic fluid theory for P2P streaming systems. INFOCOM 2007.
 *
 * @returns bits a second; without viewers what the origin can send
 */
export function streamRateLimit({ originBitsPerSecond, uplinksBitsPerSecond }: Uplinks): number {
  const viewers = uplinksBitsPerSecond.length;
  if (viewers === 0) return originBitsPerSecond;
  return Math.min(originBitsPerSecond, (originBitsPerSecond + sum(uplinksBitsPerSecond)) / viewers);
}

/** What {@link offloadUplinkLimit} is asked for. */
export type OffloadDemand = {
  readonly uplinksBitsPerSecond: readonly number[];
  readonly rateBitsPerSecond: number;
  /** η: the share of an uplink that can carry media, 0 … 1; the rest is headers of the layers below, control messages. */
  readonly usableUplinkRatio: number;
};

/**
 * The largest share of the media that viewers' uplinks can carry: ηΣu/(N r), at most 1. What is
 * lacking only the origin can send, at least N·r − ηΣu.
 *
 * Source: as {@link streamRateLimit}, solved for u_s.
 */
export function offloadUplinkLimit({ uplinksBitsPerSecond, rateBitsPerSecond, usableUplinkRatio }: OffloadDemand): number {
  const wanted = uplinksBitsPerSecond.length * rateBitsPerSecond;
  return wanted === 0 ? 1 : Math.min(1, (usableUplinkRatio * sum(uplinksBitsPerSecond)) / wanted);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
