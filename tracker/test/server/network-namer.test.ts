import { describe, expect, it } from 'vitest';
import { NetworkNamer } from '../../src/server/network-namer.js';

describe('names of networks', () => {
  const namer = new NetworkNamer();

  it.each([
    ['192.0.2.1', '192.0.2.254'],
    ['192.0.2.1', '::ffff:192.0.2.9'],
    ['2001:db8:1::1', '2001:0DB8:0001:ffff:1:2:3:4'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
  ])('are the same for %s and %s', (one, other) => {
    expect(namer.nameOf(one)).toBeDefined();
    expect(namer.nameOf(other)).toBe(namer.nameOf(one));
  });

  it.each([
    ['192.0.2.1', '192.0.3.1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['192.0.2.1', '2001:db8:1::1'],
  ])('differ for %s and %s', (one, other) => {
    expect(namer.nameOf(one)).not.toBe(namer.nameOf(other));
  });

  it.each(['', 'localhost', '1.2.3', 'a::b::c.d'])('are not given to %j', (address) => {
    expect(namer.nameOf(address)).toBeUndefined();
  });

  it('tell nothing of an address, and are other ones in another process', () => {
    const name = namer.nameOf('192.0.2.1');
    expect(name).toMatch(/^[A-Za-z0-9+/]{16}$/);
    expect(new NetworkNamer().nameOf('192.0.2.1')).not.toBe(name);
  });
});
