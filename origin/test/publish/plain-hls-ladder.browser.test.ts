import { fileURLToPath } from 'node:url';

import type Hls from 'hls.js';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startOrigin } from '../server/origin-fixture.js';
import { launchChromium } from '../support/chromium.js';
import { until } from './server-fixture.js';

const HLS_SCRIPT = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'));

type Observed = { errors: string[]; heights: number[]; levelHeights: number[]; latency: number; frames: number };

let origin: Awaited<ReturnType<typeof startOrigin>>;
let browser: Browser;
beforeAll(async () => {
  origin = await startOrigin({ ladder: [360, 180] });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await origin.close();
});

it('plain hls.js goes up by itself, and down and up again when it is told to, without an error or a hole', { timeout: 120_000 }, async ({ annotate }) => {
  // Into a stream younger than two target durations hls.js mostly goes from 0, which it calls an error.
  await until(() => origin.channel.live.log.timeline.segments.filter(({ isComplete }) => isComplete).length >= 3);
  const page = await browser.newPage();
  await page.goto(`${new URL(origin.base).origin}/healthz`);
  await page.addScriptTag({ path: HLS_SCRIPT });
  const observed = await page.evaluate(async (url): Promise<Observed> => {
    const HlsClass = (globalThis as unknown as { Hls: typeof Hls }).Hls;
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    const result: Observed = { errors: [], heights: [], levelHeights: [], latency: 0, frames: 0 };
    const hls = new HlsClass({ lowLatencyMode: true, startLevel: 0 });
    hls.on(HlsClass.Events.ERROR, (_name, data) => {
      // A stall on a busy machine says nothing about the stream, nor does a load that is broken off because we change the level.
      const isBrokenOff = !hls.autoLevelEnabled && data.details === HlsClass.ErrorDetails.INTERNAL_ABORTED;
      // Nor is it a hole to go from 0 to where it begins, before anything was decoded.
      const isBeginning = data.details === HlsClass.ErrorDetails.BUFFER_SEEK_OVER_HOLE && video.getVideoPlaybackQuality().totalVideoFrames === 0;
      if (data.fatal || (data.details !== HlsClass.ErrorDetails.BUFFER_STALLED_ERROR && !isBrokenOff && !isBeginning)) result.errors.push(`${data.type} ${data.details} ${data.error.message}`);
    });
    // What is painted, not what is asked for.
    video.addEventListener('resize', () => void result.heights.push(video.videoHeight));
    const painted = async (height: number): Promise<void> => {
      const untilMs = performance.now() + 25_000;
      while (result.heights.at(-1) !== height && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    hls.loadSource(url);
    hls.attachMedia(video);
    await video.play();
    await painted(360);
    result.levelHeights = hls.levels.map(({ height }) => height);
    hls.nextLevel = 0;
    await painted(180);
    hls.nextLevel = 1;
    await painted(360);
    const before = video.getVideoPlaybackQuality().totalVideoFrames;
    await new Promise((resolve) => setTimeout(resolve, 2000));
    result.frames = video.getVideoPlaybackQuality().totalVideoFrames - before;
    result.latency = hls.latency;
    hls.destroy();
    return result;
  }, `${origin.base}/index.m3u8`);
  await annotate(`latency ${observed.latency.toFixed(2)} s, ${observed.frames} frames in the last 2 s`);
  expect(observed.errors).toEqual([]);
  expect(observed.levelHeights).toEqual([180, 360]);
  expect(observed.heights).toEqual([180, 360, 180, 360]);
  expect(observed.frames).toBeGreaterThan(0);
});
