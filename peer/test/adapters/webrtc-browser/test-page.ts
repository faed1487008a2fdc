import type { Signal } from '@p2ptv/protocol';
import { OpfsSegmentFiles } from '../../../src/adapters/chunk-cache/opfs-segment-files.js';
import { WorkerWakeTimer } from '../../../src/adapters/timer/worker-wake-timer.js';
import { WebVerifier } from '../../../src/adapters/verifier/web-verifier.js';
import { BrowserWebRtcHandler } from '../../../src/adapters/webrtc-browser/browser-webrtc-handler.js';
import { WebRtcTransport } from '../../../src/adapters/webrtc/webrtc-transport.js';
import { CacheRig, chunkCacheContract } from '../chunk-cache/chunk-cache-contract.js';
import { linkContract, LinkRecorder, runLinkContract, type LinkPair } from '../link-contract.js';
import { numberedPeerId, SignalRelay, STREAM_ID, type Seat } from '../webrtc/signal-relay.js';

/** What the page offers to the tests that drive it. */
export type TestPage = {
  /** Runs one line of the link contract between two connections of this page; returns what went wrong. */
  runContract(title: string): Promise<string | undefined>;
  /** Runs one line of the cache contract over OPFS; returns what went wrong. */
  runCacheContract(title: string): Promise<string | undefined>;
  /** Sits down at the test's own relay, which calls `relaySignal`. */
  sit(number: number): Promise<{ fingerprint: string }>;
  setCredentials(ticket: string, trackerKey: number[]): void;
  dial(number: number): void;
  signal(signal: Signal): void;
  /** Listens on the first link and answers each frame with the same bytes in reverse. */
  mirror(): void;
  state(): { opened: number; role: string | undefined; failures: string[]; ends: string[]; receivedBytes: number };
  send(bytes: number[]): void;
  closeLink(): void;
  /** Wakes so many times, so many milliseconds apart; returns how. */
  tick(count: number, delayMs: number): Promise<string>;
  digest(bytes: number[]): Promise<number[]>;
};

declare global {
  var testPage: TestPage;
  /** Provided by the test. */
  var relaySignal: (signal: Signal) => void;
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 45_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`never became true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function createTransport(number: number): Promise<WebRtcTransport> {
  const handler = await BrowserWebRtcHandler.create();
  if (!handler) throw new Error('no WebRTC');
  return new WebRtcTransport({
    handler,
    peerId: numberedPeerId(number),
    streamId: STREAM_ID,
    clock: { wallMs: () => Date.now() },
  });
}

async function connect(): Promise<LinkPair> {
  const relay = new SignalRelay();
  const left = relay.seat(numberedPeerId(1), await createTransport(1));
  const right = relay.seat(numberedPeerId(2), await createTransport(2));
  relay.admit(left);
  relay.admit(right);
  left.transport.dial(right.peerId);
  await until(() => left.opened.length + right.opened.length === 2);
  return {
    left: left.opened[0]!.link,
    right: right.opened[0]!.link,
    until,
    settle: () => new Promise((resolve) => setTimeout(resolve, 100)),
    close: () => {
      left.transport.close();
      right.transport.close();
      return Promise.resolve();
    },
  };
}

let seat: Seat | undefined;
let recorder: LinkRecorder | undefined;

globalThis.testPage = {
  async runContract(title) {
    const contractCase = linkContract.find((known) => known.title === title);
    if (!contractCase) return `no such case: ${title}`;
    try {
      await runLinkContract(contractCase, await connect());
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  async runCacheContract(title) {
    const contractCase = chunkCacheContract.find((known) => known.title === title);
    if (!contractCase) return `no such case: ${title}`;
    if (!OpfsSegmentFiles.isAvailable()) return 'no OPFS';
    const files = new OpfsSegmentFiles();
    for (const name of await files.list()) await files.remove(name);
    try {
      await contractCase.run(new CacheRig(files));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  async sit(number) {
    const transport = await createTransport(number);
    const relay = new SignalRelay();
    relay.relay = (signal) => globalThis.relaySignal(signal);
    seat = relay.seat(numberedPeerId(number), transport);
    return { fingerprint: transport.fingerprint };
  },
  setCredentials(ticket, trackerKey) {
    seat?.transport.setCredentials({ ticket, trackerKey: Uint8Array.from(trackerKey), iceServers: [] });
  },
  dial: (number) => seat?.transport.dial(numberedPeerId(number)),
  signal: (signal) => seat?.transport.signal(signal),
  mirror() {
    const link = seat?.opened[0]?.link;
    if (!link) return;
    recorder = new LinkRecorder(link);
    link.listen({
      frame: (bytes) => {
        if (recorder) recorder.receivedBytes += bytes.length;
        link.send(bytes.slice().reverse());
      },
      drained: () => {},
      ended: (end) => recorder?.ends.push(end),
    });
  },
  state: () => ({
    opened: seat?.opened.length ?? 0,
    role: seat?.opened[0]?.link.remote.role,
    failures: seat?.failures.map(({ failure }) => failure) ?? [],
    ends: recorder?.ends ?? [],
    receivedBytes: recorder?.receivedBytes ?? 0,
  }),
  send: (bytes) => seat?.opened[0]?.link.send(Uint8Array.from(bytes)),
  closeLink: () => seat?.opened[0]?.link.close(),
  tick(count, delayMs) {
    const timer = new WorkerWakeTimer();
    return new Promise((resolve) => {
      let left = count;
      const wake = (): void => {
        left--;
        if (left > 0) timer.set(delayMs, wake);
        else {
          timer.close();
          resolve(`woke ${count}`);
        }
      };
      // The second setting replaces the first.
      timer.set(0, () => resolve('woke by a timer that was replaced'));
      timer.set(delayMs, wake);
    });
  },
  digest: (bytes) =>
    new Promise((resolve) => {
      new WebVerifier(new Uint8Array(32)).digest(Uint8Array.from(bytes), (digest) => resolve([...digest]));
    }),
};
