import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { BenchError } from '../errors.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const FILES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Quiet, and without what needs a screen. Nothing here changes timers, the network or the media stack. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** Flags that Playwright would add, and that switch off the throttling which real viewers have. */
export const UNWANTED_FLAGS: readonly string[] = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * The Chromium to drive: what `P2PTV_CHROMIUM` names, else the first one installed.
 *
 * @throws BenchError when there is none
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string {
  const wanted = environment['P2PTV_CHROMIUM'];
  if (wanted) {
    if (isExecutable(wanted)) return wanted;
    throw new BenchError(`P2PTV_CHROMIUM names ${wanted}, which is no program.`);
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [...onPath, ...FILES].find(isExecutable);
  if (found === undefined) {
    throw new BenchError('Viewers need a Chromium, and there is none here: install one (on Debian: apt-get install chromium), or name one in P2PTV_CHROMIUM.');
  }
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
