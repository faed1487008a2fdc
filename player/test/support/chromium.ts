import { chromium, type Browser, type BrowserContext } from 'playwright-core';

/** Flags that make Chromium quiet in a test; none of them touches timers of hidden pages. */
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
/** Playwright's own flags that switch the throttling of hidden pages off. */
const THROTTLING_FLAGS = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** Starts the system's Chromium (`P2PTV_CHROMIUM`, else the usual places), timers of hidden pages throttled. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['P2PTV_CHROMIUM'] ?? '/usr/bin/chromium',
    args: FLAGS,
    ignoreDefaultArgs: THROTTLING_FLAGS,
  });
}

/** A desktop-sized window. */
export async function desktop(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1280, height: 800 } });
}
