import { MachineLoad } from '../machine-load.js';
import { ProcessTreeMeter, readProcesses } from '../process-times.js';

/** Who used how much of the processors during a run, s. */
export type CpuSeconds = {
  /** All browsers. */
  readonly viewers: number;
  /** Without its encoder. */
  readonly origin: number;
  readonly encoder: number;
  /** What has nothing to do with the bench. */
  readonly others: number;
  /** What there was to be used. */
  readonly machine: number;
};

const isEncoder = (name: string): boolean => name.startsWith('ffmpeg');

/** Processor time of a run, from its making on. Look at least twice, best every second or so. */
export class RunCpu {
  readonly #originProcess: { readonly pid: number };
  /** One for each time that it was started. */
  readonly #origins = new Map<number, ProcessTreeMeter>();
  readonly #viewers: readonly ProcessTreeMeter[];
  readonly #load = new MachineLoad();
  readonly #own = process.cpuUsage();

  constructor(origin: { readonly pid: number }, viewers: readonly ProcessTreeMeter[]) {
    this.#originProcess = origin;
    this.#viewers = viewers;
  }

  /** Takes all processes as they are now. */
  look(): void {
    const processes = readProcesses();
    if (!processes) return;
    const { pid } = this.#originProcess;
    if (!this.#origins.has(pid)) this.#origins.set(pid, new ProcessTreeMeter(pid));
    for (const meter of this.#origins.values()) meter.look(processes);
    for (const meter of this.#viewers) meter.look(processes);
  }

  /** Between the first look and the latest; undefined where it cannot be told. */
  get seconds(): CpuSeconds | undefined {
    if (!readProcesses()) return undefined;
    const viewers = sumOf(this.#viewers);
    const origins = [...this.#origins.values()];
    const all = sumOf(origins);
    const encoder = sumOf(origins, isEncoder);
    const { user, system } = process.cpuUsage(this.#own);
    const { busySeconds, totalSeconds } = this.#load.sinceStart;
    const others = Math.max(0, busySeconds - viewers - all - (user + system) / 1e6);
    return { viewers, origin: all - encoder, encoder, others, machine: totalSeconds };
  }
}

function sumOf(meters: readonly ProcessTreeMeter[], isCounted?: (name: string) => boolean): number {
  return meters.reduce((sum, meter) => sum + meter.cpuSeconds(isCounted), 0);
}
