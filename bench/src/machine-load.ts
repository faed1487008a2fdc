import { cpus } from 'node:os';

/** How busy all processors of the machine were, whoever kept them so. */
export class MachineLoad {
  readonly #start = processorTimes();

  /** Processor time used, and there to be used, since this was made; s. */
  get sinceStart(): { readonly busySeconds: number; readonly totalSeconds: number } {
    const now = processorTimes();
    return {
      busySeconds: now.busySeconds - this.#start.busySeconds,
      totalSeconds: now.totalSeconds - this.#start.totalSeconds,
    };
  }
}

function processorTimes(): { busySeconds: number; totalSeconds: number } {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return { busySeconds: busyMs / 1000, totalSeconds: (busyMs + idleMs) / 1000 };
}
