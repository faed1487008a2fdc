/** Fails when a document names a file or folder of this repository, in backticks, or a script of npm's, that is not there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { ROOT } from './steps.mjs';

/** Another checkout may be named, for the tests of this very check. */
const root = process.argv[2] ?? ROOT;

const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'docs/broadcasting.md', 'docs/operating.md', 'docs/hls-page.md', 'protocol/SPEC.md', 'peer/SPEC.md', 'bench/README.md'];
const NAMED_PATH = /`((?:protocol|tracker|peer|origin|player|bench|docs|scripts)\/[\w./-]*)`/g;
const NAMED_SCRIPT = /\bnpm run ([\w:-]+)/g;
/** What a build or a run makes. */
const MADE = /\/dist(\/|$)/;

const { scripts = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** @type {string[]} */
const complaints = [];
for (const document of DOCUMENTS.filter((file) => existsSync(path.join(root, file)))) {
  readFileSync(path.join(root, document), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      for (const [, named = ''] of line.matchAll(NAMED_PATH)) {
        if (MADE.test(named) || existsSync(path.join(root, named))) {
          continue;
        }
        complaints.push(`${document}:${index + 1}: ${named} does not exist`);
      }
      for (const [, script = ''] of line.matchAll(NAMED_SCRIPT)) {
        if (!(script in scripts)) {
          complaints.push(`${document}:${index + 1}: there is no script ${script}`);
        }
      }
    });
}

for (const complaint of complaints) {
  console.log(complaint);
}
process.exitCode = complaints.length > 0 ? 1 : 0;
