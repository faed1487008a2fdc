import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

const CLIP = fileURLToPath(new URL('../../../origin/media/clip.mp4', import.meta.url));

describe('administration and catalogue, on a real origin in Chromium', () => {
  let browser: Browser;
  let origin: RealOrigin;
  const pages: Page[] = [];

  beforeAll(async () => {
    origin = await startRealOrigin();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
  });

  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });

  const open = async (path: string): Promise<Page> => {
    const page = await browser.newPage();
    pages.push(page);
    await page.goto(`${origin.url}${path}`);
    return page;
  };
  const logIn = async (page: Page): Promise<void> => {
    await page.getByLabel('Password').fill(origin.password ?? '');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Log out' }).waitFor();
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

  it('goes back in a live stream by its seek bar and returns to live', async () => {
    const page = await open('/watch/main');
    const seek = page.getByLabel('Seek', { exact: true });
    await seek.waitFor({ timeout: 30_000 });
    await page.keyboard.press('0');
    await page.waitForFunction('globalThis.p2ptv.stats().recording !== undefined');
    await page.getByRole('button', { name: 'Back to live' }).waitFor();
    const from = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
    await page.waitForFunction((time) => (document.querySelector('video')?.currentTime ?? 0) > time + 0.5, from);
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'You are watching live' }).waitFor();
  });

  it('is embedded by pages of others, which its other pages are not', async () => {
    const headers = async (path: string): Promise<Headers> => (await fetch(`${origin.url}${path}`)).headers;
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
