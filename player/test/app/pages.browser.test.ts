import type { RecordingListing } from '@p2ptv/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seriousViolations } from '../support/accessibility.js';
import { launchChromium } from '../support/chromium.js';
import { playsOn } from '../support/plays-on.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

const PHONE = { width: 375, height: 812 };

describe('pages, on a real origin in Chromium', () => {
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

  const open = async (path: string, viewport = { width: 1280, height: 800 }): Promise<Page> => {
    const page = await browser.newPage({ viewport });
    pages.push(page);
    await page.goto(`${origin.url}${path}`);
    return page;
  };
  /** Errors that nobody caught, rejected promises among them. */
  const lostErrors = (page: Page): string[] => {
    const lost: string[] = [];
    page.on('pageerror', ({ message }) => lost.push(message));
    return lost;
  };
  /** Waits for properties of the video element. */
  const video = async (page: Page, expected: Readonly<Record<string, unknown>>): Promise<void> => {
    const read = (names: readonly string[]): Promise<Record<string, unknown>> =>
      page.evaluate((asked) => {
        const element = document.querySelector('video') as unknown as Record<string, unknown>;
        return Object.fromEntries(asked.map((name) => [name, element[name]]));
      }, names);
    await expect.poll(() => read(Object.keys(expected))).toEqual(expected);
  };

  it('lists what is live, and leads to it', async () => {
    const page = await open('/');
    await page.getByRole('link', { name: /Live/ }).click();
    await page.waitForURL(`${origin.url}/watch/main`);
    await playsOn(page);
  });

  it('plays muted with an unmute button, and shows what it did', async () => {
    const page = await open('/watch/main');
    await playsOn(page);
    await page.getByRole('button', { name: 'Unmute' }).first().click();
    await video(page, { muted: false });
    await page.waitForFunction(() => /\d ms/.test(document.querySelector('[data-stat=startup]')?.textContent ?? ''));
    await page.waitForFunction(() => /\d s/.test(document.querySelector('[data-stat=playout-delay]')?.textContent ?? ''));
    await page.getByText('From the origin only – no peers yet.').waitFor();
  });

  it('plays a stream by its link', async () => {
    const page = await open(`/watch?${origin.link.slice(origin.link.indexOf('?') + 1)}`);
    await playsOn(page);
    expect(await page.title()).toContain('P2PTV');
  });

  it('opens a pasted link, and says so when it is none', async () => {
    const page = await open('/');
    const field = page.getByLabel('Open a stream from elsewhere');
    await field.fill('http://nowhere');
    await field.press('Enter');
    await page.getByText('That is no stream link').waitFor();
    await field.fill(origin.link);
    await field.press('Enter');
    await page.waitForURL(/\/watch\?xt=/);
    await playsOn(page);
  });

  it('leads back from a page of the catalogue that is beyond the last', async () => {
    const page = await browser.newPage();
    pages.push(page);
    const total = 26;
    await page.route('**/api/recordings?*', async (route) => {
      const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
      const recordings = Array.from({ length: Math.max(0, Math.min(24, total - offset)) }, (_, index): RecordingListing => ({
        ...{ id: `r${offset + index}`, title: `Film ${offset + index}`, description: '', tags: [], state: 'ready', startedAtMs: 0, durationMs: 1000, byteLength: 1 },
        ...{ width: 640, height: 360, viewers: 0, seeders: 0, link: origin.link, watchPath: `/watch/recordings/r${offset + index}` },
      }));
      await route.fulfill({ json: { total, recordings } });
    });
    await page.goto(`${origin.url}/?page=9`);
    await page.getByText('There is no page 9 of them.').waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show the last page' }).click();
    await page.getByRole('link', { name: 'Film 25' }).waitFor();
    await page.getByText('Page 2 of 2').waitFor();
    await page.waitForURL(`${origin.url}/?page=2`);
  });

  it('asks for nothing of the stream before the click, and starts with it', async () => {
    const page = await browser.newPage();
    pages.push(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    page.on('websocket', (socket) => asked.push(new URL(socket.url()).pathname));
    await page.goto(`${origin.url}/watch/main?autoplay=0`);
    const play = page.getByRole('button', { name: 'Play', exact: true }).first();
    await play.waitFor();
    await page.waitForLoadState('networkidle');
    const isStreamTraffic = (path: string): boolean => path.startsWith('/live/') || path.startsWith('/tracker');
    expect(asked.filter(isStreamTraffic)).toEqual([]);
    await play.click();
    await playsOn(page);
    expect(asked.filter(isStreamTraffic).length).toBeGreaterThan(0);
  });

  it('is worked by keyboard', async () => {
    const page = await open('/watch/main');
    await playsOn(page);
    for (const key of ['k', ' ']) {
      await page.keyboard.press(key);
      await video(page, { paused: true });
      await page.keyboard.press(key);
      await video(page, { paused: false });
    }
    await page.keyboard.press('m');
    await video(page, { muted: false });
    await page.keyboard.press('ArrowDown');
    await video(page, { volume: expect.closeTo(0.9) as number });
    await page.keyboard.press('ArrowUp');
    await video(page, { volume: 1 });
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement?.classList.contains('player'));
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === null);
  });

  it('goes back to live by keyboard after a pause', async () => {
    const page = await open('/watch/main');
    await playsOn(page);
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Back to live' }).waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'You are watching live' }).waitFor();
    await video(page, { paused: false });
    await playsOn(page);
  });

  it('reaches every control with the tab key, and shows where the focus is', async () => {
    const page = await open('/watch/main');
    await playsOn(page);
    const names: string[] = [];
    for (let count = 0; count < 22; count++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        const outlined = element?.closest('label') ?? element;
        const name = element?.getAttribute('aria-label') ?? element?.textContent ?? '';
        const value = element instanceof HTMLInputElement ? element.value : '';
        const isControl = element !== null && element !== document.body;
        return { name: name || value, isControl, outline: outlined ? getComputedStyle(outlined).outlineStyle : 'none' };
      });
      names.push(focus.name.trim());
      if (focus.isControl) expect(focus.outline, focus.name).not.toBe('none');
    }
    for (const name of ['Unmute', 'Pause', 'Volume', 'You are watching live', 'Keyboard shortcuts', 'Picture in picture', 'Full screen', 'Share', 'Got it', 'on']) {
      expect(names).toContain(name);
    }
  });

  it('shuts nobody out, by the rules of accessibility', async () => {
    const page = await open('/watch/main');
    await playsOn(page);
    expect(await seriousViolations(page), 'playing').toEqual([]);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await seriousViolations(page), 'sharing').toEqual([]);
    expect(await page.getByRole('textbox', { name: 'Code to embed it' }).inputValue()).toMatch(/^<iframe src="http:\S+\/embed\/main" .*width:100%;max-width:640px.* allowfullscreen><\/iframe>$/);
    for (const [path, sign] of [
      ['/', 'Open a stream from elsewhere'],
      ['/watch/no-such-stream', 'There is no stream called'],
      ['/embed/main', 'Live'],
      ['/studio', 'takes its picture from elsewhere'],
      ['/admin', 'Log in'],
      ['/nowhere', 'Nothing here'],
    ] as const) {
      await page.goto(`${origin.url}${path}`);
      await page.getByText(sign).first().waitFor();
      expect(await seriousViolations(page), path).toEqual([]);
    }
  });

  it('shows who only watches the picture alone, and a finger the controls before it does anything else', async () => {
    const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    await page.goto(`${origin.url}/watch/main`);
    await playsOn(page);
    const opacity = (): Promise<string> => page.evaluate(() => getComputedStyle(document.querySelector('.controls')!).opacity);
    await expect.poll(opacity, { timeout: 10_000 }).toBe('0');
    const { x, y, width, height } = (await page.locator('.controls').boundingBox())!;
    await page.touchscreen.tap(x + width / 2, y + height - 20);
    await expect.poll(opacity).toBe('1');
    await video(page, { paused: false });
    await page.getByRole('button', { name: 'Pause' }).tap();
    await video(page, { paused: true });
    await expect.poll(opacity).toBe('1');
    await context.close();
  });

  it('takes a finger on any part of the button that plays, in a small embedded picture too', async () => {
    const context = await browser.newContext({ viewport: { width: PHONE.width, height: 211 }, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    await page.goto(`${origin.url}/embed/main`);
    const button = page.locator('.big-play');
    const { width, height } = (await button.boundingBox())!;
    await button.tap({ position: { x: width / 2, y: height - 6 } });
    await playsOn(page);
    await context.close();
  });

  it('says in the studio that a channel takes its picture from elsewhere, and asks for no key', async () => {
    const page = await open('/studio', PHONE);
    await page.getByRole('heading', { name: '“main” takes its picture from elsewhere' }).waitFor();
    await page.getByText('npm start -- --input whip').waitFor();
    expect([await page.getByRole('textbox').count(), await page.getByRole('button', { name: 'Go live' }).count(), await page.getByText('Goes live as').count()]).toEqual([0, 0, 0]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
  });

  it('tells of no mesh where there is nothing to watch, and leads back', async () => {
    const page = await open('/watch/no-such-stream');
    await page.getByRole('link', { name: 'See what else there is' }).waitFor();
    expect(await page.getByRole('complementary').count()).toBe(0);
    expect(await page.getByRole('group', { name: 'Player controls' }).count()).toBe(0);
  });

  it.each(['/', '/watch/main', '/watch/main?autoplay=0', '/nowhere'])(
    'needs no sideways scrolling on a phone: %s',
    async (path) => {
      const page = await open(path, PHONE);
      if (path === '/watch/main') await playsOn(page);
      await page.waitForLoadState('load');
      await page.waitForTimeout(300);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    },
  );

  it('keeps the viewer’s say about sharing, and the note about addresses dismissed', async () => {
    const page = await open('/watch/main');
    await page.getByText(/can see your IP address/).waitFor();
    await page.getByRole('button', { name: 'Got it' }).click();
    await playsOn(page);
    await page.getByLabel('Limited').check();
    await page.getByLabel('At most').selectOption({ label: '500 kb/s' });
    await page.reload();
    await playsOn(page);
    await expect.poll(() => page.getByLabel('At most').inputValue()).toBe('500000');
    expect(await page.getByText(/can see your IP address/).count()).toBe(0);
    await page.getByRole('radio', { name: 'Off' }).check();
    await page.getByLabel('At most').waitFor({ state: 'detached' });
  });

  it('lets the viewer switch sharing off before anything has started', async () => {
    const page = await open('/watch/main?autoplay=0');
    await page.getByRole('radio', { name: 'Off' }).check();
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    await playsOn(page);
    expect(await page.getByRole('radio', { name: 'Off' }).isChecked()).toBe(true);
  });

  it('says so when a part of the site does not load', async () => {
    const page = await browser.newPage();
    await page.route(/watch-page.*\.js$/, (route) => route.fulfill({ status: 404 }));
    await page.goto(`${origin.url}/watch/main`);
    await page.getByRole('button', { name: 'Load it again' }).waitFor();
    await page.close();
  });

  it('says so when the player’s own code does not load, once it is wanted', async () => {
    const page = await browser.newPage();
    pages.push(page);
    const lost = lostErrors(page);
    const refused = page.waitForResponse(/watch-session.*\.js$/);
    await page.route(/watch-session.*\.js$/, (route) => route.fulfill({ status: 404 }));
    await page.goto(`${origin.url}/watch/main?autoplay=0`);
    await refused;
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    await page.getByText('The player could not be loaded.').waitFor();
    expect(lost).toEqual([]);
  });

  it('takes it when the browser refuses to play or to fill the screen', async () => {
    const page = await browser.newPage();
    pages.push(page);
    const lost = lostErrors(page);
    await page.goto(`${origin.url}/watch/main`);
    await playsOn(page);
    await page.keyboard.press('k');
    await page.evaluate(`
      globalThis.refusals = 0;
      const refuse = () => (globalThis.refusals++, Promise.reject(new DOMException('Refused.', 'NotAllowedError')));
      HTMLMediaElement.prototype.play = refuse;
      Element.prototype.requestFullscreen = refuse;
    `);
    for (const key of ['k', 'l', 'f']) await page.keyboard.press(key);
    await page.waitForFunction('globalThis.refusals === 3');
    await page.getByRole('button', { name: 'Play', exact: true }).first().waitFor();
    // Reports of errors that nobody caught come with the next turn of the event loop.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    expect(lost).toEqual([]);
  });

  it('takes a stored upload cap that is too low for none at all', async () => {
    const page = await browser.newPage();
    pages.push(page);
    await page.addInitScript(`localStorage.setItem('p2ptv.upload', '100000')`);
    await page.goto(`${origin.url}/watch/main`);
    await playsOn(page);
    expect(await page.getByRole('radio', { name: 'Off' }).isChecked()).toBe(true);
    await page.getByText('From the origin only – no peers yet.').waitFor();
  });

  it('says what is wrong in a sentence', async () => {
    const unknown = await open('/watch/no-such-stream');
    await unknown.getByText('There is no stream called “no-such-stream” here.').waitFor();
    const bad = await open('/watch?xt=urn:p2ptv:zz');
    await bad.getByText('The link needs xt=').waitFor();
  });

  it('goes on from the origin where there is no WebRTC, and says so', async () => {
    const page = await browser.newPage();
    pages.push(page);
    await page.addInitScript('delete globalThis.RTCPeerConnection');
    await page.goto(`${origin.url}/watch/main`);
    await playsOn(page);
    await page.getByText('this browser has no WebRTC').waitFor();
  });

  it('plays the origin’s HLS where the browser has no MediaSource but plays HLS itself', async () => {
    const page = await browser.newPage();
    pages.push(page);
    await page.addInitScript(`
      delete globalThis.MediaSource;
      delete globalThis.ManagedMediaSource;
      delete globalThis.WebKitMediaSource;
      HTMLMediaElement.prototype.canPlayType = () => 'maybe';
    `);
    await page.goto(`${origin.url}/watch/main`);
    await page.getByText('this browser plays HLS itself').waitFor();
    await video(page, { src: `${origin.url}/live/main/index.m3u8` });
  });
});
