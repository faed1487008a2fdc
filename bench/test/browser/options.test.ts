import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveBrowserOptions } from '../../src/browser/options.js';
import { UsageError } from '../../src/errors.js';

const json = join(tmpdir(), 'out.json');

describe('the flags of the browser suite', () => {
  it('have defaults, but for the file', () => {
    expect(resolveBrowserOptions({ json })).toEqual({
      viewers: 4,
      seconds: 60,
      partMs: 200,
      systems: ['p2ptv', 'hlsjs'],
      jsonPath: json,
      input: 'clip',
      height: 360,
      staggerMs: 1250,
    });
  });

  it('keep the order of the systems', () => {
    expect(resolveBrowserOptions({ json, systems: 'hlsjs,p2ptv' }).systems).toEqual(['hlsjs', 'p2ptv']);
    expect(resolveBrowserOptions({ json, systems: 'hlsjs' }).systems).toEqual(['hlsjs']);
  });

  it.each([
    [{}, '--json is needed'],
    [{ json, viewers: '0' }, '--viewers must be a whole number from 1 to 64, not "0"'],
    [{ json, seconds: 'ten' }, '--seconds must be'],
    [{ json, partMs: '10' }, '--part-ms must be'],
    [{ json, height: '100' }, '--height must be a whole number from 180'],
    [{ json, systems: 'hlsjs,vlc' }, '--systems must name some of p2ptv, hlsjs'],
    [{ json, systems: 'hlsjs,hlsjs' }, '--systems must name'],
    [{ json, staggerMs: '20000', viewers: '4', seconds: '60' }, 'The last viewer would come after the first has left'],
    [{ json: '/no/such/folder/out.json' }, 'does not exist'],
    [{ json: tmpdir() }, 'is a folder'],
  ])('%o is refused in one sentence', (flags, sentence) => {
    expect(() => resolveBrowserOptions(flags)).toThrow(UsageError);
    expect(() => resolveBrowserOptions(flags)).toThrow(sentence);
  });
});
