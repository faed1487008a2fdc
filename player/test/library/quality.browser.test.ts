import type { RenditionId } from '@p2ptv/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { serveScript, type PageServer } from '../support/page-server.js';
import { playsOn } from '../support/plays-on.js';
import type { RecordingPage } from '../support/recording-page.js';
import { startRealOrigin, type RealOrigin } from '../support/real-origin.js';

declare const recording: RecordingPage;

describe('a stream of two renditions', () => {
  let browser: Browser;
  let origin: RealOrigin;
  let server: PageServer;

  beforeAll(async () => {
    server = await serveScript('test/support/recording-page.ts');
    origin = await startRealOrigin('testcard', { ladder: '180,90' });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    await origin.close();
    server.close();
  });

  it('changes to the one that the viewer chooses, and back, while the picture goes on', async () => {
    const page = await browser.newPage();
    await page.goto(server.urlOf(origin.link));
    await page.waitForFunction(() => 'recording' in globalThis && recording.attachment.stats().startupMs !== undefined);
    const heights = await page.evaluate(() => recording.attachment.stats().quality?.renditions.map(({ height }) => height));
    expect(heights).toEqual([180, 90]);
    const choose = async (height: number): Promise<void> => {
      await page.evaluate((wanted) => {
        const found = recording.attachment.stats().quality?.renditions.find((rendition) => rendition.height === wanted);
        recording.attachment.setQuality(found?.id as RenditionId);
      }, height);
      await page.waitForFunction((wanted) => recording.video.videoHeight === wanted, height);
      await playsOn(page, 2);
    };
    await choose(180);
    await choose(90);
    await choose(180);
    await page.evaluate(() => recording.attachment.setQuality('auto'));
    const seen = await page.evaluate(() => ({ errors: recording.errors, quality: recording.attachment.stats().quality, state: recording.attachment.state }));
    expect(seen.quality).toMatchObject({ choice: 'auto', playing: 0 });
    expect(seen.state).toEqual({ kind: 'meshed' });
    expect(seen.errors.filter((error) => error.includes('fatal'))).toEqual([]);
  });
});
