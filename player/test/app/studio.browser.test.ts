import { readFileSync } from 'node:fs';
import path from 'node:path';

import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumPath, FLAGS } from '../support/chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

let browser: Browser;
let origin: RealOrigin;
let streamKey: string;

beforeAll(async () => {
  origin = await startRealOrigin('whip', { isPublishedLater: true });
  streamKey = readFileSync(path.join(origin.data, 'stream.key'), 'utf8').trim();
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});

afterAll(async () => {
  await browser.close();
  await origin.close();
});

async function open(pathname: string, viewport = { width: 1280, height: 800 }): Promise<Page> {
  const page = await (await browser.newContext({ viewport })).newPage();
  await page.goto(`${origin.url}${pathname}`);
  return page;
}

it('the studio says that a wrong key is wrong, goes live with the right one, is watched, and stops', async ({ annotate }) => {
  const studio = await open('/studio/main');
  await studio.getByRole('button', { name: 'Turn on camera and microphone' }).click();
  await studio.getByLabel('Stream key').fill('the-wrong-key');
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByText('The stream key is wrong.').waitFor();

  const viewer = await open('/watch/main');
  const shown = viewer.evaluate(async () => {
    const frame = (): Promise<number> => new Promise((resolve) => void document.querySelector('video')?.requestVideoFrameCallback(() => resolve(Date.now())));
    while (!document.querySelector('video')) await new Promise((resolve) => setTimeout(resolve, 20));
    return frame();
  });
  await studio.getByLabel('Stream key').fill(streamKey);
  await studio.getByLabel('Title').fill('From the garden');
  const startedAtMs = Date.now();
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByText('You are on air.').waitFor();
  await annotate(`${(await shown) - startedAtMs} ms from the click to the first frame watched`);
  await viewer.getByRole('heading', { name: 'From the garden' }).waitFor();

  // It is its own viewer: what it shows is older than what its camera sees.
  await studio.getByRole('button', { name: 'Show what viewers see' }).click();
  const delay = studio.locator('.studio-delay strong').filter({ hasText: /^\d+\.\d\d s$/ });
  await delay.waitFor();
  expect(Number.parseFloat((await delay.textContent()) ?? '')).toBeGreaterThan(0.1);

  await studio.getByRole('button', { name: 'Stop' }).click();
  await studio.getByText('Not on air.').waitFor();
  const state = async (): Promise<unknown> => ((await (await fetch(`${origin.url}/api/streams/main`)).json()) as { state: unknown }).state;
  await expect.poll(state).toBe('offline');
});

it('fits a phone', async () => {
  const page = await open('/studio', { width: 375, height: 812 });
  await page.getByRole('button', { name: 'Turn on camera and microphone' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
});
