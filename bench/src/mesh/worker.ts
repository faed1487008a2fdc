import { monitorEventLoopDelay } from 'node:perf_hooks';

import { MeshViewer } from './mesh-viewer.js';
import { RealTimeQueue } from './real-time-queue.js';
import { warmUp } from './warm-up.js';
import { WARM_UP, type FromWorker, type PeerRecord, type TimedMark, type ToWorker, type WorkerPlan } from './worker-messages.js';

/** What happened is told this often, ms. */
const TELL_MS = 500;
const LOOP_RESOLUTION_MS = 5;
const NANOSECONDS_PER_MS = 1e6;

/** A process with a share of the mesh's Node viewers; it does what its parent tells it, and ends with it. */
class Worker {
  readonly #viewers: MeshViewer[] = [];
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #records: PeerRecord[] = [];
  #marks: TimedMark[] = [];
  #setupsMs: number[] = [];
  #tellTimer: ReturnType<typeof setInterval> | undefined;

  handle(message: ToWorker): void {
    if (message.kind === 'plan') this.#begin(message.plan);
    else this.#finish();
  }

  #begin(plan: WorkerPlan): void {
    const queue = new RealTimeQueue(plan.startedWallMs);
    this.#loopDelay.enable();
    for (const peer of plan.peers) {
      setTimeout(() => {
        const viewer = new MeshViewer(peer, plan, {
          queue,
          record: (record) => this.#records.push(record),
          mark: (mark) => this.#marks.push(mark),
          linked: (tookMs) => this.#setupsMs.push(tookMs),
        });
        this.#viewers.push(viewer);
        viewer.start();
      }, peer.joinAtMs - queue.nowMs);
    }
    this.#tellTimer = setInterval(() => {
      for (const viewer of this.#viewers) viewer.tellTotals();
      this.#tell();
    }, TELL_MS);
  }

  #finish(): void {
    clearInterval(this.#tellTimer);
    for (const viewer of this.#viewers) viewer.finish();
    this.#tell();
    const loopDelayP99Ms = Math.max(0, this.#loopDelay.percentile(99) / NANOSECONDS_PER_MS - LOOP_RESOLUTION_MS);
    // The native library's threads end in their own time, which nobody has to wait for.
    say({ kind: 'finished', loopDelayP99Ms }, () => process.exit(0));
  }

  #tell(): void {
    say({ kind: 'happened', records: this.#records, marks: this.#marks, setupsMs: this.#setupsMs });
    this.#records = [];
    this.#marks = [];
    this.#setupsMs = [];
  }
}

function say(message: FromWorker, sent?: () => void): void {
  process.send?.(message, undefined, {}, () => sent?.());
}

// The parent answers Ctrl-C, which reaches the whole group.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
const worker = new Worker();
process.on('message', (message: ToWorker) => worker.handle(message));
if (process.argv.includes(WARM_UP)) await warmUp();
say({ kind: 'ready' });
