import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

describe('watch page: the picture goes on', () => {
  let origin: RealOrigin;
  const browsers: Browser[] = [];

  beforeEach(async () => {
    origin = await startRealOrigin();
  });

  afterEach(async () => {
    await Promise.all(browsers.splice(0).map((browser) => browser.close()));
    await origin.close();
  });

  /** A viewer in a browser of its own, once its picture moves. */
  const watch = async (path: string): Promise<Page> => {
    const browser = await launchChromium();
    browsers.push(browser);
    const page = await browser.newPage();
    await page.goto(origin.url + path);
    await moves(page);
    return page;
  };

  const timeOf = (page: Page): Promise<number> => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
  const stat = async (page: Page, name: string): Promise<string> =>
    (await page.locator(`[data-stat=${name}]`).textContent()) ?? '';

  /** Waits until the picture has moved on by so many seconds. */
  const moves = async (page: Page, seconds = 1): Promise<void> => {
    const from = await timeOf(page);
    await expect.poll(() => timeOf(page), { timeout: 30_000, interval: 100 }).toBeGreaterThan(from + seconds);
  };

  it('after the origin was killed and started again with its data: the same stream, without a reload', { timeout: 90_000 }, async () => {
    const pages = [await watch('/watch/main'), await watch('/watch/main')];
    await Promise.all(pages.map((page) => page.evaluate('globalThis.isSamePage = true')));
    const { link, data, url } = origin;
    await origin.kill();
    origin = await startRealOrigin('testcard', { data, port: new URL(url).port });
    expect(origin.link).toBe(link);
    await Promise.all(pages.map((page) => moves(page, 4)));
    for (const page of pages) {
      expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
      // Back at live, not a minute behind; and fed by each other again.
      await expect.poll(async () => Number.parseFloat(await stat(page, 'playout-delay')), { timeout: 20_000 }).toBeLessThan(3);
    }
  });

  it('after every peer has gone, from the origin', { timeout: 60_000 }, async () => {
    const page = await watch('/watch/main');
    const other = await watch('/watch/main');
    await expect.poll(() => stat(page, 'neighbours'), { timeout: 20_000 }).toBe('1');
    await other.context().browser()?.close();
    await moves(page, 5);
    await expect.poll(() => stat(page, 'neighbours'), { timeout: 20_000 }).toBe('0');
  });

  it('when another viewer leaves the page, who says so at once', { timeout: 60_000 }, async () => {
    const page = await watch('/watch/main');
    const other = await watch('/watch/main');
    await expect.poll(() => stat(page, 'neighbours'), { timeout: 20_000 }).toBe('1');
    await other.goto('about:blank');
    // Far below what it takes to notice a peer that has vanished.
    await expect.poll(() => stat(page, 'neighbours'), { timeout: 2_500, interval: 50 }).toBe('0');
    await moves(page, 3);
  });

  it('while the tracker is down, from the origin, and the page says so', { timeout: 60_000 }, async () => {
    const link = new URLSearchParams(origin.link.slice('magnet:?'.length));
    link.set('tr', 'http://127.0.0.1:9');
    const page = await watch(`/watch?${link.toString()}`);
    await moves(page, 4);
    await expect.poll(() => page.locator('body').innerText(), { timeout: 15_000 }).toContain('the tracker is away');
  });
});
