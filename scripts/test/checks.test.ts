import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ROOT } from '../steps.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'p2ptv-checks-'));
  write('package.json', JSON.stringify({ engines: { node: '>=20.20' }, workspaces: ['protocol'] }));
  write('protocol/package.json', JSON.stringify({ exports: { '.': { 'p2ptv-source': './src/index.ts' } } }));
  writeLock({});
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
}

function writeLock(packages: Record<string, object>): void {
  write('package-lock.json', JSON.stringify({ packages: { '': {}, protocol: {}, ...packages } }));
}

function check(script: string): { code: number | null; complaints: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [path.join(ROOT, 'scripts', script), folder]);
  const lines = stdout.toString().trim().split('\n');
  return { code: status, complaints: status === 0 ? [] : lines };
}

describe('check-spec-rules', () => {
  const spec = '- **WR1** first\n- **WR2** second\n';
  const cite = (titles: string): void => {
    write('protocol/test/wire.test.ts', `describe('wire', () => { ${titles} });`);
  };

  it('passes when each rule is cited', () => {
    write('protocol/SPEC.md', spec);
    cite("it('WR1: reads', () => {}); it.each([1])('WR2: writes %s', () => {});");
    expect(check('check-spec-rules.mjs')).toEqual({ code: 0, complaints: [] });
  });

  it('names a rule that no test cites, and does not count a skipped test', () => {
    write('protocol/SPEC.md', spec);
    cite("it('WR1: reads', () => {}); it.skip('WR2: writes', () => {});");
    expect(check('check-spec-rules.mjs')).toEqual({
      code: 1,
      complaints: ['protocol/SPEC.md:2: no test cites WR2'],
    });
  });

  it('names a citation of no rule, and a number used twice', () => {
    write('protocol/SPEC.md', `${spec}- **WR2** again\n`);
    cite("it('WR1, WR2, WR9: reads H264', () => {});");
    expect(check('check-spec-rules.mjs').complaints).toEqual([
      'protocol/SPEC.md:3: WR2 stands at protocol/SPEC.md:2 already',
      'protocol/test/wire.test.ts:1: cites WR9, which no SPEC has',
    ]);
  });
});

describe('check-public-docs', () => {
  it('names what is exported without a comment, through a re-export too', () => {
    write('protocol/src/index.ts', "export { a, b } from './names.js';\nexport type { C } from './names.js';\n");
    write('protocol/src/names.ts', '/** Documented. */\nexport const a = 1;\nexport const b = 2;\nexport type C = 3;\n');
    expect(check('check-public-docs.mjs').complaints).toEqual([
      "protocol/src/names.ts:3: 'b' has no doc comment",
      "protocol/src/names.ts:4: 'C' has no doc comment",
    ]);
  });
});

describe('check-files', () => {
  it('passes a lock file without addresses, within our Node', () => {
    writeLock({ 'node_modules/a': { version: '1.0.0', engines: { node: '>=18' } } });
    expect(check('check-files.mjs').code).toBe(0);
  });

  it('names an address, a package for a newer Node, and a lock file left behind', () => {
    writeLock({
      protocol: { dependencies: { a: '1.0.0' } },
      'node_modules/a': { version: '1.0.0', resolved: 'https://registry.example/a.tgz', engines: { node: '>=22' } },
    });
    expect(check('check-files.mjs').complaints).toEqual([
      expect.stringContaining('node_modules/a names an address'),
      expect.stringContaining('node_modules/a 1.0.0 needs Node >=22'),
      expect.stringContaining('behind the dependencies of protocol'),
    ]);
  });

  it('names a source file of more than 700 lines', () => {
    write('protocol/src/long.ts', '\n'.repeat(701));
    write('protocol/src/just-right.ts', '\n'.repeat(700));
    expect(check('check-files.mjs').complaints).toEqual([expect.stringContaining('long.ts: 701 lines')]);
  });
});

describe('check-doc-paths', () => {
  it('names a path that is not there, and leaves what a build makes alone', () => {
    write('protocol/src/ids.ts', '');
    write('README.md', 'see `protocol/src/ids.ts`, `protocol/dist/index.js`\nand `protocol/src/gone.ts`\n');
    expect(check('check-doc-paths.mjs')).toEqual({
      code: 1,
      complaints: ['README.md:2: protocol/src/gone.ts does not exist'],
    });
  });

  it('names a script that npm does not know', () => {
    write('package.json', JSON.stringify({ scripts: { seed: 'node seed.mjs' } }));
    write('README.md', 'npm run seed -- link\nnpm run sow\n');
    expect(check('check-doc-paths.mjs')).toEqual({ code: 1, complaints: ['README.md:2: there is no script sow'] });
  });
});
