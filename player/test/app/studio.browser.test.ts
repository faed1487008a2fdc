import { readFileSync } from 'node:fs';
import path from 'node:path';

import { recordingListSchema, type RecordingListing } from '@p2ptv/protocol';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { P2ptvAttachment } from '../../src/library/attachment.js';
import { seriousViolations } from '../support/accessibility.js';
import { chromiumPath, FLAGS } from '../support/chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

/** What the watch page leaves for whoever looks behind it. */
declare const p2ptv: P2ptvAttachment | undefined;

let browser: Browser;
let origin: RealOrigin;
let streamKey: string;

beforeAll(async () => {
  origin = await startRealOrigin('whip', { isPublishedLater: true, isRecorded: true });
  streamKey = readFileSync(path.join(origin.data, 'stream.key'), 'utf8').trim();
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});

afterAll(async () => {
  await browser.close();
  await origin.close();
});

async function open(pathname: string, viewport = { width: 1280, height: 800 }): Promise<Page> {
  const page = await (await browser.newContext({ viewport })).newPage();
  await page.addInitScript(keepConnections);
  await page.goto(`${origin.url}${pathname}`);
  return page;
}

type Connected = typeof globalThis & { connections?: RTCPeerConnection[] };

/** Runs in the page, before anything of it. */
function keepConnections(): void {
  const connections: RTCPeerConnection[] = [];
  (globalThis as Connected).connections = connections;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options: ConstructorParameters<typeof RTCPeerConnection>) {
      super(...options);
      connections.push(this);
    }
  };
}

type Leaving = typeof globalThis & { goodbye?: Promise<number> };

/** Runs in the page: keeps what the origin answers to one who says that he stops. */
function keepGoodbye(): void {
  const scope = globalThis as Leaving;
  const plainFetch = scope.fetch;
  scope.goodbye = new Promise((resolve) => {
    scope.fetch = async (...request) => {
      const response = await plainFetch(...request);
      if (request[1]?.method === 'DELETE') resolve(response.status);
      return response;
    };
  });
}

/** Runs in the page: lines of the first picture that it sends. */
async function sentLines(): Promise<number> {
  for (;;) {
    for (const connection of (globalThis as Connected).connections ?? []) {
      for (const entry of (await connection.getStats()).values() as Iterable<RTCOutboundRtpStreamStats>) {
        if (entry.type === 'outbound-rtp' && entry.kind === 'video' && entry.frameHeight) return entry.frameHeight;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('the studio says that a wrong key is wrong, goes live with the right one, is watched, and stops', async ({ annotate }) => {
  const studio = await open('/studio/main');
  await studio.getByRole('button', { name: 'Turn on camera and microphone' }).click();
  await studio.getByLabel('Stream key').fill('the-wrong-key');
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByText('The stream key is wrong.').waitFor();

  const viewer = await open('/watch/main');
  const shown = viewer.evaluate(async () => {
    const frame = (): Promise<number> => new Promise((resolve) => void document.querySelector('video')?.requestVideoFrameCallback(() => resolve(Date.now())));
    while (!document.querySelector('video')) await new Promise((resolve) => setTimeout(resolve, 20));
    return frame();
  });
  await studio.getByLabel('Stream key').fill(streamKey);
  await studio.getByLabel('Title').fill('From the garden');
  const startedAtMs = Date.now();
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByText('You are on air.').waitFor();
  // Left to itself, Chromium begins with 360 of them, and has them all after eight seconds.
  expect(await studio.evaluate(sentLines)).toBe(720);
  await annotate(`${(await shown) - startedAtMs} ms from the click to the first frame watched`);
  await viewer.getByRole('heading', { name: 'From the garden' }).waitFor();

  // It is its own viewer: what it shows is older than what its camera sees.
  await studio.getByRole('button', { name: 'Show what viewers see' }).click();
  const delay = studio.locator('.studio-delay strong').filter({ hasText: /^\d+\.\d\d s$/ });
  await delay.waitFor();
  expect(Number.parseFloat((await delay.textContent()) ?? '')).toBeGreaterThan(0.1);

  await studio.getByRole('button', { name: 'Stop' }).click();
  await studio.getByText('Not on air.').waitFor();
  const state = async (): Promise<unknown> => ((await (await fetch(`${origin.url}/api/streams/main`)).json()) as { state: unknown }).state;
  await expect.poll(state).toBe('offline');
});

it('a microphone alone is heard live and from its recording, and the page shows that there is no picture', async () => {
  const studio = await open('/studio/main');
  await studio.getByLabel('Picture').selectOption({ label: 'None: sound alone' });
  await studio.getByLabel('Stream key').fill(streamKey);
  await studio.getByLabel('Title').fill('On the radio');
  await studio.getByRole('button', { name: 'Go live' }).click();
  await studio.getByText('You are on air.').waitFor();

  const isHeard = async (viewer: Page): Promise<void> => {
    await viewer.getByRole('img', { name: 'Sound without a picture' }).waitFor();
    await viewer.waitForFunction(() => {
      const video = document.querySelector('video');
      return video !== null && video.currentTime > 1 && (video as unknown as { webkitAudioDecodedByteCount: number }).webkitAudioDecodedByteCount > 0;
    });
    expect(await viewer.evaluate(() => document.querySelector('video')?.videoWidth)).toBe(0);
    expect(await viewer.evaluate(() => p2ptv?.stats().startupMs)).toBeGreaterThan(0);
  };
  const viewer = await open('/watch/main');
  await isHeard(viewer);
  expect(await (await fetch(`${origin.url}/live/main/index.m3u8`)).text()).toMatch(/CODECS="mp4a\.40\.2"/);
  await viewer.close();

  const listed = async (): Promise<RecordingListing | undefined> => {
    const { recordings } = recordingListSchema.parse(await (await fetch(`${origin.url}/api/recordings`)).json());
    return recordings.find(({ title }) => title === 'On the radio');
  };
  await studio.evaluate(keepGoodbye);
  await studio.getByRole('button', { name: 'Stop' }).click();
  // Not after its connection has ended: the origin would wait ten seconds for a return.
  expect(await studio.evaluate(() => (globalThis as Leaving).goodbye)).toBe(204);
  const recording = await vi.waitUntil(listed, { timeout: 60_000 });
  expect(recording).toMatchObject({ width: 0, height: 0 });
  await isHeard(await open(recording.watchPath));
});

it('leads from a name that no channel has to those that there are', async () => {
  const page = await open('/studio/nowhere');
  await page.getByRole('heading', { name: 'There is no channel “nowhere”' }).waitFor();
  expect(await page.getByLabel('Stream key').count()).toBe(0);
  const channels = page.getByRole('listitem');
  expect(await channels.count()).toBe(1);
  await channels.getByRole('link').click();
  await page.waitForURL(/\/studio\/main$/);
  await page.getByLabel('Stream key').waitFor();
});

it('fits a phone, and shuts nobody out', async () => {
  const page = await open('/studio', { width: 375, height: 812 });
  await page.getByRole('button', { name: 'Turn on camera and microphone' }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
});
