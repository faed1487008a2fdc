import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlePage } from '../support/bundle.js';
import { launchChromium } from '../support/chromium.js';
import type { NoPeersPage } from '../support/no-peers-page.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

declare const noPeers: NoPeersPage;

describe('attachP2ptv without peers', () => {
  let browser: Browser;
  let origin: RealOrigin;
  let server: Server;

  beforeAll(async () => {
    const script = await bundlePage('test/support/no-peers-page.ts');
    server = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><video muted playsinline></video><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
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
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://localhost:${port}/?link=${encodeURIComponent(origin.link)}`);
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
