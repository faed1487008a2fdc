import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { resolveMeshOptions } from '../../src/mesh/options.js';

const json = join(tmpdir(), 'out.json');

describe('the flags of the mesh suite', () => {
  it('have defaults, but for the file; the uplink is four times the rate, and they come within a third of the run', () => {
    expect(resolveMeshOptions({ json })).toMatchObject({
      peers: 50,
      browsers: 1,
      seconds: 120,
      arrivalSeconds: 40,
      rateKbps: 600,
      uplink: { kind: 'mixed', meanBitsPerSecond: 2_400_000 },
      partMs: 200,
      originUplinkKbps: undefined,
      jsonPath: json,
    });
    expect(resolveMeshOptions({ json, seconds: '20' }).arrivalSeconds).toBe(6);
    expect(resolveMeshOptions({ json, rateKbps: '1000' }).uplink).toEqual({ kind: 'mixed', meanBitsPerSecond: 4_000_000 });
  });

  it('take uplinks as the simulator does, and never more processes than peers', () => {
    expect(resolveMeshOptions({ json, uplink: 'equal:900' }).uplink).toEqual({ kind: 'equal', bitsPerSecond: 900_000 });
    expect(resolveMeshOptions({ json, peers: '3', processes: '8' }).processes).toBe(3);
    expect(resolveMeshOptions({ json, processes: '4' }).processes).toBe(4);
  });

  it.each([
    [{}, '--json is needed'],
    [{ json, peers: '1' }, '--peers must be a whole number from 2 to 500, not "1"'],
    [{ json, browsers: '3' }, '--browsers must be a whole number from 0 to 2'],
    [{ json, seconds: 'ten' }, '--seconds must be'],
    [{ json, uplink: 'fast' }, '--uplink must be a mean in kb/s, or equal:<kb/s>, not "fast"'],
    [{ json, uplink: '0' }, '--uplink must be at least 10 kb/s'],
    [{ json, downlinkKbps: '20' }, '--downlink-kbps must be'],
    [{ json, downlinkKbps: '2000' }, '--downlink-kbps goes with --browsers 0'],
    [{ json, rateKbps: '20' }, '--rate-kbps must be'],
    [{ json, seconds: '20', arrivalSeconds: '19' }, '--arrival-seconds must be at least 2 s less than --seconds'],
    [{ json: '/no/such/folder/out.json' }, 'does not exist'],
    [{ json: tmpdir() }, 'is a folder'],
  ])('%o is refused in one sentence', (flags, sentence) => {
    expect(() => resolveMeshOptions(flags)).toThrow(UsageError);
    expect(() => resolveMeshOptions(flags)).toThrow(sentence);
  });
});
