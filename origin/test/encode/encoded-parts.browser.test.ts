import { once } from 'node:events';
import { createServer } from 'node:http';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BURNT_CLOCK, burntClockRow, readBurntClock } from '../../src/encode/burnt-clock.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { launchChromium } from '../support/chromium.js';
import { allFfmpegs, encodeAll } from './encoder-fixture.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const ffmpegs = await allFfmpegs();

describe('encoded parts in a browser', () => {
  for (const ffmpeg of ffmpegs) {
    it(`are appended one by one, leave no hole, play, and show a clock that can be read (${ffmpeg.version})`, async () => {
      const source = new TestCardSource({ width: 320, height: 180, durationSeconds: 4, isPaced: false });
      const { init, parts } = await encodeAll(ffmpeg, source, { encoding: { hasClock: true } });
      const pieces = [init.bytes, ...parts.map((part) => part.bytes)];
      const server = createServer((request, response) => {
        const piece = pieces[Number(request.url?.slice(1))];
        response.setHeader('content-type', piece === undefined ? 'text/html' : 'video/mp4');
        response.end(piece ?? '<!doctype html><video muted></video>');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const page = await browser.newPage();
        const { port } = server.address() as { port: number };
        await page.goto(`http://127.0.0.1:${port}/page`);
        const seen = await page.evaluate(playPieces, { count: pieces.length, codecs: init.codecs, row: burntClockRow(init.height) });
        const seconds = parts.reduce((sum, part) => sum + part.durationUs, 0) / 1e6;
        expect(seen.ranges).toHaveLength(1);
        expect(seen.ranges[0]![0]).toBeLessThan(0.05);
        expect(seen.ranges[0]![1]).toBeGreaterThan(seconds - 0.2);
        expect(seen.size).toEqual([320, 180]);
        const clockMs = readBurntClock(seen.luma);
        expect(clockMs).toBeGreaterThanOrEqual(0);
        expect(clockMs).toBeLessThan(BURNT_CLOCK.periodMs);
        await page.close();
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });
  }
});

/** Runs in the page: appends every piece, plays to the middle, and reads one row of the picture. */
async function playPieces(what: { count: number; codecs: string; row: number }): Promise<{ ranges: number[][]; size: number[]; luma: number[] }> {
  const video = document.querySelector('video')!;
  const happens = (target: EventTarget, name: string): Promise<void> =>
    new Promise((resolve, reject) => {
      target.addEventListener(name, () => resolve(), { once: true });
      target.addEventListener('error', () => reject(new Error(video.error?.message ?? 'error')), { once: true });
    });
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  await happens(media, 'sourceopen');
  const buffer = media.addSourceBuffer(`video/mp4; codecs="${what.codecs}"`);
  for (let index = 0; index < what.count; index++) {
    buffer.appendBuffer(await (await fetch(`/${index}`)).arrayBuffer());
    await happens(buffer, 'updateend');
  }
  const ranges = Array.from({ length: video.buffered.length }, (_, index) => [video.buffered.start(index), video.buffered.end(index)]);
  await video.play();
  await new Promise<void>((resolve) => {
    const check = (_now: number, frame: { mediaTime: number }): void => {
      if (frame.mediaTime > 1) resolve();
      else video.requestVideoFrameCallback(check);
    };
    video.requestVideoFrameCallback(check);
  });
  const canvas = new OffscreenCanvas(video.videoWidth, 1);
  const context = canvas.getContext('2d')!;
  context.drawImage(video, 0, -what.row);
  const { data } = context.getImageData(0, 0, video.videoWidth, 1);
  const luma = Array.from({ length: video.videoWidth }, (_, x) => data[x * 4 + 1]!);
  return { ranges, size: [video.videoWidth, video.videoHeight], luma };
}
