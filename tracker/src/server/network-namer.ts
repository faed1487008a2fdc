import { createHmac, randomBytes } from 'node:crypto';
import { addressGroup } from './address-limiter.js';

/**
 * Names the networks that addresses lie in (IPv4: /24, IPv6: /48), so that peers of one network can
 * be introduced to each other. The names are hashes with a key of this process: nothing that is
 * kept of a peer tells its address, and no two processes name a network alike.
 */
export class NetworkNamer {
  readonly #key = randomBytes(32);

  /** The name of an address's network; undefined for what is no address. */
  nameOf(address: string): string | undefined {
    const prefix = prefixOf(address);
    return prefix === undefined ? undefined : createHmac('sha256', this.#key).update(prefix).digest('base64').slice(0, 16);
  }
}

function prefixOf(address: string): string | undefined {
  const group = addressGroup(address);
  if (group.endsWith('::/64')) return group.split(':').slice(0, 3).join(':');
  return /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(group)?.[1];
}
