import { openPublisherPage } from './page-publisher.js';
import type { WayIn } from './way.js';

/** The origin's own page, with mediasoup-client, as a person uses it. */
export const studio: WayIn = {
  name: 'studio',
  summary: 'the studio with its camera on, from the click on Go live',
  protocol: undefined,
  slug: 'main',
  originSettings: () => ['--input', 'whip'],
  prepare: async ({ origin, publishing }) => {
    const page = await openPublisherPage(publishing, `${origin.url}/studio/main`);
    await page.getByRole('button', { name: 'Turn on camera and microphone' }).click();
    await page.getByLabel('Stream key').fill(origin.streamKey);
    await page.locator('button[type=submit]:enabled').waitFor();
    return {
      failure: undefined,
      start: async () => {
        const clicked = page.evaluate(clickTime);
        await page.getByRole('button', { name: 'Go live' }).click();
        return clicked;
      },
      stop: () => page.context().close(),
    };
  },
};

/** Runs in the page: when the next click comes, before anybody acts on it. */
function clickTime(): Promise<number> {
  return new Promise((resolve) => addEventListener('click', () => resolve(Date.now()), { capture: true, once: true }));
}
