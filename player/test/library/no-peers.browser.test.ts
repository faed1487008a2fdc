import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import type { NoPeersPage } from '../support/no-peers-page.js';
import { serveScript, type PageServer } from '../support/page-server.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

declare const noPeers: NoPeersPage;

describe('attachP2ptv without peers', () => {
  let browser: Browser;
  let origin: RealOrigin;
  let server: PageServer;

  beforeAll(async () => {
    server = await serveScript('test/support/no-peers-page.ts');
    origin = await startRealOrigin();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
    server.close();
  });

  it('plays verified media from the origin, and never asks a tracker', async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('websocket', (socket) => asked.push(socket.url()));
    await page.goto(server.urlOf(origin.link));
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 3);
    const { state, session, bytes } = await page.evaluate(() => noPeers.attachment.stats());
    expect(state).toEqual({ kind: 'meshed' });
    expect(session?.isWebRtcAvailable).toBe(false);
    expect(session?.chunksVerified).toBeGreaterThan(0);
    expect(bytes.fromOrigin).toBeGreaterThan(0);
    expect(bytes).toMatchObject({ fromPeers: 0, fromSeeder: 0, sent: 0 });
    expect(asked.some((url) => url.includes('/live/main/'))).toBe(true);
    expect(asked.filter((url) => url.includes('/tracker/'))).toEqual([]);
  });
});
