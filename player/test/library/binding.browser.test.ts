import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlePage } from '../support/bundle.js';
import { desktop, launchChromium } from '../support/chromium.js';
import { startLiveFeed, type LiveFeed } from '../support/live-feed.js';

describe('hls.js on the binding, in Chromium', () => {
  let browser: Browser;
  let feed: LiveFeed;
  let page: Page;

  beforeAll(async () => {
    const script = await bundlePage('test/support/binding-page.ts');
    const html = '<!doctype html><video muted playsinline></video><script type="module" src="/page.js"></script>';
    feed = await startLiveFeed({
      '/': { type: 'text/html', body: html },
      '/page.js': { type: 'text/javascript', body: script },
    });
    browser = await launchChromium();
    await new Promise(r => setTimeout(r, 3000));
    page = await (await desktop(browser)).newPage();
    
    page.on('pageerror', (m) => console.log('pageerror', m.message));
    await page.goto(feed.url);
  });
  afterAll(async () => {
    await browser.close();
    await feed.close();
  });

  it('plays', async () => {
    for (let i = 0; i < 12; i++) {
      await page.waitForTimeout(1000);
      console.log(JSON.stringify(await page.evaluate(() => {
        const b = (globalThis as any).binding; const s = b.attachment.stats();
        return { st: s.startupMs, po: s.playoutDelayMs, edge: s.edgeDelayMs, tgt: s.targetDelayMs, buf: s.bufferedMs, stalls: s.stalls, rc: s.rateChangedRatio, rate: b.video.playbackRate, lat: b.hls.latency, err: b.errors, t: b.video.currentTime, p: b.video.paused, rs: b.video.readyState, seg: b.session.timeline().segments.length };
      })));
    }
    expect(true).toBe(true);
  });
});
