import { chromium, type Browser } from 'playwright-core';

/** Flags that make Chromium quiet in a test; none of them touches timers of hidden pages. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** `P2PTV_CHROMIUM`: the test configuration sets it to what is installed, unless it is set already. */
export function chromiumPath(): string {
  const named = process.env['P2PTV_CHROMIUM'] ?? '';
  if (named === '') throw new Error('No Chromium: set P2PTV_CHROMIUM or install it.');
  return named;
}

/** Starts Chromium. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: FLAGS });
}
