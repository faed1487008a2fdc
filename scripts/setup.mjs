/** What every command needs before it can start: the right Node, the dependencies, the build. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { ROOT, StepFailed, run, step } from './steps.mjs';
import { turbo } from './turbo.mjs';

const STAMP = path.join(ROOT, 'node_modules', '.p2ptv-lock');

/**
 * @throws {StepFailed} when Node is older than what package.json asks for
 */
export function checkNode() {
  const floor = readJson('package.json').engines.node.replace('>=', '');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [floorMajor, floorMinor] = floor.split('.').map(Number);
  if (major < floorMajor || (major === floorMajor && minor < floorMinor)) {
    throw new StepFailed(`Node ${floor} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`);
  }
}

/** Installs what the lock file names, unless it is there already. */
export async function installDependencies() {
  await step('Dependencies', async () => {
    const lockText = readFileSync(path.join(ROOT, 'package-lock.json'));
    const lockHash = createHash('sha256').update(lockText).digest('hex');
    if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash) {
      return 'up to date';
    }
    const isInstalled = isWhatIsInstalled(JSON.parse(lockText.toString()));
    if (!isInstalled) {
      console.log('   npm ci (a minute or so the first time)');
      rmSync(STAMP, { force: true });
      await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
    }
    writeFileSync(STAMP, lockHash);
    return isInstalled ? 'up to date' : 'installed';
  });
}

/** Builds what changed since the last build. */
export async function build() {
  await step('Build', () => turbo(['build']));
}

/**
 * Whether node_modules holds just what the lock file names. Somebody may have run npm by hand, and `npm ci` begins by
 * deleting everything, so it is worth a look. npm leaves its own list behind when an installation has come to its end.
 *
 * @param {{ packages: Record<string, { version?: string, link?: boolean, optional?: boolean }> }} lock
 */
function isWhatIsInstalled(lock) {
  const list = path.join('node_modules', '.package-lock.json');
  if (!existsSync(path.join(ROOT, list))) {
    return false;
  }
  const installed = readJson(list).packages;
  return Object.entries(lock.packages).every(([location, { version, link, optional }]) => {
    if (!location.includes('node_modules/')) {
      return true;
    }
    const found = installed[location];
    // Optional packages are those of other platforms.
    return found === undefined ? optional === true : found.version === version && found.link === link;
  });
}

/** @param {string[]} args */
async function npm(args) {
  // Under `npm run` this is the very npm in use; `npm` alone cannot be spawned without a shell on Windows.
  const script = process.env['npm_execpath'];
  await (script?.endsWith('.js') ? run(process.execPath, [script, ...args]) : run('npm', args));
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
}
