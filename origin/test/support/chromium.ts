import { chromium, type Browser } from 'playwright-core';

/** Make Chromium quiet in a test, and let it play without a click. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts the Chromium that `P2PTV_CHROMIUM` names: the test configuration sets it to what is installed, unless it is set already. */
export async function launchChromium(moreFlags: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['P2PTV_CHROMIUM'] ?? '';
  if (executablePath === '') throw new Error('No Chromium: set P2PTV_CHROMIUM or install it.');
  return chromium.launch({ executablePath, args: [...FLAGS, ...moreFlags] });
}
