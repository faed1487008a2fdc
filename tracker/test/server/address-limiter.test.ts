import { describe, expect, it } from 'vitest';
import { AddressLimiter, addressGroup } from '../../src/server/address-limiter.js';

describe('addressGroup', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, group) => expect(addressGroup(address)).toBe(group));
});

describe('AddressLimiter', () => {
  it('gives each address its burst and its rate, and says how long to wait', () => {
    const limiter = new AddressLimiter({ perSecond: 2, capacity: 2 });
    expect([0, 0, 0].map((nowMs) => limiter.take('192.0.2.1', nowMs))).toEqual([0, 0, 500]);
    expect(limiter.take('192.0.2.2', 0)).toBe(0);
    expect(limiter.take('192.0.2.1', 499)).toBeGreaterThan(0);
    expect(limiter.take('192.0.2.1', 500)).toBe(0);
  });

  it('takes an IPv6 network for one address', () => {
    const limiter = new AddressLimiter({ perSecond: 1, capacity: 1 });
    expect(limiter.take('2001:db8::1', 0)).toBe(0);
    expect(limiter.take('2001:db8::2', 0)).toBe(1_000);
    expect(limiter.take('2001:db8:0:1::2', 0)).toBe(0);
  });

  it('remembers offenders when it prunes', () => {
    const limiter = new AddressLimiter({ perSecond: 1, capacity: 2 });
    limiter.take('192.0.2.1', 0);
    limiter.take('192.0.2.1', 0);
    limiter.prune(1_000);
    limiter.take('192.0.2.1', 1_000);
    expect(limiter.take('192.0.2.1', 1_000)).toBe(1_000);
    limiter.prune(10_000);
    expect(limiter.take('192.0.2.1', 10_000)).toBe(0);
  });

  it('lets addresses beyond its memory share one allowance', () => {
    const limiter = new AddressLimiter({ perSecond: 1, capacity: 1 });
    for (let index = 0; index < 100_000; index++) limiter.take(`a${index}`, 0);
    expect(limiter.take('late', 0)).toBe(0);
    expect(limiter.take('later', 0)).toBe(1_000);
    expect(limiter.take('a5', 1_000)).toBe(0);
  });
});
