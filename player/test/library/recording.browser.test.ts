import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { serveScript, type PageServer } from '../support/page-server.js';
import { playsOn } from '../support/plays-on.js';
import type { P2ptvStats } from '../../src/library/index.js';
import type { RecordingPage } from '../support/recording-page.js';
import { startRecordedOrigin, type RecordedOrigin } from '../support/recorded-origin.js';

declare const recording: RecordingPage;

const SECONDS = 120;

let browser: Browser;
let server: PageServer;
const pages: Page[] = [];

beforeAll(async () => {
  server = await serveScript('test/support/recording-page.ts');
  browser = await launchChromium();
});

afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});

afterAll(async () => {
  await browser.close();
  server.close();
});

async function open(origin: RecordedOrigin): Promise<Page> {
  const page = await browser.newPage();
  pages.push(page);
  // However busy the machine: the test's own limit is the end.
  page.setDefaultTimeout(0);
  await page.goto(server.urlOf(origin.link));
  await page.waitForFunction(() => 'recording' in globalThis && recording.attachment.stats().startupMs !== undefined);
  return page;
}

function viewersLinkedTo(page: Page): Promise<string[]> {
  return page.evaluate(() => recording.attachment.stats().neighbours.filter(({ role }) => role === 'viewer').map(({ peerId }) => peerId));
}

/** Plays until there and not much further, however busy the machine; runs in the page. */
async function playThenPause(seconds: number): Promise<void> {
  const { video } = recording;
  while (video.currentTime < seconds) await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  video.pause();
}

/** Size of what the viewer's disk keeps; runs in the page. */
async function bytesOnDisk(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('p2ptv-chunks', { create: true });
  let bytes = 0;
  for await (const entry of folder.values()) bytes += entry.kind === 'file' ? (await entry.getFile()).size : 0;
  return bytes;
}

describe('a stream that has ended', () => {
  let origin: RecordedOrigin;

  beforeAll(async () => {
    origin = await startRecordedOrigin(SECONDS, 'ended');
  });

  afterAll(async () => {
    await origin.close();
  });

  it('plays from its beginning, is as long as it was, and goes on wherever one seeks', async () => {
    const page = await open(origin);
    await playsOn(page, 3);
    for (const seconds of [61.3, 20.1, 99.7]) {
      await page.evaluate((to) => recording.seek(to), seconds);
      await playsOn(page, 1);
    }
    const seen = await page.evaluate(() => ({
      duration: recording.video.duration,
      errors: recording.errors,
      stats: recording.attachment.stats(),
    }));
    expect(seen.duration).toBeCloseTo(SECONDS, 0);
    // What a seek leaves behind is aborted.
    expect(seen.errors.filter((error) => !error.startsWith('aborted'))).toEqual([]);
    expect(seen.stats).toMatchObject({ state: { kind: 'meshed' }, isFollowingLive: false });
    expect(seen.stats.recording?.fromMs).toBeCloseTo(origin.firstDateMs, -2);
  });

  it('CA1, CA2: comes from the viewer\'s own disk once the page is loaded again, until that is cleared', async () => {
    const page = await open(origin);
    await page.evaluate(playThenPause, 3);
    // What waits to be written goes with the page.
    const received = (await page.evaluate(() => recording.attachment.stats().bytes)).fromOrigin;
    await expect.poll(() => page.evaluate(bytesOnDisk)).toBeGreaterThan(received);
    const reload = async (): Promise<P2ptvStats['bytes']> => {
      await page.reload();
      await page.waitForFunction(() => 'recording' in globalThis && recording.attachment.stats().startupMs !== undefined);
      await page.evaluate(playThenPause, 2);
      return page.evaluate(() => recording.attachment.stats().bytes);
    };
    const again = await reload();
    expect(again.fromCache).toBeGreaterThan(9 * again.fromOrigin);
    await page.evaluate(() => recording.attachment.cache?.clear());
    const cleared = await reload();
    expect(cleared.fromOrigin).toBeGreaterThan(cleared.fromCache);
  });

  it('is exchanged by viewers at different places', async () => {
    const first = await open(origin);
    await playsOn(first, 3);
    const second = await open(origin);
    await second.waitForFunction(() => recording.attachment.stats().neighbours.length > 0);
    await second.waitForFunction(() => recording.attachment.stats().bytes.fromPeers > 200_000);
    await second.evaluate(() => recording.seek(60));
    await first.evaluate(() => recording.seek(58));
    await first.waitForFunction(() => recording.attachment.stats().bytes.fromPeers > 50_000);
    const stats = await Promise.all([first, second].map((page) => page.evaluate(() => recording.attachment.stats())));
    expect(stats.map(({ state }) => state.kind)).toEqual(['meshed', 'meshed']);
  });
});

describe('a live stream of which the origin keeps more', () => {
  let origin: RecordedOrigin;

  beforeAll(async () => {
    origin = await startRecordedOrigin(SECONDS, 'live');
  });

  afterAll(async () => {
    await origin.close();
  });

  it('OD10: is played from an earlier date, and at its edge again, over the same links', async () => {
    const other = await open(origin);
    const page = await open(origin);
    await page.waitForFunction(() => recording.attachment.stats().neighbours.some(({ role }) => role === 'viewer'));
    const before = await viewersLinkedTo(page);
    await page.evaluate((dateMs) => recording.attachment.seek(dateMs), origin.firstDateMs + 30_000);
    await page.waitForFunction((dateMs) => Math.abs((recording.attachment.stats().recording?.positionMs ?? 0) - dateMs) < 4_000, origin.firstDateMs + 32_000);
    await playsOn(page, 2);
    const behind = await page.evaluate(() => recording.attachment.stats());
    expect(behind.isFollowingLive).toBe(false);
    expect(await viewersLinkedTo(page)).toEqual(before);
    await page.evaluate(() => recording.attachment.goLive());
    await page.waitForFunction(() => {
      const { isFollowingLive, edgeDelayMs = Infinity } = recording.attachment.stats();
      return isFollowingLive && edgeDelayMs < 3_000;
    });
    await playsOn(page, 2);
    expect(await viewersLinkedTo(page)).toEqual(before);
    expect((await page.evaluate(() => recording.errors)).filter((error) => error.includes('fatal'))).toEqual([]);
    await other.close();
  });

  it('OD13: is played from its beginning, whose parts have dates that are closer than they are long', async () => {
    const page = await open(origin);
    await page.evaluate((dateMs) => recording.attachment.seek(dateMs), origin.firstDateMs);
    await page.waitForFunction((dateMs) => (recording.attachment.stats().recording?.positionMs ?? Infinity) < dateMs + 5_000, origin.firstDateMs);
    await playsOn(page, 3);
    const { recording: played } = await page.evaluate(() => recording.attachment.stats());
    expect(played?.positionMs).toBeLessThan(origin.firstDateMs + 20_000);
  });
});
