/**
 * `npm test [-- --only <part,…>] [vitest filters]`: sets up what is missing, then runs every check and every test.
 * Stops at the first part that fails. The last line is vitest's own count.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { build, checkNode, installDependencies } from './setup.mjs';
import { ROOT, StepFailed, main, run, step } from './steps.mjs';
import { ensurePrograms } from './system-programs.mjs';
import { turbo } from './turbo.mjs';

/**
 * `isBeside`: where the next part that is not so `leavesTime`, it runs beside that, and takes the processor only while nobody
 * else does.
 *
 * @typedef {{ filters: string[], how: import('./steps.mjs').RunOptions }} Work
 * @typedef {{ title: string, needsBuild: boolean, isTests?: boolean, isBeside?: boolean, leavesTime?: boolean, work: (work: Work) => Promise<unknown> }} Part
 */

const totals = { passed: 0, failed: 0, skipped: 0 };

/** @type {Record<string, Part>} in the order in which they run: what fails fastest first */
const PARTS = {
  files: script('Lock file and length of files', 'check-files.mjs'),
  boundaries: {
    title: 'Boundaries between packages',
    needsBuild: false,
    work: () => node('node_modules/dependency-cruiser/bin/dependency-cruise.mjs', boundariesArguments()),
  },
  spec: script('SPEC rules and the tests that cite them', 'check-spec-rules.mjs'),
  docs: script('Doc comments of public names', 'check-public-docs.mjs'),
  paths: script('Paths that documents name', 'check-doc-paths.mjs'),
  lint: { title: 'Lint', needsBuild: false, isBeside: true, work: ({ how }) => turbo(['lint', '//#lint:root'], how) },
  types: { title: 'Types', needsBuild: true, isBeside: true, work: ({ how }) => turbo(['typecheck', '//#typecheck:root'], how) },
  unit: {
    title: 'Unit, property and contract tests',
    needsBuild: true,
    isTests: true,
    // They often wait for a process or a socket. So do browser tests, but those are to have all of the machine.
    leavesTime: true,
    work: ({ filters, how }) => vitest(['--project=!browser', ...filters], how),
  },
  browser: {
    title: 'Browser tests',
    needsBuild: true,
    isTests: true,
    work: ({ filters, how }) => vitest(['--project=browser', ...filters], how),
  },
};

const { names, filters } = parseArguments(process.argv.slice(2));
const parts = names.map((name) => /** @type {Part} */ (PARTS[name]));
const runsTests = parts.some((part) => part.isTests);

await main(async () => {
  checkNode();
  await installDependencies();
  if (runsTests) {
    await ensurePrograms();
  }
  if (parts.some((part) => part.needsBuild)) {
    await build();
  }
  /** @type {Part[]} */
  let beside = [];
  for (const part of parts) {
    if (part.isBeside) {
      beside.push(part);
      continue;
    }
    await (part.leavesTime ? together(part, beside) : oneByOne([...beside, part]));
    beside = [];
  }
  await oneByOne(beside);
});
if (runsTests) {
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
}

/**
 * Runs a part, and meanwhile others one after the other. The first that fails ends all of them.
 *
 * @param {Part} part
 * @param {Part[]} beside
 */
async function together(part, beside) {
  const ending = new AbortController();
  const { signal } = ending;
  const works = [oneByOne([part], { signal }), oneByOne(beside, { signal, isYielding: true })];
  try {
    await Promise.all(works);
  } catch (error) {
    ending.abort();
    await Promise.allSettled(works);
    throw error;
  }
}

/**
 * @param {Part[]} several
 * @param {import('./steps.mjs').RunOptions} [how]
 */
async function oneByOne(several, how = {}) {
  for (const { title, work } of several) {
    await step(how.isYielding ? `${title}, beside the tests` : title, () => work({ filters, how }), { isToldAtEnd: how.isYielding });
  }
}

/**
 * @param {string[]} args
 * @returns {{ names: string[], filters: string[] }}
 */
function parseArguments(args) {
  const at = args.indexOf('--only');
  if (at === -1) {
    return { names: Object.keys(PARTS), filters: args };
  }
  const wanted = (args[at + 1] ?? '').split(',');
  const unknown = wanted.filter((name) => PARTS[name] === undefined);
  if (unknown.length > 0) {
    console.error(`--only takes ${Object.keys(PARTS).join(', ')} (several with commas), not '${unknown.join(',')}'`);
    process.exit(2);
  }
  return { names: wanted, filters: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/**
 * @param {string} title
 * @param {string} file
 * @returns {Part}
 */
function script(title, file) {
  return { title, needsBuild: false, work: () => node(`scripts/${file}`, []) };
}

/**
 * @param {string} file
 * @param {string[]} args
 */
async function node(file, args) {
  await run(process.execPath, [path.join(ROOT, file), ...args]);
}

function boundariesArguments() {
  const command = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).scripts.boundaries;
  return command.split(' ').slice(1);
}

/**
 * Runs vitest and adds what it counted to the totals, whether it fails or not.
 *
 * @param {string[]} args
 * @param {import('./steps.mjs').RunOptions} how
 */
async function vitest(args, how) {
  const folder = mkdtempSync(path.join(tmpdir(), 'p2ptv-test-'));
  const report = path.join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    await run(
      process.execPath,
      [path.join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--passWithNoTests', ...reporters, ...args],
      { ...how, isQuiet: false },
    );
  } catch (error) {
    throw error instanceof StepFailed ? new StepFailed('the tests, see above') : error;
  } finally {
    addCounts(report);
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} report */
function addCounts(report) {
  let counts;
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    // A vitest that could not even start has counted nothing; its exit code says the rest.
    return;
  }
  totals.passed += counts.numPassedTests;
  totals.failed += counts.numFailedTests;
  totals.skipped += counts.numPendingTests + counts.numTodoTests;
}
