import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it as baseIt } from 'vitest';
import type { BindingPage } from '../support/binding-page.js';
import { bundlePage } from '../support/bundle.js';
import { launchChromium } from '../support/chromium.js';
import { startLiveFeed, type LiveFeed } from '../support/live-feed.js';
import { playsOn } from '../support/plays-on.js';

declare const binding: BindingPage;

describe('binding: hls.js in Chromium', () => {
  let browser: Browser;
  let feed: LiveFeed;

  /** Each test has a page of its own. */
  const it = baseIt.extend<{ page: Page }>({
    page: async ({ task: _task }, provide) => {
      const page = await browser.newPage();
      await page.goto(feed.url);
      await page.waitForFunction(() => 'binding' in globalThis);
      await provide(page);
      await page.close();
    },
  });

  beforeAll(async () => {
    const script = await bundlePage('test/support/binding-page.ts');
    const html = '<!doctype html><video muted playsinline></video><script type="module" src="/page.js"></script>';
    feed = await startLiveFeed({
      '/': { type: 'text/html', body: html },
      '/page.js': { type: 'text/javascript', body: script },
    });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await feed.close();
  });

  const follow = async (page: Page): Promise<void> => {
    await page.evaluate(() => void binding.follow());
    await page.waitForFunction(() => binding.attachment.stats().startupMs !== undefined);
  };

  it('plays from the session alone, without an error, at the held delay', async ({ page }) => {
    await follow(page);
    await playsOn(page, 4);
    await page.waitForFunction(() => {
      const { isFollowingLive, edgeDelayMs = Infinity } = binding.attachment.stats();
      return isFollowingLive && edgeDelayMs > 0 && edgeDelayMs < 3_000;
    });
    const seen = await page.evaluate(() => ({
      // A stall on a busy machine says nothing about the binding.
      errors: binding.errors.filter((error) => error !== 'bufferStalledError'),
      ownRequests: binding.ownRequests,
      levels: binding.hls.levels.length,
      state: binding.attachment.stats().state,
    }));
    expect(seen.errors).toEqual([]);
    expect(seen.ownRequests).toEqual([]);
    expect(seen.levels).toBe(1);
    expect(seen.state).toEqual({ kind: 'meshed' });
  });

  it('takes rate and target from hls.js: maxLiveSyncPlaybackRate 1, no raise on a stall, no bandwidth test', async ({ page }) => {
    await follow(page);
    const { config } = await page.evaluate(() => ({
      config: {
        maxLiveSyncPlaybackRate: binding.hls.config.maxLiveSyncPlaybackRate,
        liveSyncOnStallIncrease: binding.hls.config.liveSyncOnStallIncrease,
        testBandwidth: binding.hls.config.testBandwidth,
        lowLatencyMode: binding.hls.config.lowLatencyMode,
      },
    }));
    expect(config).toEqual({
      maxLiveSyncPlaybackRate: 1,
      liveSyncOnStallIncrease: 0,
      testBandwidth: false,
      lowLatencyMode: true,
    });
  });

  it('tells the engine where the playhead is, and that it stands still when paused', async ({ page }) => {
    await follow(page);
    await playsOn(page, 1);
    const first = await page.evaluate(() => binding.session.playback.at(-1));
    await playsOn(page, 1);
    await page.evaluate(() => binding.video.pause());
    await page.waitForFunction(() => binding.session.playback.at(-1)?.rate === 0);
    const last = await page.evaluate(() => ({ ...binding.session.playback.at(-1), wallMs: Date.now() }));
    expect(last.playheadMs! - first!.playheadMs).toBeGreaterThan(900);
    // The feed's dates are this machine's clock; a position in the media would be half a century off.
    expect(last.wallMs - last.playheadMs!).toBeGreaterThan(0);
    expect(last.wallMs - last.playheadMs!).toBeLessThan(60_000);
  });

  it('tells the session whether the page is visible', async ({ page }) => {
    await follow(page);
    const seen = await page.evaluate(() => {
      for (const state of ['hidden', 'visible']) {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }
      return binding.session.visible;
    });
    expect(seen).toEqual([true, false, true]);
  });

  it('tries on with the session while the origin cannot be reached', async ({ page }) => {
    const state = await page.evaluate(() => {
      binding.session.emit('originStateChanged', { isReachable: false, failure: 'unavailable' });
      return binding.attachment.state;
    });
    expect(state).toEqual({ kind: 'joining', isOriginReachable: false });
    await follow(page);
    expect(await page.evaluate(() => binding.attachment.state)).toEqual({ kind: 'meshed' });
  });

  // These three mostly wait for hls.js: for its time limits, and for its next tries.
  it.concurrent('goes on after the parts stopped for longer than hls.js waits, and is back at live', async ({ page }) => {
    await follow(page);
    await playsOn(page, 1);
    await page.evaluate(() => void (binding.isHeld = true));
    await page.waitForFunction(() => binding.errors.includes('levelLoadTimeOut'));
    await page.waitForFunction(() => binding.attachment.stats().stalls > 0);
    await page.evaluate(() => void (binding.isHeld = false));
    await playsOn(page, 2);
    await page.waitForFunction(() => (binding.attachment.stats().edgeDelayMs ?? Infinity) < 1_500);
    expect(await page.evaluate(() => binding.errors.filter((error) => error.includes('fatal')))).toEqual([]);
  });

  it.concurrent('falls back to segments when a viewer goes back, and returns to live when told', async ({ page }) => {
    await follow(page);
    await playsOn(page, 6);
    await page.evaluate(() => void (binding.video.currentTime -= 5));
    await page.waitForFunction(() => !binding.attachment.stats().isFollowingLive);
    await playsOn(page, 1);
    expect(await page.evaluate(() => binding.video.playbackRate)).toBe(1);
    await page.evaluate(() => binding.attachment.goLive());
    await page.waitForFunction(() => {
      const { isFollowingLive, edgeDelayMs } = binding.attachment.stats();
      return isFollowingLive && (edgeDelayMs ?? Infinity) < 1_500;
    });
    await playsOn(page, 1);
  });

  it.concurrent('skips what is no longer held', async ({ page }) => {
    await follow(page);
    await playsOn(page, 1);
    await page.evaluate(() => {
      // The next parts are gone before hls.js can ask for them.
      binding.isHeld = true;
      const { session } = binding;
      const read = session.read.bind(session);
      const last = session.timeline().last?.sequence ?? 0;
      session.read = (chunk) => (chunk.sequence > last && chunk.sequence <= last + 3 ? undefined : read(chunk));
      binding.isHeld = false;
    });
    await page.waitForFunction(() => binding.errors.includes('fragLoadError'));
    await playsOn(page, 4);
    expect(await page.evaluate(() => binding.errors.filter((error) => error.includes('fatal')))).toEqual([]);
  });

  it('plays plainly from the origin when it has no endpoint for peers, and says so', async ({ page }) => {
    const state = await page.evaluate(() => {
      binding.session.emit('joinFailed', { failure: 'notFound' });
      return binding.attachment.state;
    });
    expect(state).toMatchObject({ kind: 'plain', reason: 'noEndpoint' });
    await page.waitForFunction(() => binding.ownRequests.length > 0);
    const seen = await page.evaluate(() => ({
      requests: binding.ownRequests,
      isClosed: binding.session.isClosed,
      pLoader: binding.hls.config.pLoader === undefined,
    }));
    expect(seen.requests[0]).toBe(`${feed.url}/live/main/index.m3u8`);
    expect(seen).toMatchObject({ isClosed: true, pLoader: true });
  });

  it('leaves an hls.js behind that has its settings back and asks the origin itself', async ({ page }) => {
    await follow(page);
    await playsOn(page, 1);
    await page.evaluate(() => binding.attachment.detach());
    await page.waitForFunction(() => binding.ownRequests.length > 0);
    const seen = await page.evaluate(() => ({
      state: binding.attachment.state.kind,
      isClosed: binding.session.isClosed,
      listeners: binding.session.listenerCount(),
      rate: binding.hls.config.liveSyncOnStallIncrease,
      playbackRate: binding.video.playbackRate,
    }));
    expect(seen).toEqual({ state: 'detached', isClosed: true, listeners: 0, rate: 1, playbackRate: 1 });
  });

  it('ends with its hls.js', async ({ page }) => {
    await follow(page);
    const state = await page.evaluate(() => {
      binding.hls.destroy();
      return binding.attachment.state.kind;
    });
    expect(state).toBe('detached');
    expect(await page.evaluate(() => binding.session.isClosed)).toBe(true);
  });

  it('ends when hls.js is given another source', async ({ page }) => {
    await follow(page);
    const state = await page.evaluate(() => {
      binding.hls.loadSource(`${location.origin}/elsewhere.m3u8`);
      return binding.attachment.state.kind;
    });
    expect(state).toBe('detached');
  });

  it('passes the viewer’s say about uploading on', async ({ page }) => {
    const upload = { mode: 'capped' as const, bitsPerSecond: 500_000 };
    const seen = await page.evaluate((policy) => {
      binding.attachment.setUpload(policy);
      return { session: binding.session.upload, stats: binding.attachment.stats().upload };
    }, upload);
    expect(seen).toEqual({ session: upload, stats: upload });
  });
});
