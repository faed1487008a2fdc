/**
 * Checks what no linter sees: where the lock file points, whether it is current, which Node it needs, and how long the
 * source files are.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import semver from 'semver';

import { ROOT } from './steps.mjs';

/** Another checkout may be named, for the tests of this very check. */
const root = process.argv[2] ?? ROOT;

const MAX_LINES = 700;
const SOURCE = /\.(c|m)?(ts|js)x?$|\.(css|html|sh)$/;
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'data', '.git', '.turbo']);

/** Declare a newer Node and run on ours: the tests of the studio and of WHIP go through them on whatever Node runs the tests. */
const RUNS_ON_OUR_FLOOR = new Set(['awaitqueue', 'h264-profile-level-id', 'mediasoup-client', 'supports-color', 'werift']);

/** @type {string[]} */
const complaints = [];

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
const floor = semver.minVersion(manifest.engines.node)?.version;
for (const [location, entry] of Object.entries(lock.packages)) {
  if (/^[a-z+]+:/.test(entry.resolved ?? '')) {
    complaints.push(`package-lock.json: ${location} names an address, so it installs only where that is reachable`);
  }
  const range = entry.engines?.node;
  const isKnownToRun = RUNS_ON_OUR_FLOOR.has(location.slice(location.lastIndexOf('node_modules/') + 'node_modules/'.length));
  if (range !== undefined && !isKnownToRun && !semver.satisfies(floor ?? '', range)) {
    complaints.push(`package-lock.json: ${location} ${entry.version} needs Node ${range}, our floor is ${floor}`);
  }
}

for (const workspace of ['', ...manifest.workspaces]) {
  const wanted = JSON.parse(readFileSync(path.join(root, workspace, 'package.json'), 'utf8'));
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    if (JSON.stringify(sorted(wanted[kind])) !== JSON.stringify(sorted(lock.packages[workspace]?.[kind]))) {
      complaints.push(`package-lock.json: behind the ${kind} of ${workspace || 'the root'}: run npm install`);
    }
  }
}

for (const file of sourceFiles(root)) {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1;
  if (lines > MAX_LINES) {
    complaints.push(`${path.relative(root, file)}: ${lines} lines, at most ${MAX_LINES} are allowed: split it`);
  }
}

console.log(complaints.join('\n'));
process.exitCode = complaints.length === 0 ? 0 : 1;

/** @param {Record<string, string>} [record] */
function sorted(record = {}) {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        return sourceFiles(file);
      }
      return SOURCE.test(entry.name) ? [file] : [];
    });
}
