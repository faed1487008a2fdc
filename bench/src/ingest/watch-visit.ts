import type { Browser, BrowserContext, Page } from 'playwright-core';

/** What a watch page has been through, ms since the Unix epoch; undefined: it did not come to it. */
export type VisitMoments = {
  /** It began to load. */
  readonly openedAtMs: number;
  /** It was told that the stream is on air. */
  readonly toldAtMs: number | undefined;
  /** It had the answer to its join, with the media to begin with. */
  readonly joinedAtMs: number | undefined;
};

/** Somebody on the origin's own watch page, in a fresh profile. */
export class WatchVisit {
  readonly #context: BrowserContext;
  readonly #page: Page;
  #openedAtMs = 0;
  #toldAtMs: number | undefined;
  #joinedAtMs: number | undefined;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (/\/join$/.test(pathname)) this.#joinedAtMs ??= Date.now();
      if (!/^\/api\/streams\/[^/]+$/.test(pathname) || this.#toldAtMs !== undefined) return;
      const atMs = Date.now();
      response.json().then(
        (listing: { readonly state?: string }) => {
          if (listing.state === 'live') this.#toldAtMs ??= atMs;
        },
        () => undefined,
      );
    });
  }

  /** Opens the page; a profile of its own has nothing cached. */
  static async open(browser: Browser, url: string): Promise<WatchVisit> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addInitScript(noteFirstFrame);
    const page = await context.newPage();
    const visit = new WatchVisit(context, page);
    visit.#openedAtMs = Date.now();
    await page.goto(url, { waitUntil: 'commit' });
    return visit;
  }

  get moments(): VisitMoments {
    return { openedAtMs: this.#openedAtMs, toldAtMs: this.#toldAtMs, joinedAtMs: this.#joinedAtMs };
  }

  /** Waits until the page says that nobody publishes. */
  async untilAway(limitMs: number): Promise<void> {
    await this.#page.getByText('The publisher is away.').waitFor({ timeout: limitMs });
    // Whoever waits sits before a page that has loaded.
    await this.#page.waitForLoadState('networkidle', { timeout: 1_000 }).catch(() => undefined);
  }

  /**
   * Waits for the first frame of the picture.
   *
   * @returns when it was presented, ms since the Unix epoch; undefined when it does not come in time
   */
  async firstFrame(limitMs: number): Promise<number | undefined> {
    const found = this.#page.waitForFunction(() => (globalThis as FrameScope).firstFrameAtMs, undefined, { timeout: limitMs, polling: 50 });
    const handle = await found.catch(() => undefined);
    return handle?.jsonValue();
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

type FrameScope = typeof globalThis & { firstFrameAtMs?: number };

/** Runs in the page, before anything of it. */
function noteFirstFrame(): void {
  const follow = (video: HTMLVideoElement): void => {
    video.requestVideoFrameCallback((_nowMs, { presentationTime }) => {
      // It is of the page's own clock; publishers have the wall's.
      (globalThis as FrameScope).firstFrameAtMs ??= Date.now() - (performance.now() - presentationTime);
    });
  };
  const observer = new MutationObserver(() => {
    const video = document.querySelector('video');
    if (!video) return;
    observer.disconnect();
    follow(video);
  });
  observer.observe(document, { childList: true, subtree: true });
}
