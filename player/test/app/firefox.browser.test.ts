import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Browser } from 'playwright-core';
import type { Browser as Firefox, Page as FirefoxPage } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvAttachment } from '../../src/library/attachment.js';
import { launchChromium } from '../support/chromium.js';
import { firefoxPath, launchFirefox } from '../support/firefox.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

/** What the watch page leaves for whoever looks behind it. */
declare const p2ptv: P2ptvAttachment | undefined;

type Seen = { readonly seconds: number; readonly fromPeers: number };

/** Runs in the page. */
function seen(): Seen {
  const fromPeers = typeof p2ptv === 'undefined' ? 0 : p2ptv.stats().bytes.fromPeers;
  return { seconds: document.querySelector('video')?.currentTime ?? 0, fromPeers };
}

describe.skipIf(firefoxPath() === '')('Firefox', () => {
  let origin: RealOrigin;
  let firefox: Firefox;
  let chromium: Browser;

  // Who watches another rendition has nothing to give: there is one.
  beforeAll(async () => {
    [origin, firefox, chromium] = await Promise.all([startRealOrigin('whip', { isPublishedLater: true, isRecorded: true, ladder: '240' }), launchFirefox(), launchChromium()]);
  });

  afterAll(async () => {
    await Promise.all([firefox.close(), chromium.close()]);
    await origin.close();
  });

  const open = async (pathname: string): Promise<FirefoxPage> => {
    const page = await firefox.newPage();
    page.setDefaultTimeout(0);
    await page.goto(origin.url + pathname);
    return page;
  };

  it('goes live from its studio, is watched by itself and a Chromium that feed each other, and plays the recording', async () => {
    const studio = await open('/studio/main');
    await studio.locator('::-p-text(Turn on camera and microphone)').click();
    await studio.locator('input[type=password]').fill(readFileSync(path.join(origin.data, 'stream.key'), 'utf8').trim());
    await studio.locator('::-p-text(Go live)').click();
    await studio.waitForSelector('::-p-text(You are on air.)');

    const own = await open('/watch/main');
    const other = await chromium.newPage();
    await other.goto(`${origin.url}/watch/main`);
    const both = (): Promise<Seen[]> => Promise.all([own.evaluate(seen), other.evaluate(seen)]);
    await expect.poll(async () => (await both()).every(({ seconds }) => seconds > 3)).toBe(true);
    // Which of them feeds the other is the trees' affair.
    await expect.poll(async () => (await both()).reduce((sum, { fromPeers }) => sum + fromPeers, 0), { timeout: 90_000 }).toBeGreaterThan(100_000);

    await studio.bringToFront();
    await studio.locator('::-p-text(Stop)').click();
    await studio.waitForSelector('::-p-text(Not on air.)');
    await other.close();
    const recordings = async (): Promise<{ readonly watchPath: string }[]> => ((await (await fetch(`${origin.url}/api/recordings`)).json()) as { recordings: { watchPath: string }[] }).recordings;
    await expect.poll(recordings).toHaveLength(1);
    await own.bringToFront();
    await own.goto(origin.url + ((await recordings())[0]?.watchPath ?? ''));
    await expect.poll(async () => (await own.evaluate(seen)).seconds).toBeGreaterThan(1);
  });
});
