import { fileURLToPath } from 'node:url';

import type Hls from 'hls.js';
import { pino } from 'pino';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { FeedCaptions } from '../../src/captions/feed-captions.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { Origin } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { inputsOf, ON_LOOPBACK } from '../server/origin-fixture.js';
import { launchChromium } from '../support/chromium.js';

const HLS_SCRIPT = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'));
const EVERY_MS = 1500;

/** A test card with a caption so often. */
class CaptionedTestCard extends TestCardSource {
  override async open(signal: AbortSignal): ReturnType<TestCardSource['open']> {
    const feed = await super.open(signal);
    return feed && { ...feed, captions: new Counting() };
  }
}

class Counting implements FeedCaptions {
  readonly tracks = [{ language: 'en', name: 'English' }];
  #next = 0;

  take(untilMs: number): ReturnType<FeedCaptions['take']> {
    const due = [];
    for (; this.#next * EVERY_MS < untilMs; this.#next++) due.push({ track: 0, startMs: this.#next * EVERY_MS, endMs: this.#next * EVERY_MS + 1000, text: `Number ${this.#next}` });
    return due;
  }
}

type Shown = { text: string; dateMs: number };

let folder: ReturnType<typeof temporaryFolder>;
let origin: Origin;
let browser: Browser;
beforeAll(async () => {
  folder = temporaryFolder();
  const channels = [channelSettingsSchema.parse({ slug: 'main', title: 'Test card', dvrMinutes: 1 })];
  origin = await Origin.start({ dataFolder: folder.path, channels, ...ON_LOOPBACK, inputs: inputsOf(() => new CaptionedTestCard({ width: 320, height: 180 })), logger: pino({ level: 'silent' }) });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await origin.close();
  folder.remove();
});

it('PL22: plain hls.js shows captions as text where their media are, each as soon as it is its time', async () => {
  const page = await browser.newPage();
  const base = `http://127.0.0.1:${origin.port}`;
  await page.goto(`${base}/healthz`);
  await page.addScriptTag({ path: HLS_SCRIPT });
  const shown: Shown[] = await page.evaluate(async (url) => {
    const HlsClass = (globalThis as unknown as { Hls: typeof Hls }).Hls;
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    const hls = new HlsClass({ lowLatencyMode: true });
    hls.loadSource(url);
    hls.attachMedia(video);
    await video.play();
    hls.subtitleDisplay = true;
    hls.subtitleTrack = 0;
    const seen: Shown[] = [];
    return new Promise<Shown[]>((resolve) => {
      const look = setInterval(() => {
        const cue = video.textTracks[0]?.activeCues?.[0] as VTTCue | undefined;
        const details = hls.latestLevelDetails;
        const fragment = [...(details?.fragments ?? []), ...(details?.fragmentHint ? [details.fragmentHint] : [])].findLast(({ start }) => start <= video.currentTime);
        if (!cue || !fragment || seen.at(-1)?.text === cue.text) return;
        seen.push({ text: cue.text, dateMs: (fragment.programDateTime ?? 0) + (video.currentTime - fragment.start) * 1000 });
        if (seen.length < 5) return;
        clearInterval(look);
        hls.destroy();
        resolve(seen);
      }, 20);
    });
  }, `${base}/live/main/index.m3u8`);
  const { textCaptions } = origin.channels.require('main').live;
  const told = shown.flatMap(({ dateMs }) => [-1, 0].flatMap((step) => textCaptions.slot(0, Math.floor(dateMs / 10_000) + step)?.cues ?? []));
  // The first stood there already when it was looked for.
  for (const { text, dateMs } of shown.slice(1)) {
    const lateMs = dateMs - (told.find((cue) => cue.text === text)?.startMs ?? Number.NaN);
    expect([text, lateMs > -100 && lateMs < 900], `${lateMs} ms`).toEqual([text, true]);
  }
  const numbers = shown.map(({ text }) => Number(text.replace('Number ', '')));
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
}, 60_000);
