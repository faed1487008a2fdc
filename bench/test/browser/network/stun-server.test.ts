import { describe, expect, it } from 'vitest';
import { stunAnswer } from '../../../src/browser/network/stun-server.js';

/** RFC 5769, 2.2: cookie, transaction and address of the sample response. */
const TRANSACTION = 'b7e7a701bc34d686fa87dfae';
const REQUEST = Buffer.from(`000100002112a442${TRANSACTION}`, 'hex');

describe('the STUN server of the bench', () => {
  it('answers as the sample of RFC 5769 does', () => {
    const answer = stunAnswer(REQUEST, { address: '192.0.2.1', port: 32_853 });
    expect(answer?.toString('hex')).toBe(`0101000c2112a442${TRANSACTION}002000080001a147e112a643`);
  });

  it('is silent on whatever else comes', () => {
    const from = { address: '192.0.2.1', port: 1 };
    expect(stunAnswer(REQUEST.subarray(0, 19), from)).toBeUndefined();
    expect(stunAnswer(Buffer.from(`010100002112a442${TRANSACTION}`, 'hex'), from)).toBeUndefined();
    expect(stunAnswer(Buffer.from(`0001000011111111${TRANSACTION}`, 'hex'), from)).toBeUndefined();
  });
});
