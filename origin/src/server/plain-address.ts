/** A remote's address as people write it: on a socket for both families, an IPv4 address comes in the guise of an IPv6 one. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
