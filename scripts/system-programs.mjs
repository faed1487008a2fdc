/** The programs that npm cannot bring: Chromium and Firefox for the browser tests, ffmpeg for the encoder. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { StepFailed, run, step } from './steps.mjs';

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const FIREFOX_NAMES = ['firefox-esr', 'firefox'];
const CHROMIUM_FILES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * The Chromium that tests and benches drive: the variable P2PTV_CHROMIUM, else the first one installed.
 *
 * @returns {string | undefined} path of the executable
 */
export function findChromium() {
  const wanted = process.env['P2PTV_CHROMIUM'];
  if (wanted !== undefined && wanted !== '') {
    return isExecutable(wanted) ? wanted : undefined;
  }
  return findOnPath(CHROMIUM_NAMES) ?? CHROMIUM_FILES.find(isExecutable);
}

/**
 * The Firefox that tests drive: the variable P2PTV_FIREFOX, else the first one installed. Without one its tests are skipped.
 *
 * @returns {string | undefined} path of the executable
 */
export function findFirefox() {
  const wanted = process.env['P2PTV_FIREFOX'];
  return wanted === undefined || wanted === '' ? findOnPath(FIREFOX_NAMES) : wanted;
}

/**
 * Installs Chromium and ffmpeg where we may (Debian and its kin, as root), and Firefox on Debian.
 *
 * @throws {StepFailed} elsewhere, with the one command to run
 */
export async function ensurePrograms() {
  await step('Chromium, Firefox and ffmpeg', async () => {
    const wanted = process.env['P2PTV_CHROMIUM'];
    if (wanted && findChromium() === undefined) {
      throw new StepFailed(`P2PTV_CHROMIUM names ${wanted}, which is no program`);
    }
    const missing = missingPackages();
    const isRoot = process.getuid?.() === 0;
    // Elsewhere it has other names, and is no reason to stop: its tests are skipped.
    const wished = isRoot && isSystem(/^ID=debian$/m) && findFirefox() === undefined ? ['firefox-esr'] : [];
    if (missing.length + wished.length === 0) {
      return findFirefox() === undefined ? 'present, but for Firefox: its tests are skipped' : 'present';
    }
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing, ...wished];
    if (!isSystem(/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m)) {
      throw new StepFailed(`install ${missing.join(' and ')}, on macOS with: brew install ${missing.join(' ')}`);
    }
    if (!isRoot) {
      throw new StepFailed(`missing: ${missing.join(', ')}. Run: sudo apt-get update && sudo ${install.join(' ')}`);
    }
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    console.log(`   ${install.join(' ')}`);
    await run('apt-get', ['update'], { env });
    await run('apt-get', install.slice(1), { env });
    const stillMissing = missingPackages();
    if (stillMissing.length > 0) {
      throw new StepFailed(`installed, and yet not found: ${stillMissing.join(', ')}`);
    }
    return 'installed';
  });
}

/** Names of the Debian packages that are missing here. */
function missingPackages() {
  return [
    ...(findChromium() === undefined ? ['chromium'] : []),
    ...(findOnPath(['ffmpeg']) === undefined ? ['ffmpeg'] : []),
  ];
}

/** @param {RegExp} pattern of a line of os-release(5) */
function isSystem(pattern) {
  const release = '/etc/os-release';
  return existsSync(release) && pattern.test(readFileSync(release, 'utf8'));
}

/** @param {readonly string[]} names */
function findOnPath(names) {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
