import type { Page } from 'playwright-core';

import type { IngestOrigin } from '../ingest-origin.js';
import { openPublisherPage, type PublishingBrowser } from './page-publisher.js';
import type { WayIn } from './way.js';

/** The picture that the studio asks cameras for, pixels. */
export const STUDIO_PICTURE = { width: 1280, height: 720 } as const;

/** The origin's own page, with mediasoup-client, as a person uses it. */
export const studio: WayIn = {
  name: 'studio',
  summary: 'the studio with its camera on, from the click on Go live',
  protocol: undefined,
  slug: 'main',
  originSettings: () => ['--input', 'whip'],
  prepare: async ({ origin, publishing }) => {
    const page = await openStudio(publishing, origin);
    return { failure: undefined, page, start: () => goLive(page), stop: () => page.context().close() };
  },
};

/** The studio with its camera on and the key typed in. */
export async function openStudio(publishing: PublishingBrowser, origin: IngestOrigin): Promise<Page> {
  const page = await openPublisherPage(publishing, `${origin.url}/studio/main`);
  await page.getByRole('button', { name: 'Turn on camera and microphone' }).click();
  await page.getByLabel('Stream key').fill(origin.streamKey);
  await page.locator('button[type=submit]:enabled').waitFor();
  return page;
}

/** Clicks on **Go live**. @returns when, ms since the Unix epoch */
export async function goLive(page: Page): Promise<number> {
  const clicked = page.evaluate(clickTime);
  await page.getByRole('button', { name: 'Go live' }).click();
  return clicked;
}

/** Runs in the page: when the next click comes, before anybody acts on it. */
function clickTime(): Promise<number> {
  return new Promise((resolve) => addEventListener('click', () => resolve(Date.now()), { capture: true, once: true }));
}
