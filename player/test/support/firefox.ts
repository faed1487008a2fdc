import { launch, type Browser } from 'puppeteer-core';

/** `P2PTV_FIREFOX`: the test configuration sets it to what is installed, unless it is set already; empty where there is none. */
export function firefoxPath(): string {
  return process.env['P2PTV_FIREFOX'] ?? '';
}

/** Starts a Firefox as it is installed, which has a camera and a microphone that are none, and plays without a click. */
export async function launchFirefox(): Promise<Browser> {
  return launch({
    browser: 'firefox',
    // However busy the machine: the test's own limit is the end.
    timeout: 0,
    executablePath: firefoxPath(),
    extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
  });
}
