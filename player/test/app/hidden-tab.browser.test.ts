import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchRawChromium, type RawChromium, type RawTab } from '../support/raw-chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

/** Timers are throttled from the first second; P2PTV_HIDDEN_SECONDS=60 for a claim. */
const HIDDEN_MS = Number(process.env['P2PTV_HIDDEN_SECONDS'] ?? 8) * 1000;
/** A machine that is busy at the moment spoils one showing; a fault spoils them all. */
const SHOWINGS = 3;

describe('binding: a hidden tab, timers throttled', () => {
  let origin: RealOrigin;
  let chromium: RawChromium;

  beforeAll(async () => {
    origin = await startRealOrigin();
    chromium = await launchRawChromium();
  });

  afterAll(async () => {
    await chromium.close();
    await origin.close();
  });

  const until = async (tab: RawTab, condition: string): Promise<void> => {
    await expect.poll(() => tab.evaluate(condition), { interval: 100, message: condition }).toBe(true);
  };

  /** For ten seconds: long enough to be throttled. */
  const hideAgain = async (hidden: RawTab, shown: RawTab): Promise<void> => {
    await shown.show();
    await until(hidden, `document.visibilityState === 'hidden'`);
    const time = Number(await shown.evaluate(`document.querySelector('video').currentTime`));
    await until(shown, `document.querySelector('video').currentTime > ${time + 10}`);
  };

  it('goes on serving, and is at live within 1 s when shown again', { timeout: 240_000 }, async () => {
    const hidden = await chromium.open(`${origin.url}/watch/main`);
    await until(hidden, `(document.querySelector('video')?.currentTime ?? 0) > 1`);
    const shown = await chromium.open(`${origin.url}/watch/main`);
    await shown.show();
    await until(hidden, `document.visibilityState === 'hidden'`);
    await until(shown, `(document.querySelector('video')?.currentTime ?? 0) > 1`);
    // It gives nothing, so what it takes from a peer it takes from the hidden one.
    await shown.evaluate(`document.querySelector('input[name=upload][value=off]').click()`);
    // Proof that timers are throttled: five a second at most, of the twenty asked for.
    await hidden.evaluate('globalThis.ticks = 0; setInterval(() => globalThis.ticks++, 50); 0');
    const sentBytes = async (): Promise<number> => Number(await hidden.evaluate('p2ptv.stats().bytes.sent'));

    // The wait is the test: this is what time in the background does.
    await new Promise((resolve) => setTimeout(resolve, HIDDEN_MS / 2));
    const sentHalfway = await sentBytes();
    await new Promise((resolve) => setTimeout(resolve, HIDDEN_MS / 2));
    expect(await hidden.evaluate('globalThis.ticks')).toBeLessThan((HIDDEN_MS / 1000) * 5);
    expect(await sentBytes()).toBeGreaterThan(sentHalfway);

    const seen: string[] = [];
    while (seen.length < SHOWINGS && seen.at(-1)?.startsWith('live') !== true) {
      if (seen.length > 0) await hideAgain(hidden, shown);
      await hidden.evaluate(`globalThis.atLive = (${atLiveOnceShown})(); 0`);
      await hidden.show();
      seen.push(String(await hidden.evaluate('globalThis.atLive')));
    }
    expect(seen.at(-1), seen.join('; ')).toMatch(/^live/);
    const time = Number(await hidden.evaluate(`document.querySelector('video').currentTime`));
    await until(hidden, `document.querySelector('video').currentTime > ${time + 2}`);
  });
});

/**
 * Runs in the page. From the moment that it is shown, each frame is judged as it is painted: by its own
 * time, and figures read in that moment.
 *
 * At live is within the driver's dead band for a page just shown (300 ms) of the delay wanted behind
 * the edge; and, as the edge itself could be an old one, within 1.5 s of the capture.
 */
const atLiveOnceShown = `() => new Promise((resolve) => {
  const video = document.querySelector('video');
  document.addEventListener('visibilitychange', () => {
    const shownAtMs = performance.now();
    let seen = 'no frame';
    setTimeout(() => resolve('behind: ' + seen + ', ready ' + video.readyState + ', paused ' + video.paused), 1000);
    const judge = (nowMs, { mediaTime }) => {
      const { edgeDelayMs, targetDelayMs, playoutDelayMs } = p2ptv.stats();
      const lateMs = (video.currentTime - mediaTime) * 1000;
      const isMoving = !video.paused && !video.seeking;
      seen = [edgeDelayMs + lateMs, targetDelayMs, playoutDelayMs + lateMs].map(Math.round).join(' ') + ' ms';
      if (isMoving && edgeDelayMs + lateMs < targetDelayMs + 300 && playoutDelayMs + lateMs < 1500) {
        resolve('live after ' + Math.round(performance.now() - shownAtMs) + ' ms: ' + seen);
      } else {
        video.requestVideoFrameCallback(judge);
      }
    };
    video.requestVideoFrameCallback(judge);
  }, { once: true });
})`;
