import { describe, expect, it } from 'vitest';
import { clientAddress } from '../../src/server/client-address.js';

describe('clientAddress', () => {
  it.each([
    [undefined, true, '127.0.0.1'],
    ['192.0.2.7', false, '127.0.0.1'],
    ['192.0.2.7', true, '192.0.2.7'],
    // The client wrote the first one itself.
    ['198.51.100.1, 192.0.2.7', true, '192.0.2.7'],
    ['2001:db8::1', true, '2001:db8::1'],
    ['192.0.2.7, nonsense', true, '127.0.0.1'],
    ['', true, '127.0.0.1'],
  ])('with X-Forwarded-For %j, trusted %j: %s', (forwarded, isTrusted, address) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    expect(clientAddress({ headers, socket: { remoteAddress: '127.0.0.1' } }, isTrusted)).toBe(address);
  });
});
