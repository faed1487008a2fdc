import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../bundle.js';
import { chunkCacheContract } from '../chunk-cache/chunk-cache-contract.js';
import { linkContract, LinkRecorder } from '../link-contract.js';
import { numberedPeerId, SignalRelay, ticketFor, TRACKER_KEY, type Seat } from '../webrtc/signal-relay.js';
import { nodeSeat } from '../webrtc-node/node-seat.js';

let browser: Browser;
let server: Server;
let base: string;

beforeAll(async () => {
  const script = await bundle(new URL('./test-page.ts', import.meta.url), 'browser');
  server = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.setHeader('content-type', 'text/javascript').end(script);
      return;
    }
    if (request.url === '/strict') response.setHeader('content-security-policy', "default-src 'self'");
    response.setHeader('content-type', 'text/html').end('<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({
    executablePath: process.env['P2PTV_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
});

afterAll(async () => {
  await browser.close();
  server.close();
});

async function openPage(path = '/'): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(base + path);
  await page.waitForFunction(() => 'testPage' in globalThis);
  return page;
}

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  await expect.poll(condition, { timeout: 45_000, interval: 10 }).toBe(true);
};

describe('link contract: Chromium', () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => page.context().close());

  for (const { title, needsVanishing } of linkContract) {
    if (needsVanishing) continue;
    it(title, async () => {
      expect(await page.evaluate((name) => globalThis.testPage.runContract(name), title)).toBeUndefined();
    });
  }
});

describe('chunk cache contract: OPFS in Chromium', () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => page.context().close());

  for (const { title } of chunkCacheContract) {
    it(title, async () => {
      expect(await page.evaluate((name) => globalThis.testPage.runCacheContract(name), title)).toBeUndefined();
    });
  }
});

describe('WebRTC between pages and Node', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** A page that sits at the relay as a peer of its own. */
  async function pageSeat(relay: SignalRelay, number: number): Promise<Page> {
    const page = await openPage();
    closers.push(() => page.context().close());
    await page.exposeFunction('relaySignal', (signal: Parameters<SignalRelay['relay']>[0]) => relay.relay(signal));
    const { fingerprint } = await page.evaluate((seatNumber) => globalThis.testPage.sit(seatNumber), number);
    const transport = {
      fingerprint,
      signal: (signal: unknown) => {
        void page.evaluate((sent) => globalThis.testPage.signal(sent as never), signal);
      },
    };
    const seat = { peerId: numberedPeerId(number), transport } as unknown as Seat;
    relay.seats.set(seat.peerId, seat);
    await page.evaluate(
      ([ticket, key]) => globalThis.testPage.setCredentials(ticket, key),
      [ticketFor(seat), [...TRACKER_KEY]] as [string, number[]],
    );
    return page;
  }

  it.each(['Node', 'Chromium'])('links Chromium and Node, dialled by %s', async (dialler) => {
    const relay = new SignalRelay();
    const node = await nodeSeat(relay, 1);
    closers.push(() => node.transport.close());
    relay.admit(node, 'origin');
    const page = await pageSeat(relay, 2);
    if (dialler === 'Node') node.transport.dial(numberedPeerId(2));
    else await page.evaluate(() => globalThis.testPage.dial(1));
    await until(() => node.opened.length === 1);
    await until(async () => (await page.evaluate(() => globalThis.testPage.state())).opened === 1);
    expect((await page.evaluate(() => globalThis.testPage.state())).role).toBe('origin');
    await page.evaluate(() => globalThis.testPage.mirror());
    const link = node.opened[0]!.link;
    const recorder = new LinkRecorder(link).listen();
    const frames = Array.from({ length: 120 }, (_, index) =>
      Uint8Array.from({ length: 16_392 }, (_byte, offset) => (index * 7 + offset) & 0xff),
    );
    for (const frame of frames) link.send(frame.slice());
    await until(() => recorder.frames.length === frames.length);
    frames.forEach((frame, index) => {
      expect(Buffer.compare(recorder.frames[index]!, frame.toReversed()), `frame ${index}`).toBe(0);
    });
    await page.evaluate(() => globalThis.testPage.closeLink());
    await until(() => recorder.ends.length === 1);
    expect(recorder.ends).toEqual(['remote']);
  });

  it('ends the link when another page is closed without a word', async () => {
    const relay = new SignalRelay();
    const [page, other] = [await pageSeat(relay, 2), await pageSeat(relay, 3)];
    await page.evaluate(() => globalThis.testPage.dial(3));
    await until(async () => (await other.evaluate(() => globalThis.testPage.state())).opened === 1);
    await other.evaluate(() => globalThis.testPage.mirror());
    await page.close();
    const ends = async (): Promise<string[]> => (await other.evaluate(() => globalThis.testPage.state())).ends;
    await until(async () => (await ends()).length === 1);
    expect(await ends()).toEqual(['remote']);
  });

  it('makes no link between a page and a thief of a ticket', async () => {
    const relay = new SignalRelay();
    const thief = await nodeSeat(relay, 1);
    closers.push(() => thief.transport.close());
    const page = await pageSeat(relay, 2);
    const stolen = Array.from({ length: 32 }, () => 'AB').join(':');
    thief.transport.setCredentials({
      ticket: ticketFor(thief, 'origin', { fingerprint: stolen }),
      trackerKey: TRACKER_KEY,
      iceServers: [],
    });
    relay.tamper = (signal) =>
      signal.from === thief.peerId && 'sdp' in signal.body
        ? { ...signal, body: { ...signal.body, sdp: signal.body.sdp.replaceAll(thief.transport.fingerprint, stolen) } }
        : signal;
    await page.evaluate(() => globalThis.testPage.dial(1));
    await until(async () => (await page.evaluate(() => globalThis.testPage.state())).failures.length === 1);
    expect((await page.evaluate(() => globalThis.testPage.state())).opened).toBe(0);
  });
});

describe('other adapters in Chromium', () => {
  it.each(['/', '/strict'])('the wake timer wakes on %s', async (path) => {
    const page = await openPage(path);
    expect(await page.evaluate(() => globalThis.testPage.tick(5, 10))).toBe('woke 5');
    await page.context().close();
  });

  it('digests', async () => {
    const page = await openPage();
    const digest = await page.evaluate(() => globalThis.testPage.digest([1, 2, 3]));
    expect(Buffer.from(digest).toString('hex')).toBe(createHash('sha256').update(Uint8Array.of(1, 2, 3)).digest('hex'));
    await page.context().close();
  });
});
