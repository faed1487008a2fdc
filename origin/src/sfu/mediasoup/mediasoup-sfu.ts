import { IngestError } from '../../ingest/errors.js';
import { systemCode } from '../../package/errors.js';
import { networkAddresses } from '../../server/addresses.js';
import { MAX_TRANSPORTS, type SfuPort, type SfuTransport } from '../sfu-port.js';
import type { MediasoupModule, MediasoupRouter, MediasoupWorker } from './mediasoup-api.js';
import { MediasoupTransport } from './mediasoup-transport.js';
import { ROUTER_CODECS } from './router-codecs.js';

/** Options of {@link MediasoupSfu.open}. */
export type MediasoupSfuOptions = {
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  /** Loads the package; default: from where it is installed. */
  readonly load?: () => Promise<MediasoupModule>;
};

/** Not a dependency: what it installs does not work everywhere. A name that is no literal is not looked for by the compiler. */
const PACKAGE: string = 'mediasoup';

/** A worker and the router in it. */
type Running = { readonly worker: MediasoupWorker; readonly router: MediasoupRouter };

/**
 * Takes media over WebRTC by a mediasoup worker, a process of its own in C++: publishers' packets are decrypted, counted
 * and asked for again there, and come here in the clear. It listens on this machine's IPv4 addresses.
 *
 * A worker that dies takes its publishers with it; the next one gets a new worker.
 */
export class MediasoupSfu implements SfuPort {
  readonly #mediasoup: MediasoupModule;
  readonly #nowMs: () => number;
  readonly #transports = new Set<MediasoupTransport>();
  #running: Promise<Running> | undefined;
  #isClosed = false;

  private constructor(mediasoup: MediasoupModule, nowMs: () => number) {
    this.#mediasoup = mediasoup;
    this.#nowMs = nowMs;
  }

  /**
   * Starts a worker.
   *
   * @throws IngestError `NO_MEDIASOUP` with a sentence that says how to install it
   */
  static async open({ nowMs, load = loadPackage }: MediasoupSfuOptions): Promise<MediasoupSfu> {
    const sfu = new MediasoupSfu(await load(), nowMs);
    await sfu.#run();
    return sfu;
  }

  async createTransport(): Promise<SfuTransport> {
    if (this.#transports.size >= MAX_TRANSPORTS) throw new Error(`There are ${MAX_TRANSPORTS} publishers already.`);
    const { router } = await this.#run();
    const listenInfos = ['127.0.0.1', ...networkAddresses()].map((ip) => ({ protocol: 'udp' as const, ip }));
    const webRtc = await router.createWebRtcTransport({ listenInfos, enableTcp: false });
    const direct = await router.createDirectTransport().catch((error: unknown) => {
      webRtc.close();
      throw error;
    });
    if (this.#isOver()) {
      direct.close();
      webRtc.close();
      throw closed();
    }
    const transport = new MediasoupTransport({ webRtc, direct, capabilities: router.rtpCapabilities, nowMs: this.#nowMs });
    this.#transports.add(transport);
    transport.onGone = () => void this.#transports.delete(transport);
    return transport;
  }

  close(): void {
    this.#isClosed = true;
    for (const transport of [...this.#transports]) transport.close();
    void this.#running?.then(({ worker }) => worker.close(), () => undefined);
  }

  /** It may have been closed while the worker was waited for. */
  #isOver(): boolean {
    return this.#isClosed;
  }

  #run(): Promise<Running> {
    if (this.#isClosed) return Promise.reject(closed());
    this.#running ??= this.#start().catch((error: unknown) => {
      this.#running = undefined;
      throw error;
    });
    return this.#running;
  }

  async #start(): Promise<Running> {
    const worker = await this.#mediasoup.createWorker({ logLevel: 'error' }).catch((error: unknown) => {
      throw noWorker(error);
    });
    worker.on('died', () => {
      this.#running = undefined;
    });
    try {
      return { worker, router: await worker.createRouter({ mediaCodecs: [...ROUTER_CODECS] }) };
    } catch (error) {
      worker.close();
      throw error;
    }
  }
}

function closed(): Error {
  return new Error('It is closed.');
}

async function loadPackage(): Promise<MediasoupModule> {
  try {
    return (await import(PACKAGE)) as MediasoupModule;
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new IngestError('NO_MEDIASOUP', 'mediasoup is not installed: run "npm install --no-save mediasoup@3.19.3" in the folder of P2PTV, or start without --sfu mediasoup.', { cause: error });
  }
}

function noWorker(error: unknown): IngestError {
  const reason = error instanceof Error ? error.message : String(error);
  return new IngestError('NO_MEDIASOUP', `mediasoup's worker does not run (${reason}): run "npm rebuild mediasoup", which downloads or compiles it, or name one in MEDIASOUP_WORKER_BIN, or start without --sfu mediasoup.`, {
    cause: error,
  });
}
