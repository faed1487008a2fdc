import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RecordingListing } from '@p2ptv/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvAttachment } from '../../src/library/attachment.js';
import { makeCaptionedFilm } from '../support/captioned-film.js';
import { launchChromium } from '../support/chromium.js';
import { freeTcpPort } from '../support/free-port.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

declare const p2ptv: P2ptvAttachment;

const KEY = 'a-key-for-captions';
const FIRST = 'Captions CC1';
const ROLLING = 'Captions CC3';

/** What the page has seen on its text tracks; runs in the page, before its scripts. */
function watchCues(): void {
  const seen: { label: string; text: string; shownAtSeconds: number }[] = [];
  Object.assign(globalThis, { seenCues: seen });
  setInterval(() => {
    const video = document.querySelector('video');
    for (const { label, mode, activeCues } of video?.textTracks ?? []) {
      const texts = mode === 'showing' ? [...(activeCues ?? [])].map((cue) => (cue as VTTCue).text) : [];
      const last = seen.findLast((each) => each.label === label);
      const text = texts.join(' | ');
      if (last?.text !== text) seen.push({ label, text, shownAtSeconds: video?.currentTime ?? 0 });
    }
  }, 20);
}
declare const seenCues: { label: string; text: string; shownAtSeconds: number }[];

describe('captions in the picture of a live stream', () => {
  let folder: string;
  let origin: RealOrigin;
  let browser: Browser;
  let page: Page;
  let ffmpeg: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'p2ptv-captions-'));
    const film = await makeCaptionedFilm(folder);
    const rtmpPort = await freeTcpPort();
    const config = path.join(folder, 'channels.yaml');
    // YAML takes JSON.
    await writeFile(config, JSON.stringify({ channels: [{ slug: 'main', input: 'rtmp', 'stream-key': KEY, ladder: '180,90', 'dvr-minutes': 10 }] }));
    origin = await startRealOrigin('', { config, rtmpPort, isPublishedLater: true });
    ffmpeg = spawn(process.env['P2PTV_FFMPEG'] ?? 'ffmpeg', ['-nostdin', '-re', '-stream_loop', '-1', '-i', film, '-c', 'copy', '-f', 'flv', `rtmp://127.0.0.1:${rtmpPort}/live/${KEY}`], { stdio: 'ignore' });
    browser = await launchChromium();
    page = await browser.newPage();
    await page.addInitScript(watchCues);
  });

  afterAll(async () => {
    ffmpeg.kill('SIGKILL');
    await browser.close();
    await origin.close();
    await rm(folder, { recursive: true });
  });

  const forgetSeen = (): Promise<unknown> => page.evaluate(() => seenCues.splice(0));
  const textsOf = async (label: string): Promise<string[]> => (await page.evaluate(() => seenCues)).filter((cue) => cue.label === label && cue.text !== '').map(({ text }) => text);
  const pictureNow = (): Promise<unknown> =>
    page.evaluate(() => {
      const { currentTime, readyState, paused, error } = document.querySelector('video') ?? {};
      const { state, session } = p2ptv.stats();
      return { captions: seenCues.length, currentTime, readyState, paused, error: error?.message, state: state.kind, chunks: session?.chunksVerified, isOriginReachable: session?.isOriginReachable };
    });
  /** Waits until so many captions have been shown anew; each of them alone, and in their order. */
  const expectWords = async (count: number): Promise<void> => {
    await forgetSeen();
    // The first is whatever stood there. What a failure prints is the last of these.
    await expect.poll(async () => ((await textsOf(FIRST)).length > count ? 'shown' : pictureNow()), { interval: 100 }).toBe('shown');
    const numbers = (await textsOf(FIRST)).map((text) => Number(/^Words number (\d)$/.exec(text)?.[1]));
    for (const [index, number] of numbers.entries()) if (index > 0) expect(number, numbers.join()).toBe(((numbers[index - 1] ?? 0) % 6) + 1);
  };
  const expectNoneDoubled = async (): Promise<void> => {
    const overlaps = await page.evaluate(() => {
      const tracks = [...(document.querySelector('video')?.textTracks ?? [])].filter(({ mode }) => mode === 'showing');
      const cues = tracks.flatMap((track) => [...(track.cues ?? [])]).sort((left, right) => left.startTime - right.startTime);
      return cues.flatMap((cue, index) => ((cues[index - 1]?.endTime ?? 0) > cue.startTime + 0.02 ? [[cues[index - 1]?.endTime, cue.startTime]] : []));
    });
    expect(overlaps).toEqual([]);
  };

  it('PL21: are told of in the playlist, with all renditions, and chosen by menu and key; none are shown before', async () => {
    await page.goto(`${origin.url}/watch/main`);
    const menu = page.getByLabel('Captions', { exact: true });
    await menu.waitFor();
    await expect.poll(async () => menu.locator('option').allTextContents()).toEqual(['Captions off', FIRST, ROLLING]);
    const playlist = await (await fetch(`${origin.url}/live/main/index.m3u8`)).text();
    expect(playlist.match(/TYPE=CLOSED-CAPTIONS,GROUP-ID="picture",.*INSTREAM-ID="CC[13]"/g)).toHaveLength(2);
    expect(playlist.match(/EXT-X-STREAM-INF:.*CLOSED-CAPTIONS="picture"/g)).toHaveLength(2);
    expect(await menu.inputValue()).toBe('');
    expect(await page.evaluate(() => seenCues.filter(({ text }) => text !== ''))).toEqual([]);
    await page.keyboard.press('c');
    await expectWords(3);
    expect(await menu.inputValue()).toBe(FIRST);
    expect(await page.evaluate(() => p2ptv.state.kind)).toBe('meshed');
    await expectNoneDoubled();
  });

  it('go on through a change of quality', async () => {
    await page.getByLabel('Quality').selectOption({ label: '90p' });
    await page.waitForFunction(() => document.querySelector('video')?.videoHeight === 90);
    await expectWords(2);
    await expectNoneDoubled();
  });

  it('are there for who goes back, and at the live edge again', async () => {
    await page.evaluate(() => p2ptv.seek(0));
    await page.waitForFunction(() => (p2ptv.stats().recording?.positionMs ?? Infinity) < Date.now() - 10_000);
    await expectWords(2);
    await expectNoneDoubled();
    await page.evaluate(() => p2ptv.goLive());
    await page.waitForFunction(() => p2ptv.stats().isFollowingLive);
    await expectWords(2);
    await expectNoneDoubled();
  });

  it('are written letter by letter where they come so', async () => {
    await page.getByLabel('Captions', { exact: true }).selectOption({ label: ROLLING });
    await forgetSeen();
    const whole = 'Letter by letter in row ';
    const isPart = (row = ''): boolean => row !== '' && row.length < whole.length && whole.startsWith(row);
    const isGrowing = (texts: readonly string[]): boolean => texts.some((text) => isPart(text.split('\n').at(-1))) && texts.some((text) => text.split('\n').filter((row) => row.startsWith(whole)).length === 2);
    await expect.poll(async () => isGrowing(await textsOf(ROLLING)), { interval: 100 }).toBe(true);
    await page.keyboard.press('c');
    await page.waitForFunction(() => [...(document.querySelector('video')?.textTracks ?? [])].every(({ mode }) => mode === 'disabled'));
  });

  it('RC12: are in the recording of it', async () => {
    ffmpeg.kill('SIGKILL');
    const found = async (): Promise<RecordingListing | undefined> => ((await (await fetch(`${origin.url}/api/recordings`)).json()) as { recordings: RecordingListing[] }).recordings[0];
    await expect.poll(found, { timeout: 60_000 }).toBeDefined();
    const recording = await found();
    expect(await (await fetch(`${origin.url}/live/${recording?.id}/index.m3u8`)).text()).toContain('INSTREAM-ID="CC1"');
    await page.goto(`${origin.url}${recording?.watchPath}`);
    await page.getByLabel('Captions', { exact: true }).selectOption({ label: FIRST });
    await expectWords(2);
    const at = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
    const isAt = (from: number): Promise<unknown> =>
      page.waitForFunction((wanted) => {
        const video = document.querySelector('video');
        return video?.seeking === false && video.readyState > 2 && Math.abs(video.currentTime - wanted) < 2.5;
      }, from);
    await page.keyboard.press('ArrowRight');
    await isAt(at + 5);
    await page.keyboard.press('ArrowLeft');
    await isAt(at);
    await expectWords(2);
    await expectNoneDoubled();
  });
});
