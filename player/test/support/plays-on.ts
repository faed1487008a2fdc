import type { Page } from 'playwright-core';

/** Waits until a page's picture has moved on by so many seconds. */
export async function playsOn(page: Page, seconds = 0.5): Promise<void> {
  const from = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
  await page.waitForFunction((until) => (document.querySelector('video')?.currentTime ?? 0) > until, from + seconds);
}
