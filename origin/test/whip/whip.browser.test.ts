import { fileURLToPath } from 'node:url';

import type Hls from 'hls.js';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { startWhipOrigin, STREAM_KEY } from './whip-origin.js';
import { launchPublisherBrowser, publishByWhip } from './whip-publisher.js';

const HLS_SCRIPT = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'));
const WAIT = { timeout: 40_000, interval: 20 };

let browser: Browser;
let running: Awaited<ReturnType<typeof startWhipOrigin>>;
beforeAll(async () => {
  browser = await launchPublisherBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  running = await startWhipOrigin({ graceMs: 1500 });
});
afterEach(() => running.close());

/** A page of the origin, so that it is a secure context and may ask for the camera. */
async function openPage(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${running.base}/healthz`);
  return page;
}

/** Plays with plain hls.js, and tells when the first frame was shown, by the page's wall clock. */
function watch(page: Page): Promise<number> {
  return page.evaluate(async (url) => {
    const HlsClass = (globalThis as unknown as { Hls: typeof Hls }).Hls;
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    // What a watching page does while nothing is there: it asks again.
    while (!(await fetch(url)).ok) await new Promise((resolve) => setTimeout(resolve, 100));
    const hls = new HlsClass({ lowLatencyMode: true });
    hls.loadSource(url);
    hls.attachMedia(video);
    void video.play();
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    return Date.now();
  }, `${running.base}/live/main/index.m3u8`);
}

for (const codec of ['H264', 'VP8'] as const) {
  it(`a browser publishes its camera in ${codec} by WHIP, and another sees it`, async ({ annotate }) => {
    const publisher = await openPage();
    const viewer = await openPage();
    await viewer.addScriptTag({ path: HLS_SCRIPT });
    const watched = watch(viewer);
    const { status, location, postedAtMs } = await publishByWhip(publisher, { url: `${running.base}/whip/main`, key: STREAM_KEY, codec });
    expect(status).toBe(201);
    const shownAtMs = await watched;
    await annotate(`${shownAtMs - postedAtMs} ms from the POST to the first frame`);
    const { live } = running.channel;
    expect(live.state).toBe('live');
    expect(live.record?.renditions[0]).toMatchObject({ width: 640, height: 360 });
    expect(live.record?.renditions[0]?.codecs).toContain('mp4a');

    const stopped = await fetch(`${running.base}${location}`, { method: 'DELETE' });
    expect(stopped.status).toBe(200);
    await vi.waitFor(() => expect(live.state).toBe('offline'), WAIT);
  });
}
