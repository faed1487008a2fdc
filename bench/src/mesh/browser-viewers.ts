import { MIN_UPLOAD_CAP_BITS_PER_SECOND } from '@p2ptv/peer';

import type { ProcessTimes } from '../process-times.js';
import { findChromium } from '../browser/chromium.js';
import { PageServer } from '../browser/page-server.js';
import type { ViewerReport } from '../browser/page/viewing.js';
import { ViewerProcess } from '../browser/viewer-process.js';
import type { PlannedViewer } from './audience.js';
import type { BrowserTotals } from './mesh-measure.js';

/** What every browser of a run is told. */
export type BrowserRun = {
  readonly originUrl: string;
  readonly link: string;
  readonly playlistUrl: string;
  readonly endMs: number;
};

/** Share of an uplink that is left for media when packets' heads are taken off. */
const PAYLOAD_RATIO = 0.95;

/** One viewer in a Chromium of its own, with the page and the player that people have. */
export class BrowserViewer {
  readonly plan: PlannedViewer;
  readonly #process: ViewerProcess;
  #report: ViewerReport | undefined;
  #hasClicked = false;

  constructor(plan: PlannedViewer, process: ViewerProcess) {
    this.plan = plan;
    this.#process = process;
  }

  get report(): ViewerReport | undefined {
    return this.#report;
  }

  get failure(): string | undefined {
    return this.#process.failure ?? this.#report?.system.problem;
  }

  get hasClicked(): boolean {
    return this.#hasClicked;
  }

  get version(): string {
    return this.#process.version;
  }

  get cpuSeconds(): number {
    return this.#process.meter.cpuSeconds();
  }

  lookAtProcesses(processes: readonly ProcessTimes[]): void {
    this.#process.meter.look(processes);
  }

  async click(): Promise<void> {
    this.#hasClicked = true;
    await this.#process.click();
  }

  /** Asks what it has counted; undefined when it cannot tell. */
  async totals(): Promise<BrowserTotals | undefined> {
    const report = await this.#process.report();
    if (!report) return undefined;
    this.#report = report;
    const { received, handedBytes, sentBytes = 0 } = report.system;
    return received && { handedBytes, sentBytes, received, startupMs: report.startupMs, stalls: report.playback.stallLog };
  }

  async close(): Promise<void> {
    await this.#process.close();
  }
}

/** The browsers among a mesh's viewers, with the page that they open. */
export class BrowserViewers {
  readonly all: readonly BrowserViewer[];
  readonly #pages: PageServer | undefined;

  private constructor(all: readonly BrowserViewer[], pages: PageServer | undefined) {
    this.all = all;
    this.#pages = pages;
  }

  /** @throws BenchError when there is no Chromium, or it does not start */
  static async open(plans: readonly PlannedViewer[], run: BrowserRun): Promise<BrowserViewers> {
    if (plans.length === 0) return new BrowserViewers([], undefined);
    const chromiumPath = findChromium();
    const pages = await PageServer.start();
    const all: BrowserViewer[] = [];
    try {
      for (const plan of plans) {
        const process = await ViewerProcess.open({
          chromiumPath,
          pageUrl: pages.url,
          originUrl: run.originUrl,
          plan: {
            system: 'p2ptv',
            stream: { link: run.link, playlistUrl: run.playlistUrl, uploadBitsPerSecond: Math.max(MIN_UPLOAD_CAP_BITS_PER_SECOND, plan.uplinkBitsPerSecond * PAYLOAD_RATIO) },
            watchMs: run.endMs - plan.joinAtMs,
          },
        });
        all.push(new BrowserViewer(plan, process));
      }
      return new BrowserViewers(all, pages);
    } catch (error) {
      await new BrowserViewers(all, pages).close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((viewer) => viewer.close()));
    this.#pages?.stop();
  }
}
