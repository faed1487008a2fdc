import { decodeHeaderBatch, recordingListSchema, type RecordingListing } from '@p2ptv/protocol';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { P2ptvAttachment } from '../../src/library/attachment.js';
import { launchChromium } from '../support/chromium.js';
import { playsOn } from '../support/plays-on.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

/** What the watch page leaves for whoever looks behind it. */
declare const p2ptv: P2ptvAttachment | undefined;

/** What a viewer waits at most from the end of a stream to its recording's first frame, ms, beside what any page takes to open. */
const PLAYABLE_LIMIT_MS = 2_000;

/** Names of what the viewer's disk keeps; runs in the page. */
async function filesOnDisk(): Promise<string[]> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('p2ptv-chunks', { create: true });
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
}

describe('watch page: what was live is watched again', () => {
  let origin: RealOrigin;
  let browser: Browser;
  /** One viewer: pages of one context share a disk. */
  let viewer: BrowserContext;
  let recording: RecordingListing;
  /** What of it was seen live: from when, program date-time in ms, and how much. */
  let seen: { readonly fromMs: number; readonly bytes: number };

  beforeAll(async () => {
    origin = await startRealOrigin('testcard', { isRecorded: true, ladder: '180,90' });
    browser = await launchChromium();
    viewer = await browser.newContext();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
  });

  const open = async (path: string): Promise<Page> => {
    const page = await viewer.newPage();
    await page.goto(origin.url + path);
    return page;
  };
  const painted = async (page: Page): Promise<void> => {
    await page.waitForFunction(() => typeof p2ptv !== 'undefined' && p2ptv.stats().startupMs !== undefined, undefined, { polling: 20 });
  };
  const admin = async (path: string, body?: unknown, cookie?: string): Promise<Response> => {
    const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(cookie === undefined ? {} : { cookie }) };
    const response = await fetch(`${origin.url}/api/admin/${path}`, { method: 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  /** Sequence and hashes of all chunks that are kept under a name. */
  const chunksOf = async (slug: string): Promise<Map<number, string>> => {
    const answer = await fetch(`${origin.url}/live/${slug}/headers?rendition=0&at=0&count=1000`);
    const headers = decodeHeaderBatch(new Uint8Array(await answer.arrayBuffer())) ?? [];
    return new Map(headers.map(({ header }) => [header.sequence, Buffer.concat(header.blockHashes).toString('hex')]));
  };

  it('RC1, RC2: within two seconds of the end, with the chunks that were live', async () => {
    const openedAtMs = performance.now();
    const live = await open('/watch/main');
    await painted(live);
    const openingMs = performance.now() - openedAtMs;
    const fromMs = await live.evaluate(() => Date.now() - (p2ptv?.stats().playoutDelayMs ?? 0));
    await playsOn(live, 6);
    seen = { fromMs, bytes: await live.evaluate(() => p2ptv?.stats().session?.cache?.bytes ?? 0) };
    await live.close();
    const page = await open('/');
    const cookie = (await admin('session', { password: origin.password })).headers.get('set-cookie')?.split(';')[0];
    const liveChunks = await chunksOf('main');
    const endedAtMs = performance.now();
    await admin('channels/main/stop', undefined, cookie);
    const listed = recordingListSchema.parse(await (await fetch(`${origin.url}/api/recordings`)).json());
    expect(listed.total).toBe(1);
    recording = listed.recordings[0] as RecordingListing;
    await page.goto(origin.url + recording.watchPath);
    await painted(page);
    const playableMs = performance.now() - endedAtMs;
    // A busy machine takes long to open any page.
    expect(playableMs).toBeLessThan(PLAYABLE_LIMIT_MS + openingMs);
    const recordedChunks = await chunksOf(recording.id);
    expect(recordedChunks.size).toBeGreaterThan(25);
    for (const [sequence, hashes] of liveChunks) expect(recordedChunks.get(sequence)).toBe(hashes);
    await page.close();
  });

  it('CA1, CA2: what was seen live comes from the viewer\'s own disk, and the panel says how much', async () => {
    const page = await open(recording.watchPath);
    await painted(page);
    // Its beginning was on air before the viewer came.
    await page.evaluate((dateMs) => p2ptv?.seek(dateMs), seen.fromMs + 1_000);
    // Some seconds wait in memory before they are written: they went with the page.
    await page.waitForFunction((bytes) => (p2ptv?.stats().bytes.fromCache ?? 0) > bytes, seen.bytes / 3);
    await playsOn(page, 1);
    const share = async (stat: string): Promise<number> => parseInt((await page.locator(`[data-share=${stat}]`).textContent()) ?? '', 10);
    const shares = async (): Promise<number[]> => Promise.all(['from-origin', 'from-peers', 'from-cache'].map(share));
    await expect.poll(async () => (await shares()).reduce((sum, each) => sum + each, 0)).toBe(100);
    expect(await share('from-peers')).toBe(0);
    expect(await share('from-cache')).toBeGreaterThan(0);
    const files = (): Promise<string[]> => page.evaluate(filesOnDisk);
    const kept = (await files()).filter((name) => name !== 'uses.json');
    expect(kept.length).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Clear' }).click();
    // What still comes is kept anew.
    await expect.poll(async () => (await files()).filter((name) => kept.includes(name))).toEqual([]);
    await page.goto(`${origin.url}/`);
    await page.close();
  });

  it('OD12: goes on in the quality that the viewer chooses, at its place', async () => {
    const page = await open(recording.watchPath);
    await painted(page);
    const position = (): Promise<number> => page.evaluate(() => p2ptv?.stats().recording?.positionMs ?? 0);
    for (const height of [90, 180]) {
      // A slow machine comes to its end otherwise, and nothing moves there.
      await page.evaluate((dateMs) => p2ptv?.seek(dateMs), seen.fromMs);
      await playsOn(page, 0.5);
      const before = await position();
      await page.getByLabel('Quality').selectOption({ label: `${height}p` });
      await page.waitForFunction((wanted) => document.querySelector('video')?.videoHeight === wanted, height);
      await playsOn(page, 0.5);
      const after = await position();
      // It begins with the key frame before its place.
      expect(after).toBeGreaterThan(before - 2_000);
      expect(after).toBeLessThan(before + 10_000);
    }
    await page.close();
  });

  it('OR9: how it went is told to the origin, whose metrics show it by channel', async () => {
    const metrics = async (): Promise<string> => (await fetch(`${origin.url}/metrics`)).text();
    await expect.poll(metrics).toMatch(/^p2ptv_viewer_media_bytes_total{channel="main",from="cache"} [1-9]/m);
    const told = await metrics();
    expect(told).toMatch(/^p2ptv_viewer_startup_seconds_count{channel="main"} [1-9]/m);
    expect(told).not.toContain(recording.id);
  });
});
