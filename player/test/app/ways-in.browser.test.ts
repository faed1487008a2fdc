import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumPath, FLAGS } from '../support/chromium.js';
import { freeTcpPort } from '../support/free-port.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

/** Far above what it takes, which the bench measures: whoever waits longer has given up, however busy the machine. */
const LIMIT_MS = 60_000;
const FILM = fileURLToPath(new URL('../../../origin/media/clip.mp4', import.meta.url));
const KEYS = { rtmp: 'the-key-for-rtmp', whip: 'the-key-for-whip' } as const;

let browser: Browser;
let origin: RealOrigin;
let rtmpPort: number;
let folder: string;
let ffmpeg: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'p2ptv-ways-'));
  rtmpPort = await freeTcpPort();
  const config = path.join(folder, 'channels.yaml');
  const channels = [
    { slug: 'rtmp', input: 'rtmp', 'stream-key': KEYS.rtmp, ladder: '90' },
    { slug: 'whip', input: 'whip', 'stream-key': KEYS.whip, ladder: '90' },
    { slug: 'file', input: FILM, ladder: '90' },
  ];
  // YAML takes JSON.
  await writeFile(config, JSON.stringify({ channels }));
  origin = await startRealOrigin('', { config, rtmpPort, isPublishedLater: true });
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
});

afterAll(async () => {
  ffmpeg?.kill('SIGKILL');
  await browser.close();
  await origin.close();
  await rm(folder, { recursive: true });
});

it('a file is seen on a page that is opened, and what ffmpeg sends by RTMP and a browser by WHIP on pages that waited for it', async ({ annotate }) => {
  await (await watch('file')).shown;
  const [rtmp, whip] = [await watch('rtmp'), await watch('whip')];
  for (const { page } of [rtmp, whip]) await page.getByText('The publisher is away.').waitFor();
  const startedAtMs = Date.now();
  publishByRtmp();
  await publishByWhip();
  await annotate(`RTMP ${(await rtmp.shown) - startedAtMs} ms, WHIP ${(await whip.shown) - startedAtMs} ms to the first frame`);
}, LIMIT_MS);

/** Opens a stream's page; `shown` is when its first frame was presented, ms since the Unix epoch. */
async function watch(slug: string): Promise<{ readonly page: Page; readonly shown: Promise<number> }> {
  const page = await browser.newPage();
  await page.goto(`${origin.url}/watch/${slug}`, { waitUntil: 'commit' });
  const shown = page.locator('video').evaluate((video: HTMLVideoElement) => new Promise<number>((resolve) => void video.requestVideoFrameCallback(() => resolve(Date.now()))), undefined, { timeout: LIMIT_MS });
  // Whoever waits for it hears of a failure.
  shown.catch(() => undefined);
  return { page, shown };
}

function publishByRtmp(): void {
  const encoding = ['-vf', 'scale=160:90,setsar=1', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-c:a', 'aac', '-ar', '48000'];
  ffmpeg = spawn(process.env['P2PTV_FFMPEG'] ?? 'ffmpeg', ['-nostdin', '-re', '-stream_loop', '-1', '-i', FILM, ...encoding, '-f', 'flv', `rtmp://127.0.0.1:${rtmpPort}/live/${KEYS.rtmp}`], { stdio: 'ignore' });
}

/** Any page of the origin may: this one shows its list. */
async function publishByWhip(): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${origin.url}/`);
  const status = await page.evaluate(async (key) => {
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 180 }, audio: true });
    const connection = new RTCPeerConnection();
    // Or it is collected.
    Object.assign(globalThis, { connection });
    for (const track of media.getTracks()) connection.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    await connection.setLocalDescription();
    const response = await fetch('/whip/whip', { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: `Bearer ${key}` }, body: connection.localDescription?.sdp ?? '' });
    await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    return response.status;
  }, KEYS.whip);
  expect(status).toBe(201);
}
