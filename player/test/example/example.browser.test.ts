import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvStats } from '../../src/library/attachment.js';
import { launchChromium } from '../support/chromium.js';
import { servePage, type PageServer } from '../support/page-server.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

const FILES: Readonly<Record<string, { type: string; file: URL }>> = {
  '/': { type: 'text/html', file: new URL('../../example/index.html', import.meta.url) },
  '/hls.mjs': { type: 'text/javascript', file: new URL(import.meta.resolve('hls.js')) },
  '/p2ptv-player.js': { type: 'text/javascript', file: new URL('../../dist/library/index.js', import.meta.url) },
};

type Figures = Pick<P2ptvStats, 'startupMs' | 'offloadRatio' | 'bytes'> & { state: string };

describe('the example: an hls.js page with three lines more', () => {
  let browser: Browser;
  let origin: RealOrigin;
  let server: PageServer;

  beforeAll(async () => {
    const files = Object.entries(FILES).map(async ([path, { type, file }]) => [path, { type, body: await readFile(file) }] as const);
    server = await servePage(Object.fromEntries(await Promise.all(files)));
    origin = await startRealOrigin();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
    server.close();
  });

  const open = async (): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.urlOf(origin.link));
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 1);
    return page;
  };
  const figures = (page: Page): Promise<Figures> =>
    page.evaluate(() => JSON.parse(document.getElementById('figures')?.textContent ?? '{}') as Figures);

  it('plays in the mesh, and two of them feed each other', async () => {
    const pages = [await open(), await open()];
    for (const page of pages) {
      await page.waitForFunction(() => document.getElementById('figures')?.textContent.includes('"meshed"'));
    }
    await expect
      .poll(async () => (await Promise.all(pages.map(figures))).reduce((sum, { bytes }) => sum + bytes.fromPeers, 0), {
        timeout: 40_000,
      })
      .toBeGreaterThan(200_000);
    await expect
      .poll(async () => (await Promise.all(pages.map(figures))).reduce((sum, { bytes }) => sum + bytes.sent, 0), {
        timeout: 20_000,
      })
      .toBeGreaterThan(200_000);
  });

  it('has no more lines than a reader takes in at a glance', async () => {
    const text = await readFile(FILES['/']!.file, 'utf8');
    const script = text.slice(text.indexOf('<script type="module">'), text.indexOf('</script>\n</html>'));
    expect(script.split('\n').length).toBeLessThanOrEqual(20);
    // What it takes beyond a page that plays with hls.js alone: this, and no other line of script.
    const lines = script.split('\n').map((line) => line.trim());
    expect(lines.filter((line) => /attachP2ptv|\blink\b/.test(line))).toEqual([
      "import { attachP2ptv } from '@p2ptv/player';",
      "const link = new URLSearchParams(location.search).get('link'); // magnet:?xt=urn:p2ptv:…",
      'const p2ptv = attachP2ptv(hls, { link }); // instead of hls.loadSource(…)',
    ]);
    expect(lines.filter((line) => /\bhls\.\w+\(/.test(line) && !line.includes('attachP2ptv'))).toEqual([
      "hls.attachMedia(document.getElementById('video'));",
    ]);
  });
});
