/** The programs that npm cannot bring: Chromium for the browser tests, ffmpeg for the encoder. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { StepFailed, run, step } from './steps.mjs';

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
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
 * Installs Chromium and ffmpeg where we may (Debian and its kin, as root).
 *
 * @throws {StepFailed} elsewhere, with the one command to run
 */
export async function ensurePrograms() {
  await step('Chromium and ffmpeg', async () => {
    const wanted = process.env['P2PTV_CHROMIUM'];
    if (wanted && findChromium() === undefined) {
      throw new StepFailed(`P2PTV_CHROMIUM names ${wanted}, which is no program`);
    }
    const missing = missingPackages();
    if (missing.length === 0) {
      return 'present';
    }
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
    if (!isDebian()) {
      throw new StepFailed(`install ${missing.join(' and ')}, on macOS with: brew install ${missing.join(' ')}`);
    }
    if (process.getuid?.() !== 0) {
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

function isDebian() {
  const release = '/etc/os-release';
  return existsSync(release) && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync(release, 'utf8'));
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
