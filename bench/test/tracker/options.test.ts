import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { UsageError } from '../../src/errors.js';
import { resolveTrackerOptions } from '../../src/tracker/options.js';

describe('the tracker suite’s options', () => {
  it('has three sizes and both systems where nothing is said', () => {
    const options = resolveTrackerOptions({});
    expect(options).toMatchObject({ sockets: [1_000, 5_000, 20_000], seconds: 10, systems: ['p2ptv', 'bittorrent-tracker'], jsonPath: undefined });
    expect(options.clients).toBeGreaterThanOrEqual(1);
  });

  it('takes sizes, systems and a file', () => {
    const json = join(tmpdir(), 'figures.json');
    const options = resolveTrackerOptions({ sockets: '50,100', seconds: '2', systems: 'p2ptv', clients: '3', json });
    expect(options).toMatchObject({ sockets: [50, 100], seconds: 2, systems: ['p2ptv'], clients: 3, jsonPath: json });
  });

  it.each([
    [{ sockets: '100,50' }, '--sockets must be whole numbers from 10 to 1000000 with commas, rising, not "100,50".'],
    [{ sockets: 'many' }, '--sockets must be whole numbers from 10 to 1000000 with commas, rising, not "many".'],
    [{ seconds: '0' }, '--seconds must be a whole number from 1 to 600, not "0".'],
    [{ systems: 'p2ptv,p2ptv' }, '--systems must name some of p2ptv, bittorrent-tracker, each once, with commas, not "p2ptv,p2ptv".'],
    [{ json: '/no/such/folder/out.json' }, 'The folder of --json /no/such/folder/out.json does not exist.'],
    [{ json: tmpdir() }, `--json ${tmpdir()} is a folder: name a file.`],
  ])('refuses %o', (flags, sentence) => {
    expect(() => resolveTrackerOptions(flags)).toThrow(new UsageError(sentence));
  });
});
