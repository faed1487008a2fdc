import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchRawChromium, type RawChromium, type RawTab } from '../support/raw-chromium.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

const HIDDEN_MS = 60_000;
const stat = (name: string): string => `document.querySelector('[data-stat=${name}]')?.textContent`;

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

  const until = async (tab: RawTab, condition: string, timeoutMs = 20_000): Promise<void> => {
    await expect.poll(() => tab.evaluate(condition), { timeout: timeoutMs, interval: 100, message: condition }).toBe(true);
  };

  it('goes on serving, and is at live within 1 s when shown again', { timeout: 150_000 }, async () => {
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
    const sentBytes = async (): Promise<number> => bytesOf(String(await hidden.evaluate(stat('sent'))));

    // The wait is the test: this is what a minute in the background does.
    await new Promise((resolve) => setTimeout(resolve, HIDDEN_MS / 2));
    const sentHalfway = await sentBytes();
    await new Promise((resolve) => setTimeout(resolve, HIDDEN_MS / 2));
    expect(await hidden.evaluate('globalThis.ticks')).toBeLessThan((HIDDEN_MS / 1000) * 5);
    expect(await sentBytes()).toBeGreaterThan(sentHalfway);

    await hidden.show();
    const isAtLive = (await hidden.evaluate(`new Promise((resolve) => {
      const endsAt = performance.now() + 1000;
      const check = () => {
        const video = document.querySelector('video');
        const seconds = parseFloat(${stat('playout-delay')});
        if (!video.paused && video.readyState > 2 && seconds < 3) resolve('live after ' + (performance.now() - endsAt + 1000) + ' ms');
        else if (performance.now() > endsAt) resolve('behind by ' + seconds + ' s, ready ' + video.readyState + ', paused ' + video.paused);
        else setTimeout(check, 20);
      };
      check();
    })`)) as string;
    expect(isAtLive).toMatch(/^live/);
    const time = Number(await hidden.evaluate(`document.querySelector('video').currentTime`));
    await until(hidden, `document.querySelector('video').currentTime > ${time + 2}`);
  });
});

/** The panel's own writing of bytes. */
function bytesOf(text: string): number {
  const [value = '0', unit = 'kB'] = text.split(' ');
  return Number(value) * ({ kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? 0);
}
