import type { OriginBytes } from '@p2ptv/protocol';
import { chromium, type Browser, type BrowserServer, type CDPSession, type Page } from 'playwright-core';

import { BenchError } from '../errors.js';
import { ProcessTreeMeter } from '../process-times.js';
import { CHROMIUM_FLAGS, UNWANTED_FLAGS } from './chromium.js';
import { HttpByteCounter } from './http-byte-counter.js';
import type { ViewerControl } from './page/viewer-page.js';
import type { ViewerPlan, ViewerReport } from './page/viewing.js';

/** How a viewer is set up. */
export type ViewerSettings = {
  readonly chromiumPath: string;
  readonly pageUrl: string;
  /** Base URL of the origin, whose requests are counted. */
  readonly originUrl: string;
  readonly plan: ViewerPlan;
  /** False: the page finds no `RTCPeerConnection`. Default: true. */
  readonly hasWebRtc?: boolean;
  /** Flags beside those that all viewers get. */
  readonly flags?: readonly string[];
};

/** A page that does not answer a question for so long has hung, ms. */
const ANSWER_LIMIT_MS = 10_000;
const LAUNCH_LIMIT_MS = 30_000;
const VIEWPORT = { width: 1280, height: 800 };
const JPEG_QUALITY = 72;

/** One viewer: a Chromium of its own, on the page, with the system's code loaded. */
export class ViewerProcess {
  /** Processor time of the whole browser. */
  readonly meter: ProcessTreeMeter;
  readonly version: string;
  readonly #server: BrowserServer;
  readonly #browser: Browser;
  readonly #pageUrl: string;
  #page: Page;
  readonly #http: HttpByteCounter;
  #failure: string | undefined;
  #isClosing = false;

  private constructor(server: BrowserServer, opened: { browser: Browser; page: Page; http: HttpByteCounter; pageUrl: string }) {
    const { browser, page, http, pageUrl } = opened;
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
    this.#http = http;
    this.#pageUrl = pageUrl;
    this.version = browser.version();
    this.meter = new ProcessTreeMeter(server.process().pid ?? 0);
    browser.on('disconnected', () => this.#fail('its browser ended'));
    this.#watchPage();
  }

  /** @throws BenchError when Chromium does not start, or the page does not load */
  static async open(settings: ViewerSettings): Promise<ViewerProcess> {
    const server = await launch(settings);
    try {
      const browser = await chromium.connect(server.wsEndpoint(), { timeout: LAUNCH_LIMIT_MS });
      const context = await browser.newContext({ viewport: VIEWPORT });
      if (settings.hasWebRtc === false) await context.addInitScript(removeWebRtc);
      const page = await context.newPage();
      const http = new HttpByteCounter(settings.originUrl);
      await count(await context.newCDPSession(page), http);
      const viewer = new ViewerProcess(server, { browser, page, http, pageUrl: settings.pageUrl });
      await page.goto(settings.pageUrl);
      await prepare(page, settings.plan);
      return viewer;
    } catch (error) {
      await server.kill();
      throw new BenchError(`A viewer's page did not load: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Why it is of no more use; undefined as long as all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Every address of the origin that the page has asked for. */
  get requestedUrls(): readonly string[] {
    return this.#http.urls;
  }

  /** HTTP body bytes received from the origin, as the browser counts them. */
  get httpBytes(): OriginBytes {
    return this.#http.bytes;
  }

  /** Clicks the button. */
  async click(): Promise<void> {
    await this.#ask(this.#page.click('#play', { timeout: ANSWER_LIMIT_MS }));
  }

  /** What it has seen so far; undefined before it began, and when it cannot tell any more. */
  async report(): Promise<ViewerReport | undefined> {
    return this.#ask(this.#page.evaluate(() => (globalThis as unknown as { viewer?: ViewerControl }).viewer?.report()));
  }

  /** Closes the page that it was on; the browser stays. */
  async leave(): Promise<void> {
    const left = this.#page;
    left.removeAllListeners();
    // One that has crashed is gone already.
    await left.context().close().catch(() => undefined);
  }

  /** Opens the page in a fresh profile, with the system's code loaded, ready for a click. Leave first. What the new page loads is not counted. */
  async reopen(plan: ViewerPlan): Promise<void> {
    const opening = async (): Promise<void> => {
      await this.#openFresh();
      await this.#page.goto(this.#pageUrl);
      await prepare(this.#page, plan);
    };
    await this.#ask(opening());
  }

  /** The same, but the plan is begun without a click, from the navigation on. */
  async followLink(plan: ViewerPlan): Promise<void> {
    const opening = async (): Promise<void> => {
      await this.#openFresh();
      await this.#page.goto(`${this.#pageUrl}?plan=${encodeURIComponent(JSON.stringify(plan))}`, { waitUntil: 'commit' });
    };
    await this.#ask(opening());
  }

  /** A JPEG of what the video shows. */
  async picture(): Promise<Buffer | undefined> {
    return this.#ask(this.#page.locator('video').screenshot({ type: 'jpeg', quality: JPEG_QUALITY }));
  }

  /** Kills the browser with all its processes: it tells nobody. */
  async kill(): Promise<void> {
    this.#isClosing = true;
    await this.#server.kill();
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#server.close().catch(() => this.#server.kill());
  }

  async #openFresh(): Promise<void> {
    const context = await this.#browser.newContext({ viewport: VIEWPORT });
    this.#page = await context.newPage();
    this.#watchPage();
  }

  #watchPage(): void {
    this.#page.on('crash', () => this.#fail('its page crashed'));
    this.#page.on('close', () => this.#fail('its browser ended, or its page'));
    this.#page.on('pageerror', (error) => this.#fail(`an error in its page: ${error.message}`));
  }

  async #ask<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`its page did not answer for ${ANSWER_LIMIT_MS / 1000} s`)), ANSWER_LIMIT_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      this.#fail(messageOf(error));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(reason: string): void {
    if (!this.#isClosing) this.#failure ??= reason;
  }
}

async function prepare(page: Page, plan: ViewerPlan): Promise<void> {
  await page.evaluate((planned) => (globalThis as unknown as { viewer: ViewerControl }).viewer.prepare(planned), plan);
}

/** Runs in the page, before anything of it. */
function removeWebRtc(): void {
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) Reflect.deleteProperty(globalThis, name);
}

async function launch({ chromiumPath: executablePath, flags = [] }: ViewerSettings): Promise<BrowserServer> {
  try {
    return await chromium.launchServer({
      executablePath,
      args: [...CHROMIUM_FLAGS, ...flags],
      ignoreDefaultArgs: [...UNWANTED_FLAGS],
      timeout: LAUNCH_LIMIT_MS,
      // Signals are the bench's to handle: it has more to end than browsers.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    throw new BenchError(`Chromium (${executablePath}) does not start: ${messageOf(error)}`, { cause: error });
  }
}

async function count(devTools: CDPSession, http: HttpByteCounter): Promise<void> {
  devTools.on('Network.requestWillBeSent', ({ requestId, request }) => http.handle({ kind: 'sent', requestId, url: request.url }));
  devTools.on('Network.webSocketCreated', ({ requestId, url }) => http.handle({ kind: 'sent', requestId, url: url.replace(/^ws/, 'http') }));
  devTools.on('Network.responseReceived', ({ requestId, response }) =>
    http.handle({ kind: 'answered', requestId, headerBytes: response.encodedDataLength }),
  );
  devTools.on('Network.dataReceived', ({ requestId, encodedDataLength }) =>
    http.handle({ kind: 'received', requestId, bodyBytes: encodedDataLength }),
  );
  devTools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    http.handle({ kind: 'finished', requestId, allBytes: encodedDataLength }),
  );
  await devTools.send('Network.enable');
}

/** The first line: Playwright's errors go on with a call log. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}
