import type { Browser, Page } from 'playwright-core';

/** What publishers need of a browser. */
export type PublishingBrowser = Pick<Browser, 'newContext'>;

/** A page in a fresh profile of the publishers' browser; closing it is what ends the publisher. */
export async function openPublisherPage(publishing: PublishingBrowser, url: string): Promise<Page> {
  const context = await publishing.newContext({ permissions: ['camera', 'microphone'] });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}
