import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveBrowserOptions } from '../../src/browser/options.js';
import { SYSTEMS } from '../../src/browser/systems/registry.js';
import { UsageError } from '../../src/errors.js';

const json = join(tmpdir(), 'out.json');

describe('the flags of the browser suite', () => {
  it('have defaults, but for the file', () => {
    expect(resolveBrowserOptions({ json })).toEqual({
      viewers: 4,
      seconds: 60,
      partMs: 200,
      systems: ['p2ptv', 'hlsjs'],
      scenario: 'steady',
      lines: undefined,
      jsonPath: json,
      htmlPath: undefined,
      rounds: 1,
      starts: 3,
      input: 'clip',
      height: 360,
      staggerMs: 1250,
    });
  });

  it('keep the order of the systems', () => {
    expect(resolveBrowserOptions({ json, systems: 'hlsjs,p2ptv' }).systems).toEqual(['hlsjs', 'p2ptv']);
    expect(resolveBrowserOptions({ json, systems: 'hlsjs' }).systems).toEqual(['hlsjs']);
    expect(resolveBrowserOptions({ json, systems: 'all' }).systems).toEqual(Object.keys(SYSTEMS));
  });

  it('limit lines where that is asked for, and know steady viewers on limited lines as a scenario', () => {
    const lines = { uplinkKbps: undefined, downlinkKbps: 50_000, hasNat: false };
    expect(resolveBrowserOptions({ json, shape: true })).toMatchObject({ scenario: 'shape', lines });
    expect(resolveBrowserOptions({ json, scenario: 'shape' })).toMatchObject({ scenario: 'shape', lines });
    expect(resolveBrowserOptions({ json, scenario: 'kill', shape: true, uplinkKbps: '900', downlinkKbps: '3000', nat: true })).toMatchObject({
      scenario: 'kill',
      lines: { uplinkKbps: 900, downlinkKbps: 3000, hasNat: true },
    });
    expect(resolveBrowserOptions({ json, scenario: 'kill' }).lines).toBeUndefined();
  });

  it.each([
    [{}, '--json is needed'],
    [{ json, viewers: '0' }, '--viewers must be a whole number from 1 to 64, not "0"'],
    [{ json, seconds: 'ten' }, '--seconds must be'],
    [{ json, partMs: '10' }, '--part-ms must be'],
    [{ json, height: '100' }, '--height must be a whole number from 180'],
    [{ json, systems: 'hlsjs,vlc' }, '--systems must be all, or name some of p2ptv, p2ptv-off, hlsjs'],
    [{ json, systems: 'hlsjs,hlsjs' }, '--systems must be'],
    [{ json, systems: 'all,hlsjs' }, '--systems must be all, or name'],
    [{ json, rounds: '0' }, '--rounds must be a whole number from 1 to 50'],
    [{ json, scenario: 'picnic' }, '--scenario must be one of steady, late-joiner, kill, shape, no-webrtc, tracker-killed, origin-killed, on-demand, abr, not "picnic"'],
    [{ json, nat: true }, '--nat is about the viewers’ lines: it goes with --shape.'],
    [{ json, scenario: 'kill', uplinkKbps: '900' }, '--uplink-kbps is about'],
    [{ json, downlinkKbps: '900' }, '--downlink-kbps is about'],
    [{ json, shape: true, uplinkKbps: '9' }, '--uplink-kbps must be a whole number from 100'],
    [{ json, scenario: 'kill', viewers: '1' }, 'kill needs somebody who survives: --viewers 2 or more.'],
    [{ json, scenario: 'kill', seconds: '18' }, 'kill needs time for one killing at least: --seconds 19 or more.'],
    [{ json, scenario: 'late-joiner', viewers: '1' }, 'late-joiner needs somebody who was there before'],
    [{ json, scenario: 'late-joiner', seconds: '32' }, '--seconds 33 or more'],
    [{ json, scenario: 'no-webrtc', viewers: '1' }, 'no-webrtc needs others'],
    [{ json, scenario: 'tracker-killed', seconds: '20' }, 'tracker-killed needs time after the killing: --seconds 24 or more'],
    [{ json, scenario: 'origin-killed', seconds: '20' }, 'origin-killed needs time to recover: --seconds 32 or more'],
    [{ json, html: '/no/such/folder/out.html' }, 'The folder of --html'],
    [{ json, html: tmpdir() }, 'is a folder'],
    [{ json, staggerMs: '20000', viewers: '4', seconds: '60' }, 'The last viewer would come after the first has left'],
    [{ json: '/no/such/folder/out.json' }, 'does not exist'],
    [{ json: tmpdir() }, 'is a folder'],
  ])('%o is refused in one sentence', (flags, sentence) => {
    expect(() => resolveBrowserOptions(flags)).toThrow(UsageError);
    expect(() => resolveBrowserOptions(flags)).toThrow(sentence);
  });
});
