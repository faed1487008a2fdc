import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { UsageError } from '../../src/errors.js';
import { resolveOriginOptions } from '../../src/origin/options.js';

describe('the origin suite’s options', () => {
  it('has two crowds where nothing is said', () => {
    expect(resolveOriginOptions({})).toMatchObject({ clients: [1_000, 5_000], rounds: 20, seconds: 10, rateKbps: 3_000, partMs: 200, jsonPath: undefined });
  });

  it('takes what is said', () => {
    const json = join(tmpdir(), 'figures.json');
    const flags = { clients: '10,20', rounds: '2', partMs: '250', nginx: process.execPath, json };
    expect(resolveOriginOptions(flags)).toMatchObject({ clients: [10, 20], rounds: 2, partMs: 250, nginx: process.execPath, jsonPath: json });
  });

  it.each([
    [{ clients: '20,10' }, '--clients must be whole numbers from 1 to 1000000 with commas, rising, not "20,10".'],
    [{ partMs: '300' }, '--part-ms must divide a segment of 2000 ms, not "300".'],
    [{ rateKbps: '1' }, '--rate-kbps must be a whole number from 100 to 100000, not "1".'],
    [{ nginx: '/no/such/nginx' }, '--nginx /no/such/nginx is no program.'],
  ])('refuses %o', (flags, sentence) => {
    expect(() => resolveOriginOptions(flags)).toThrow(new UsageError(sentence));
  });
});
