import { fileURLToPath } from 'node:url';

import type Hls from 'hls.js';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startOrigin } from '../server/origin-fixture.js';
import { launchChromium } from '../support/chromium.js';

const HLS_SCRIPT = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'));
/** How long it plays; longer by hand for a closer look. */
const SECONDS = Number(process.env['P2PTV_PLAIN_HLS_SECONDS'] ?? 6);

/** Nearer to the live edge than any player comes that plays whole segments of 2 s, three behind it. */
const NEAR_SECONDS = 4;

type Observed = { errors: string[]; stalls: number; latencies: number[]; playedSeconds: number; loads: number };

function latencyOf({ latencies }: Observed): { readonly median: number; readonly most: number } {
  const settled = latencies.slice(4).sort((left, right) => left - right);
  return { median: settled[Math.floor(settled.length / 2)]!, most: settled.at(-1)! };
}

let origin: Awaited<ReturnType<typeof startOrigin>>;
let browser: Browser;
beforeAll(async () => {
  origin = await startOrigin();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await origin.close();
});

it(
  'plain hls.js plays it in low-latency mode, without an error',
  async ({ annotate }) => {
    const page = await browser.newPage();
    await page.goto(`${new URL(origin.base).origin}/healthz`);
    await page.addScriptTag({ path: HLS_SCRIPT });
    const watch = (): Promise<Observed> => page.evaluate(
      async ({ url, seconds }) => {
        const HlsClass = (globalThis as unknown as { Hls: typeof Hls }).Hls;
        const video = document.createElement('video');
        video.muted = true;
        document.body.append(video);
        const result: Observed = { errors: [], stalls: 0, latencies: [], playedSeconds: 0, loads: 0 };
        const hls = new HlsClass({ lowLatencyMode: true });
        hls.on(HlsClass.Events.ERROR, (_name, data) => {
          // A stall on a busy machine says nothing about the stream; the bench counts them.
          if (data.fatal || data.details !== HlsClass.ErrorDetails.BUFFER_STALLED_ERROR) {
            result.errors.push(`${data.type} ${data.details} ${data.error.message}`);
          }
        });
        hls.on(HlsClass.Events.FRAG_LOADED, () => void (result.loads += 1));
        hls.loadSource(url);
        hls.attachMedia(video);
        await video.play();
        const startedAt = video.currentTime;
        video.addEventListener('waiting', () => void (result.stalls += 1));
        for (let elapsed = 0; elapsed < seconds; elapsed += 0.5) {
          await new Promise((resolve) => setTimeout(resolve, 500));
          result.latencies.push(hls.latency);
        }
        result.playedSeconds = video.currentTime - startedAt;
        hls.destroy();
        return result;
      },
      { url: `${origin.base}/index.m3u8`, seconds: SECONDS },
    );
    let observed = await watch();
    // Whom a busy machine kept waiting at the start stays as far behind, which says nothing about the stream.
    for (let again = 0; again < 2 && latencyOf(observed).median >= NEAR_SECONDS; again++) observed = await watch();
    const { median, most } = latencyOf(observed);
    await annotate(`${observed.playedSeconds.toFixed(1)} s played, latency ${median.toFixed(2)} s (most ${most.toFixed(2)} s), ${observed.stalls} stalls, ${observed.loads} loads`);
    expect(observed.errors).toEqual([]);
    expect(observed.playedSeconds).toBeGreaterThan(SECONDS / 2);
    expect(median).toBeLessThan(NEAR_SECONDS);
    // Parts, not whole segments.
    expect(observed.loads).toBeGreaterThan(SECONDS * 2);
  },
  (3 * SECONDS + 40) * 1000,
);
