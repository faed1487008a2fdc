import { isIPv6 } from 'node:net';
import { TokenBucket } from '../core/token-bucket.js';

/** Addresses kept apart; beyond them newcomers share one allowance. Bounds memory against a flood of addresses. */
const MAX_ADDRESSES = 100_000;
/** Stands for all addresses beyond the limit; no address has this form. */
const CROWD = '*';

/** So many of something a second from each address. */
export class AddressLimiter {
  readonly #rate: { readonly perSecond: number; readonly capacity: number };
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: { readonly perSecond: number; readonly capacity: number }) {
    this.#rate = rate;
  }

  /** Takes one from the address's allowance; returns 0, or how long to wait for the next, ms. */
  take(address: string, nowMs: number): number {
    const bucket = this.#bucketOf(addressGroup(address), nowMs);
    return bucket.take(1, nowMs) ? 0 : bucket.waitMs(1, nowMs);
  }

  /** Forgets addresses that have their full allowance again. */
  prune(nowMs: number): void {
    for (const [group, bucket] of this.#buckets) {
      if (bucket.isFull(nowMs)) this.#buckets.delete(group);
    }
  }

  #bucketOf(group: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(group);
    if (known) return known;
    const key = this.#buckets.size < MAX_ADDRESSES ? group : CROWD;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, as one line gets. */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1] ?? address;
  const withoutZone = address.split('%')[0] ?? address;
  if (!isIPv6(withoutZone)) return address;
  const [head = '', tail] = withoutZone.toLowerCase().split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - headGroups.length - tailGroups.length);
  const groups = [...headGroups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups];
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
