import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

import { ROOT } from '../steps.mjs';

it('tells a program what is typed to run it', () => {
  const program = "import('./scripts/become-program.mjs').then(({ becomeProgram }) => becomeProgram('scripts/test/print-command.mjs', ['--help'], 'npm start --'))";
  const { stdout } = spawnSync(process.execPath, ['-e', program], { cwd: ROOT });
  expect(JSON.parse(stdout.toString())).toEqual(['npm start --', '--help']);
});

it('knows by what name npm runs each program', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  // The names of these come from what they are given.
  for (const name of ['seed', 'add', 'set-password']) expect(scripts[name]).toMatch(new RegExp(`scripts/p2ptv\\.mjs (?:admin )?${name}$`));
  for (const [name, typed] of [['start', 'npm start --'], ['tracker', 'npm run tracker --']] as const) {
    expect(readFileSync(path.join(ROOT, `scripts/${name}.mjs`), 'utf8')).toContain(`'${typed}'`);
  }
});
