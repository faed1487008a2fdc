import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seriousViolations } from '../support/accessibility.js';
import { launchChromium } from '../support/chromium.js';
import { playsOn } from '../support/plays-on.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

const CLIP = fileURLToPath(new URL('../../../origin/media/clip.mp4', import.meta.url));

describe('administration and catalogue, on a real origin in Chromium', () => {
  let browser: Browser;
  let origin: RealOrigin;
  const pages: Page[] = [];

  beforeAll(async () => {
    origin = await startRealOrigin('testcard', { ladder: '240,144' });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
  });

  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });

  const open = async (pathname: string): Promise<Page> => {
    const page = await browser.newPage();
    pages.push(page);
    await page.goto(`${origin.url}${pathname}`);
    return page;
  };
  const logIn = async (page: Page): Promise<void> => {
    await page.getByLabel('Password').fill(origin.password ?? '');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Log out' }).waitFor();
  };

  const watchPathOf = async (text: string): Promise<string | undefined> => {
    const found = (await (await fetch(`${origin.url}/api/recordings?text=${text}`)).json()) as { recordings: { watchPath: string }[] };
    return found.recordings[0]?.watchPath;
  };

  it('refuses a wrong password in a sentence, and shows nothing before the right one', async () => {
    const page = await open('/admin');
    await page.getByLabel('Password').fill('not-the-password');
    await page.keyboard.press('Enter');
    await page.getByText('The password is wrong.').waitFor();
    expect(await page.getByRole('article').count()).toBe(0);
    await logIn(page);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
  });

  it('makes a channel, shows its key this once, finds it in the catalogue, and deletes it when told twice', async () => {
    const page = await open('/admin');
    await logIn(page);
    await page.getByRole('button', { name: 'New channel' }).click();
    await page.getByLabel('Name in addresses').fill('harbour');
    await page.getByLabel('Title').fill('Harbour <b>at night</b>');
    await page.getByLabel('Tags').fill('sea, night');
    await page.getByLabel('Where the picture comes from').selectOption('none');
    await page.getByRole('button', { name: 'Create channel' }).click();
    const key = await page.getByRole('textbox', { name: 'Stream key' }).inputValue();
    expect(key.length).toBeGreaterThan(12);
    await page.getByRole('button', { name: 'I have it' }).click();
    const row = page.getByRole('article', { name: 'Harbour' });
    await row.waitFor();
    expect(await page.content()).not.toContain(key);

    const catalogue = await open('/?text=harb');
    await catalogue.getByRole('link', { name: /Harbour <b>at night/ }).waitFor();
    expect(await catalogue.getByRole('article').count()).toBe(1);
    await catalogue.getByRole('button', { name: 'sea' }).click();
    await catalogue.waitForURL(/tag=sea/);
    await catalogue.getByLabel('Search').fill('nothing like it');
    await catalogue.getByText('Nothing fits “nothing like it”.').waitFor();
    expect(new URL(catalogue.url()).searchParams.get('text')).toBe('nothing like it');
    await catalogue.goBack();
    await catalogue.getByRole('link', { name: /Harbour/ }).waitFor();

    await row.getByRole('button', { name: 'Delete' }).click();
    await page.keyboard.press('Escape');
    expect(await row.count()).toBe(1);
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete channel' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('adds a film: tells how far it is, gives it up when told, and refuses what is none in a sentence', async () => {
    const page = await open('/admin/recordings');
    await logIn(page);
    const choose = async (file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> => {
      await page.getByLabel('File').setInputFiles(file);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    };
    await page.getByRole('button', { name: 'Add a film' }).click();
    await choose({ name: 'a-letter.mp4', mimeType: 'video/mp4', buffer: Buffer.from('a letter') });
    await page.getByRole('dialog').getByText('"a-letter.mp4" cannot be played').waitFor();
    await choose({ name: 'Skies over the sea.mp4', mimeType: 'video/mp4', buffer: await readFile(CLIP) });
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const row = page.getByRole('article', { name: 'Adding Skies over the sea' });
    await row.getByText(/Encoding: \d/).waitFor();
    await row.getByRole('progressbar').waitFor();
    await row.getByRole('button', { name: 'Give up' }).click();
    await row.getByText('Adding "Skies over the sea" was given up.').waitFor();
    await row.getByRole('button', { name: 'Dismiss' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('shows a film’s captions by key and by menu, clear of the controls, which stay in one line on a phone', async () => {
    const page = await open('/admin/recordings');
    await logIn(page);
    const sent = await page.request.post(`${origin.url}/api/admin/recordings?name=boats.mp4&title=Boats`, { data: await captionedFilm() });
    expect(sent.ok(), await sent.text()).toBe(true);
    await expect.poll(() => watchPathOf('boats'), { timeout: 20_000 }).toBeDefined();
    const viewer = await open((await watchPathOf('boats'))!);
    // So that it does not come to its end meanwhile.
    await viewer.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.2);
    await viewer.keyboard.press('k');
    await viewer.setViewportSize({ width: 375, height: 812 });
    const menu = viewer.getByLabel('Captions', { exact: true });
    await menu.waitFor();
    await viewer.getByLabel('Quality').waitFor();
    const shown = (): Promise<unknown[]> =>
      viewer.evaluate(() => {
        const tracks = [...document.querySelectorAll('track')].map(({ track }) => track);
        return tracks.filter(({ mode }) => mode === 'showing').flatMap(({ activeCues }) => [...(activeCues ?? [])].map((cue) => [(cue as VTTCue).text, (cue as VTTCue).line]));
      });
    expect(await shown()).toEqual([]);
    // The picture, which stands still and is of one colour, without what lies on it.
    const pictureOf = async (selector: string, height?: number): Promise<string> => {
      const box = (await viewer.locator(selector).boundingBox())!;
      const clip = { ...box, height: height ?? box.height };
      return (await viewer.screenshot({ clip, style: '.controls, .big-play, .unmute { visibility: hidden !important }' })).toString('base64');
    };
    const [whole, below, top] = [await pictureOf('.player'), await pictureOf('.controls'), await pictureOf('.player', 40)];
    await viewer.keyboard.press('c');
    await expect.poll(shown, { timeout: 10_000 }).toEqual([['The boats come in.', -4]]);
    expect(await menu.inputValue()).toBe('English');
    expect(await pictureOf('.player')).not.toBe(whole);
    expect(await pictureOf('.controls')).toBe(below);
    expect(await pictureOf('.player', 40)).toBe(top);
    // One that says that it stands at the top stays there.
    await viewer.evaluate(() => {
      for (const { track } of document.querySelectorAll('track')) for (const cue of track.cues ?? []) (cue as VTTCue).line = 0;
    });
    await menu.selectOption({ label: 'Deutsch' });
    await expect.poll(shown, { timeout: 10_000 }).toEqual([['Die Boote kommen.', -4]]);
    await menu.selectOption({ label: 'English' });
    await expect.poll(shown).toEqual([['The boats come in.', 0]]);
    await expect.poll(() => pictureOf('.player', 40)).not.toBe(top);
    const lines = await viewer.evaluate(() => new Set([...document.querySelectorAll('.controls > :not(.seek, .controls-time, .controls-space)')].filter((control) => control.checkVisibility()).map((control) => control.getBoundingClientRect().top)).size);
    expect(lines).toBe(1);
    await menu.selectOption({ label: 'Captions off' });
    await expect.poll(shown).toEqual([]);
  });

  it('plays a film to its end whose sound ends shortly before its picture, a few frames into the last segment', async () => {
    const page = await open('/admin/recordings');
    await logIn(page);
    const { seconds, bytes } = await filmWithShorterSound();
    const sent = await page.request.post(`${origin.url}/api/admin/recordings?name=short.mp4&title=Short`, { data: bytes });
    expect(sent.ok(), await sent.text()).toBe(true);
    await expect.poll(() => watchPathOf('short'), { timeout: 20_000 }).toBeDefined();
    const viewer = await open((await watchPathOf('short'))!);
    const video = viewer.locator('video');
    await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.ended), { timeout: 30_000 }).toBe(true);
    expect(await video.evaluate((element: HTMLVideoElement) => element.currentTime)).toBeCloseTo(seconds, 1);
  });

  it('tells what is sent of all channels, the private ones too, and how the uplink is used', async () => {
    const page = await open('/admin');
    await logIn(page);
    const ask = (method: string, path: string, body?: object): Promise<number> =>
      page.evaluate(async ([how, where, what]) => (await fetch(`/api/admin/${where}`, { method: how, ...(what === null ? {} : { headers: { 'content-type': 'application/json' }, body: what }) })).status, [method, path, body ? JSON.stringify(body) : null] as const);
    expect(await ask('POST', 'channels', { slug: 'secret', isPrivate: true, input: 'rtmp' })).toBe(201);
    await page.route('**/api/admin/stats', async (route) => {
      const response = await route.fetch();
      const uplink = { limitBitsPerSecond: 20_000_000, sentBytes: { seed: 1_400_000, other: 512_000 }, joinsAdmitted: 3 };
      await route.fulfill({ response, json: { ...((await response.json()) as object), uplink } });
    });
    await page.goto(`${origin.url}/admin/health`);
    await page.getByRole('rowheader', { name: 'secret' }).waitFor();
    await page.getByRole('rowheader', { name: 'main' }).waitFor();
    expect(await page.locator('dl.facts').innerText()).toMatch(/Limit bits per second\s+20,000,000\s+Sent bytes, seed\s+1\.4 MB\s+Sent bytes, other\s+512 kB\s+Joins admitted\s+3/);
    expect(await (await fetch(`${origin.url}/api/stats`)).text()).not.toContain('secret');
    expect(await ask('DELETE', 'channels/secret')).toBe(204);
  });

  it('shuts no administrator out, by the rules of accessibility', async () => {
    const page = await open('/admin/recordings');
    await logIn(page);
    await page.getByRole('button', { name: 'Add a film' }).click();
    expect(await seriousViolations(page), 'adding a film').toEqual([]);
    await page.goto(`${origin.url}/admin/health`);
    await page.getByRole('table').waitFor();
    expect(await seriousViolations(page), 'health').toEqual([]);
    // On a phone too, where nothing may lie beyond the edge.
    await page.setViewportSize({ width: 390, height: 844 });
    const table = page.getByRole('region', { name: 'Streams' });
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    expect(await seriousViolations(page), 'health on a phone').toEqual([]);
    await page.goto(`${origin.url}/admin`);
    await page.getByRole('article').first().waitFor();
    expect(await seriousViolations(page), 'channels').toEqual([]);
  });

  it('goes back in a live stream by its seek bar and returns to live', async () => {
    const page = await open('/watch/main');
    const seek = page.getByLabel('Seek', { exact: true });
    await seek.waitFor({ timeout: 30_000 });
    await page.keyboard.press('0');
    await page.waitForFunction('globalThis.p2ptv.stats().recording !== undefined');
    await page.getByRole('button', { name: 'Back to live' }).waitFor();
    await playsOn(page);
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'You are watching live' }).waitFor();
  });

  it('is embedded by pages of others, which its other pages are not', async () => {
    const headers = async (pathname: string): Promise<Headers> => (await fetch(`${origin.url}${pathname}`)).headers;
    const embedded = await headers('/embed/main');
    expect(embedded.get('content-security-policy')).toContain('frame-ancestors *');
    expect(embedded.get('x-frame-options')).toBeNull();
    expect((await headers('/admin')).get('content-security-policy')).toContain("frame-ancestors 'self'");
    const page = await open('/embed/main');
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5);
  });

  it('shows the keys, and is not worked by them meanwhile', async () => {
    const page = await open('/watch/main?autoplay=0');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('m');
    expect(await page.evaluate(() => document.querySelector('video')?.muted)).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});

/** The last segment of it, of 67 ms, is all picture in the file. */
async function filmWithShorterSound(): Promise<{ seconds: number; bytes: Buffer }> {
  const seconds = 4 + 2 / 30;
  const inputs = ['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=30:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=duration=${seconds - 0.1}`];
  return { seconds, bytes: await film(() => [...inputs, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac']) };
}

/** Twenty seconds of a still picture that speaks two languages in writing, as a file. */
function captionedFilm(): Promise<Buffer> {
  return film(async (folder) => {
    const texts = { eng: 'The boats come in.', deu: 'Die Boote kommen.' };
    for (const [language, text] of Object.entries(texts)) await writeFile(path.join(folder, `${language}.srt`), `1\n00:00:00,000 --> 00:00:20,000\n${text}\n`);
    const inputs = ['-f', 'lavfi', '-i', 'color=teal:size=480x480:rate=5:duration=20', '-i', path.join(folder, 'eng.srt'), '-i', path.join(folder, 'deu.srt')];
    const streams = ['-map', '0', '-map', '1', '-map', '2', '-metadata:s:s:0', 'language=eng', '-metadata:s:s:1', 'language=deu', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:s', 'mov_text'];
    return [...inputs, ...streams];
  });
}

/** A film that ffmpeg makes by the arguments given, which may name files that were put in the folder. */
async function film(argumentsIn: (folder: string) => readonly string[] | Promise<readonly string[]>): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'p2ptv-film-'));
  try {
    const file = path.join(folder, 'film.mp4');
    await promisify(execFile)(process.env['P2PTV_FFMPEG'] ?? 'ffmpeg', ['-loglevel', 'error', ...(await argumentsIn(folder)), file]);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
