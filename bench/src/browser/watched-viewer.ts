import type { OriginBytes } from '@p2ptv/protocol';

import type { ViewerReport } from './page/viewing.js';
import type { Startups } from './page-visits.js';
import type { PlannedViewer } from './scenarios/scenario.js';
import type { ViewerProcess } from './viewer-process.js';

/** What one viewer has received and been handed up to a moment. */
export type ViewerTally = {
  readonly received: OriginBytes;
  readonly handedBytes: number;
  /** The same by segment. */
  readonly handedSegments: Readonly<Record<string, number>>;
};

/** One viewer of a run, when it is over. */
export type ViewerOutcome = {
  /** As the scenario names it. */
  readonly group: string | undefined;
  /** The last one that could be had; undefined if none could. */
  readonly report: ViewerReport | undefined;
  readonly total: ViewerTally | undefined;
  /** 10 s after its click; undefined when it did not last so long. */
  readonly steady: ViewerTally | undefined;
  /** From each later click to the first frame, ms; undefined for one that showed none. */
  readonly laterStartupsMs: Startups;
  /** From the navigation to the first frame, in a visit of its own, ms. */
  readonly navigationMs: number | undefined;
  /** Of the seeks that it was to make, those that came to no picture: overtaken by the next one, by the end, or never begun; undefined where it was to make none. */
  readonly seeksUnfinished: number | undefined;
  /** Its browser was killed, as planned: its report is from just before. */
  readonly wasKilled: boolean;
  readonly failure: string | undefined;
};

/** What came of one viewer's beginning anew: from each click, and from the navigation, to the first frame, ms. */
export type ViewerVisit = { readonly clickedMs: Startups; readonly navigatedMs: number | undefined };

/** One viewer while it is watched, and what is known of it so far. */
export class WatchedViewer {
  readonly plan: PlannedViewer;
  readonly process: ViewerProcess;
  isClicked = false;
  report: ViewerReport | undefined;
  total: ViewerTally | undefined;
  steady: ViewerTally | undefined;
  #wasKilled = false;

  constructor(plan: PlannedViewer, process: ViewerProcess) {
    this.plan = plan;
    this.process = process;
  }

  get isOver(): boolean {
    return this.#wasKilled || this.report?.isFinished === true || this.process.failure !== undefined;
  }

  get isPlaying(): boolean {
    return !this.isOver && this.report?.startupMs !== undefined;
  }

  /** Clicks the button. */
  async click(): Promise<void> {
    this.isClicked = true;
    await this.process.click();
  }

  /** Keeps what it says now: it may be the last. */
  async look(): Promise<void> {
    const report = await this.process.report();
    if (!report) return;
    this.report = report;
    this.total = {
      received: report.system.received ?? this.process.httpBytes,
      handedBytes: report.system.handedBytes,
      handedSegments: report.system.handedSegments,
    };
  }

  /** Takes what it says now as what it received until it was settled. */
  async settle(): Promise<void> {
    await this.look();
    if (!this.isOver) this.steady = this.total;
  }

  /** Kills its browser, after a last look. */
  async kill(): Promise<void> {
    await this.look();
    this.#wasKilled = true;
    await this.process.kill();
  }

  /** @param visit what came of its beginning anew, where it did */
  outcome(visit: ViewerVisit | undefined): ViewerOutcome {
    return {
      group: this.plan.group,
      report: this.report,
      total: this.total,
      steady: this.steady,
      laterStartupsMs: visit?.clickedMs ?? [],
      navigationMs: visit?.navigatedMs,
      seeksUnfinished: this.#seeksUnfinished,
      wasKilled: this.#wasKilled,
      failure: this.process.failure ?? this.#problem ?? (visit && problemOf(visit)),
    };
  }

  get #seeksUnfinished(): number | undefined {
    const { seeks } = this.plan;
    return seeks && seeks.length - (this.report?.seeks.length ?? 0);
  }

  get #problem(): string | undefined {
    const { report } = this;
    if (!report) return 'it never answered';
    if (!report.isFinished && !this.#wasKilled) return 'it did not come to its end';
    if (report.system.problem !== undefined) return report.system.problem;
    if (report.startupMs === undefined) return 'it never showed a frame';
    if (this.plan.seeks && this.#seeksUnfinished) return `${this.#seeksUnfinished} of its ${this.plan.seeks.length} seeks came to no picture`;
    if (!this.plan.seeks && report.delaysMs.length === 0) return 'no clock could be read in its picture';
    return undefined;
  }
}

function problemOf({ clickedMs, navigatedMs }: ViewerVisit): string | undefined {
  if (clickedMs.includes(undefined)) return 'it showed no frame after it had clicked anew';
  return navigatedMs === undefined ? 'it showed no frame after it had followed a link' : undefined;
}
