import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RecordingListing } from '@p2ptv/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvAttachment } from '../../src/library/attachment.js';
import { launchChromium } from '../support/chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

declare const p2ptv: P2ptvAttachment;

/** A caption begins so often, and stands for a second less; a turn of the film has six. */
const CAPTION_SECONDS = 2;
const CAPTIONS = 6;

/** Makes a film whose captions tell in which two seconds of it they are, and whose picture's brightness does, too. */
async function makeFilm(folder: string): Promise<string> {
  const stamp = (seconds: number): string => `00:00:${seconds.toFixed(3).padStart(6, '0').replace('.', ',')}`;
  const files = ['Words', 'Worte'].map((word, index) => ({ word, file: path.join(folder, `${index}.srt`) }));
  for (const { word, file } of files) {
    const blocks = Array.from({ length: CAPTIONS }, (_, index) => `${index + 1}\n${stamp(index * CAPTION_SECONDS)} --> ${stamp((index + 1) * CAPTION_SECONDS - 1)}\n${word} <b>number</b> ${index}\n`);
    await writeFile(file, blocks.join('\n'));
  }
  const film = path.join(folder, 'film.mp4');
  const seconds = CAPTIONS * CAPTION_SECONDS;
  // 30 levels of grey apart, from 40 on.
  const picture = `color=c=black:s=320x180:r=30:d=${seconds},geq=lum='40+30*floor(T/${CAPTION_SECONDS})':cb=128:cr=128`;
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=d=${seconds}`, ...files.flatMap(({ file }) => ['-i', file])];
  const output = ['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-c:s', 'mov_text', '-metadata:s:s:0', 'language=eng', '-metadata:s:s:1', 'language=deu'];
  await promisify(execFile)(process.env['P2PTV_FFMPEG'] ?? 'ffmpeg', ['-loglevel', 'error', ...inputs, ...output, film]);
  return film;
}

/** Notes what a track shows whenever that changes, and how bright the picture is then; runs in the page, before its scripts. */
function watchCues(): void {
  const seen: { label: string; text: string; luma: number }[] = [];
  Object.assign(globalThis, { seenCues: seen });
  const canvas = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  setInterval(() => {
    const video = document.querySelector('video');
    for (const { label, mode, activeCues } of video?.textTracks ?? []) {
      const text = mode === 'showing' ? [...(activeCues ?? [])].map((cue) => ((cue as VTTCue).getCueAsHTML().textContent)).join(' | ') : '';
      if ((seen.findLast((each) => each.label === label)?.text ?? '') === text || !video || !context) continue;
      context.drawImage(video, 0, 0, 2, 2);
      seen.push({ label, text, luma: context.getImageData(0, 0, 1, 1).data[1] ?? 0 });
    }
  }, 20);
}
declare const seenCues: { label: string; text: string; luma: number }[];

describe('captions as text of a live stream', () => {
  let folder: string;
  let origin: RealOrigin;
  let browser: Browser;
  let page: Page;
  const asked: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'p2ptv-captions-'));
    origin = await startRealOrigin(await makeFilm(folder), { ladder: '180', isRecorded: true });
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('request', (request) => {
      if (request.url().includes('/captions/')) asked.push(request.url());
    });
    await page.addInitScript(watchCues);
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
    await rm(folder, { recursive: true });
  });

  /** Waits until so many captions have been shown from their beginning: one after the other, each with its own picture. */
  const expectWords = async (label: string, word: string, count: number): Promise<void> => {
    await page.evaluate(() => seenCues.splice(0));
    const shown = async (): Promise<typeof seenCues> => (await page.evaluate(() => seenCues)).filter((cue) => cue.label === label && cue.text !== '');
    // The first is whatever stood there.
    await expect.poll(async () => (await shown()).length, { interval: 100 }).toBeGreaterThan(count);
    const [first, ...others] = await shown();
    let before = numberOf(first?.text, word);
    for (const { text, luma } of others) {
      const number = numberOf(text, word);
      expect(number, text).toBe((before + 1) % CAPTIONS);
      // The picture of the moment is its own or, by a frame, the one before.
      const level = Math.round(((luma * 219) / 255 + 16 - 40) / 30);
      expect([number, before], `${text} at ${luma}`).toContain(level);
      before = number;
    }
  };
  const numberOf = (text: string | undefined, word: string): number => Number(new RegExp(`^${word} number (\\d)$`).exec(text ?? '')?.[1]);
  const menu = () => page.getByLabel('Captions', { exact: true });

  it('PL23: are in the menu and on the key, shown with their picture; nothing is asked for before', async () => {
    await page.goto(`${origin.url}/watch/main`);
    await expect.poll(() => menu().locator('option').allTextContents()).toEqual(['Captions off', 'English', 'Deutsch']);
    await page.waitForFunction(() => p2ptv.state.kind === 'meshed' && (document.querySelector('video')?.currentTime ?? 0) > 3);
    expect(asked).toEqual([]);
    await page.keyboard.press('c');
    await expectWords('English', 'Words', 6);
    expect(asked.every((url) => url.includes('/captions/0/'))).toBe(true);
    await menu().selectOption('Deutsch');
    await expectWords('Deutsch', 'Worte', 2);
  });

  it('are there for who goes back, and at the live edge again', async () => {
    await page.evaluate(() => p2ptv.seek(0));
    await page.waitForFunction(() => (p2ptv.stats().recording?.positionMs ?? Infinity) < Date.now() - 10_000 && document.querySelector('video')?.seeking === false);
    await expectWords('Deutsch', 'Worte', 2);
    await page.evaluate(() => p2ptv.goLive());
    await page.waitForFunction(() => p2ptv.stats().isFollowingLive && document.querySelector('video')?.seeking === false && (document.querySelector('video')?.readyState ?? 0) > 2);
    await expectWords('Deutsch', 'Worte', 2);
    await page.keyboard.press('c');
    await page.waitForFunction(() => [...(document.querySelector('video')?.textTracks ?? [])].every(({ mode }) => mode === 'disabled'));
  });

  it('RC13: are in the recording of it', async () => {
    await page.goto('about:blank');
    await stopChannel(origin);
    const found = async (): Promise<RecordingListing | undefined> => ((await (await fetch(`${origin.url}/api/recordings`)).json()) as { recordings: RecordingListing[] }).recordings[0];
    await expect.poll(found, { timeout: 20_000 }).toBeDefined();
    await page.goto(`${origin.url}${(await found())?.watchPath}`);
    await menu().selectOption('English');
    await expectWords('English', 'Words', 3);
  });
});

/** As an administrator does. */
async function stopChannel({ url, password }: RealOrigin): Promise<void> {
  const session = await fetch(`${url}/api/admin/session`, { method: 'POST', headers: { 'content-type': 'application/json', origin: url }, body: JSON.stringify({ password }) });
  expect(session.status).toBe(200);
  const cookie = session.headers.getSetCookie().map((each) => each.split(';')[0]).join('; ');
  const stopped = await fetch(`${url}/api/admin/channels/main/stop`, { method: 'POST', headers: { cookie, origin: url } });
  expect([stopped.status, await stopped.text()]).toEqual([200, expect.any(String)]);
}
