import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvAttachment, P2ptvStats } from '../../src/library/attachment.js';
import { launchChromium } from '../support/chromium.js';
import { playsOn } from '../support/plays-on.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';
import { startRealTracker } from '../support/real-tracker.js';

/** What the watch page leaves for whoever looks behind it. */
declare const p2ptv: P2ptvAttachment;

/** What an operator waits for a crashed origin that is started again, ms, from the kill to on air. */
const BACK_LIMIT_MS = 5_000;

describe('watch page: the picture goes on', () => {
  let origin: RealOrigin;
  let firstStartMs: number;
  const browsers: Browser[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const startedAtMs = performance.now();
    origin = await startRealOrigin();
    firstStartMs = performance.now() - startedAtMs;
  });

  afterEach(async () => {
    await Promise.all(browsers.splice(0).map((browser) => browser.close()));
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  afterAll(() => origin.close());

  /** A viewer in a browser of its own, once its picture moves. */
  const watch = async (path: string): Promise<Page> => {
    const browser = await launchChromium();
    browsers.push(browser);
    const page = await browser.newPage();
    await page.goto(origin.url + path);
    await playsOn(page, 1);
    return page;
  };

  const stat = async (page: Page, name: string): Promise<string> =>
    (await page.locator(`[data-stat=${name}]`).textContent()) ?? '';

  const status = async (page: Page): Promise<string> => (await page.locator('.status').textContent()) ?? '';
  const fromPeers = (page: Page): Promise<number> => page.evaluate(() => p2ptv.stats().bytes.fromPeers);

  /** Waits until the two have fed each other so many bytes more. */
  const feedEachOther = async (pages: readonly Page[], bytes: number): Promise<void> => {
    const total = async (): Promise<number> => (await Promise.all(pages.map(fromPeers))).reduce((sum, each) => sum + each, 0);
    const before = await total();
    await expect.poll(total, { interval: 100 }).toBeGreaterThan(before + bytes);
  };

  it('while the others leave, come and vanish', async () => {
    const page = await watch('/watch/main');
    const other = await watch('/watch/main');
    await expect.poll(() => stat(page, 'neighbours')).toBe('1');
    // Long enough to have reported: it is a proven uploader then, and named in join answers.
    await playsOn(page, 5);
    // Who leaves a page says so: that is below the nine seconds that it takes to notice a peer that has vanished.
    await other.goto('about:blank');
    await expect.poll(() => stat(page, 'neighbours'), { timeout: 5_000 }).toBe('0');
    await playsOn(page, 3);
    // A newcomer meets those who have watched for long, also after somebody has left.
    await other.goto(`${origin.url}/watch/main`);
    await playsOn(other, 1);
    await expect.poll(() => stat(other, 'neighbours')).toBe('1');
    await expect.poll(() => stat(page, 'neighbours')).toBe('1');
    // Every peer is gone, without a word.
    await other.context().browser()?.close();
    await playsOn(page, 5);
    await expect.poll(() => stat(page, 'neighbours')).toBe('0');
  });

  it('after detach, from the origin’s own playlists', async () => {
    const page = await watch('/watch/main');
    await page.evaluate('p2ptv.detach()');
    // Beyond what can have been in the buffer: that ends at the live edge.
    await playsOn(page, 5);
  });

  /** The origin's stream with another tracker. */
  const pathWithTracker = (trackerUrl: string): string => {
    const link = new URLSearchParams(origin.link.slice('magnet:?'.length));
    link.set('tr', trackerUrl);
    return `/watch?${link.toString()}`;
  };

  it('after the tracker has died, from each other and the origin, and the page says so', async () => {
    const tracker = await startRealTracker();
    cleanups.push(() => tracker.kill());
    const pages = [await watch(pathWithTracker(tracker.url)), await watch(pathWithTracker(tracker.url))];
    for (const page of pages) {
      await expect.poll(() => status(page)).toBe('Shared with one peer.');
    }
    await feedEachOther(pages, 100_000);
    await tracker.kill();
    for (const page of pages) {
      await expect.poll(() => status(page)).toBe('The tracker is away – one peer and the origin carry on.');
    }
    await feedEachOther(pages, 300_000);
    await Promise.all(pages.map((page) => playsOn(page, 4)));
  });

  it('where the tracker has never answered, from the origin, and the page says so', async () => {
    const page = await watch(pathWithTracker('http://127.0.0.1:9'));
    await playsOn(page, 2);
    await expect.poll(() => status(page)).toContain('From the origin only – the tracker is away');
  });

  it('after the origin was killed and started again with its data: the same stream, without a reload', async () => {
    const pages = [await watch('/watch/main'), await watch('/watch/main')];
    await Promise.all(pages.map((page) => page.evaluate('globalThis.isSamePage = true')));
    await feedEachOther(pages, 100_000);
    const { link, data, url } = origin;
    const killedAtMs = performance.now();
    await origin.kill();
    origin = await startRealOrigin('testcard', { data, port: new URL(url).port });
    // On air again, not just listening. A machine that was slow with the first start may be slower with the second.
    expect(performance.now() - killedAtMs).toBeLessThan(Math.max(BACK_LIMIT_MS, 4 * firstStartMs));
    expect(origin.link).toBe(link);
    await Promise.all(pages.map((page) => playsOn(page, 4)));
    for (const page of pages) {
      expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
      // Back at live, not a minute behind.
      await expect.poll(async () => Number.parseFloat(await stat(page, 'playout-delay'))).toBeLessThan(3);
      await expect.poll(() => stat(page, 'neighbours')).toBe('1');
    }
    await feedEachOther(pages, 300_000);
  });

  it('SS21: in the quality that was chosen, when the origin comes back with fewer, and one of them has its number', async () => {
    const page = await watch('/watch/main');
    const quality = (): Promise<P2ptvStats['quality']> => page.evaluate(() => p2ptv.stats().quality);
    const least = (await quality())?.renditions.at(-1);
    await page.evaluate((id) => p2ptv.setQuality(id), least?.id ?? ('auto' as const));
    await expect.poll(async () => (await quality())?.playing).toBe(least?.id);
    const { data, url } = origin;
    await origin.kill();
    origin = await startRealOrigin('testcard', { data, port: new URL(url).port, ladder: String(least?.height) });
    await playsOn(page, 4);
    await expect.poll(quality).toMatchObject({ playing: 0, choice: 0, renditions: [{ id: 0, height: least?.height }] });
    expect(least?.id).toBe(1);
  });
});
