import { BenchError } from '../errors.js';
import { OriginProcess, type OriginSettings, type PublishedChunk } from '../origin-process.js';
import { ShapedNetwork, type LineRates } from './network/shaped-network.js';
import { StunServer } from './network/stun-server.js';
import { DEFAULT_UPLINK_RATIO, type BrowserOptions, type LineOptions } from './options.js';
import { PageServer } from './page-server.js';
import { scenarioOf } from './scenarios/registry.js';
import type { Scenario } from './scenarios/scenario.js';
import { systemOf } from './systems/registry.js';
import { TrackerProcess } from './tracker-process.js';
import { WebTorrentTracker } from './web-torrent-tracker.js';

/** What surrounds the viewers' lines, where these are limited, kb/s. */
export type ShapedLines = LineRates & { readonly streamKbps: number; readonly hasNat: boolean };

const LOOPBACK = '127.0.0.1';

/** All that viewers need of the world: the page, the origin, trackers, and where it is asked for, lines. */
export class Surroundings {
  readonly pages: PageServer;
  readonly origin: OriginProcess;
  readonly tracker: TrackerProcess | undefined;
  readonly webTorrentTracker: WebTorrentTracker | undefined;
  readonly network: ShapedNetwork | undefined;
  readonly lines: ShapedLines | undefined;
  readonly #ends: readonly Ending[];

  private constructor(parts: Omit<Surroundings, 'stop'>, ends: readonly Ending[]) {
    this.pages = parts.pages;
    this.origin = parts.origin;
    this.tracker = parts.tracker;
    this.webTorrentTracker = parts.webTorrentTracker;
    this.network = parts.network;
    this.lines = parts.lines;
    this.#ends = ends;
  }

  /**
   * Starts everything, and waits until there is a live picture.
   *
   * @throws BenchError when something does not come up
   */
  static async start(options: BrowserOptions, { chromiumPath, signal }: { readonly chromiumPath: string; readonly signal: AbortSignal }): Promise<Surroundings> {
    const ends: Ending[] = [];
    const { lines: wanted } = options;
    const scenario = scenarioOf(options.scenario);
    try {
      const network = wanted && ShapedNetwork.create({ viewers: scenario.viewers(options).length, hasNat: wanted.hasNat, chromiumPath });
      if (network) ends.push(() => network.remove());
      const host = network?.hostAddress ?? LOOPBACK;
      const pages = await PageServer.start(host);
      ends.push(() => pages.stop());
      const stun = wanted?.hasNat ? await StunServer.start(host) : undefined;
      ends.push(() => stun?.stop());
      const needsWebTorrent = options.systems.some((system) => systemOf(system).needsWebTorrentTracker);
      const webTorrentTracker = needsWebTorrent ? await WebTorrentTracker.start(host) : undefined;
      ends.push(() => webTorrentTracker?.stop());
      const stunUrl = stun?.url;
      const tracker = scenario.hasTrackerApart ? await TrackerProcess.start({ host, stunUrl }, signal) : undefined;
      ends.push(() => tracker?.stop());
      const rate = new PublishedRate();
      const origin = await OriginProcess.start(
        { ...originSettings(options, scenario), host, trackerUrl: tracker?.url, stunUrl, recordedSeconds: scenario.recordedSeconds?.(options), ...(wanted ? { published: (chunk) => rate.add(chunk) } : {}) },
        signal,
      );
      ends.push(() => origin.stop());
      const lines = wanted && resolveLines(wanted, { streamKbps: rate.kbps, downlinkRatio: scenario.downlinkRatio });
      if (lines) network?.limit(lines);
      return new Surroundings({ pages, origin, tracker, webTorrentTracker, network, lines }, ends);
    } catch (error) {
      await end(ends);
      throw error;
    }
  }

  /** Ends everything, and removes what was made. */
  async stop(): Promise<void> {
    await end(this.#ends);
  }
}

type Ending = () => unknown;

/** The last that was started first; one that fails keeps no other from ending. */
async function end(ends: readonly Ending[]): Promise<void> {
  let failure: unknown;
  for (const ending of [...ends].reverse()) {
    try {
      await ending();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw new BenchError('Not all that was started could be ended.', { cause: failure });
}

function originSettings({ partMs, height, input }: BrowserOptions, { hasLadder = false }: Scenario): Pick<OriginSettings, 'partMs' | 'heights' | 'input'> {
  return { partMs, heights: hasLadder ? [height, Math.round(height / 2)] : [height], input };
}

function resolveLines(
  { uplinkKbps, downlinkKbps, hasNat }: LineOptions,
  { streamKbps, downlinkRatio = 1 }: { readonly streamKbps: number; readonly downlinkRatio: number | undefined },
): ShapedLines {
  return {
    streamKbps,
    uplinkKbps: uplinkKbps ?? Math.round(streamKbps * DEFAULT_UPLINK_RATIO),
    downlinkKbps: downlinkKbps ?? Math.round(streamKbps * downlinkRatio),
    hasNat,
  };
}

/** What the best rendition of a stream takes, from what has been published of it. */
class PublishedRate {
  #bytes = 0;
  #durationUs = 0;

  add({ rendition, byteLength, durationUs }: PublishedChunk): void {
    if (rendition !== 0) return;
    this.#bytes += byteLength;
    this.#durationUs += durationUs;
  }

  /** 0 before the first chunk. */
  get kbps(): number {
    return this.#durationUs > 0 ? Math.round((this.#bytes * 8 * 1000) / this.#durationUs) : 0;
  }
}
