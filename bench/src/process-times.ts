import { readdirSync, readFileSync } from 'node:fs';

/** One process at one moment. */
export type ProcessTimes = {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  /** Processor time so far, user and system, s. */
  readonly cpuSeconds: number;
};

/** Ticks of /proc a second: 100 on every Linux that one meets. */
const TICKS_PER_SECOND = 100;

/** Every process of this machine; undefined where there is no /proc. */
export function readProcesses(): readonly ProcessTimes[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      } catch {
        // It ended between the two calls.
        return [];
      }
    });
}

/** Reads a line of /proc/<pid>/stat (proc(5)); the name may hold blanks and brackets. */
export function parseStat(line: string): ProcessTimes | undefined {
  const match = /^(\d+) \((.*)\) (.+)$/s.exec(line);
  const fields = match?.[3]?.split(' ');
  if (!match || !fields) return undefined;
  return {
    pid: Number(match[1]),
    name: match[2] ?? '',
    parentPid: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

/**
 * The processor time of a process and all its descendants from the first look on. Look every second
 * or so: what a short-lived process used after the last look at it is not seen.
 */
export class ProcessTreeMeter {
  readonly #rootPid: number;
  readonly #base = new Map<number, number>();
  readonly #latest = new Map<number, ProcessTimes>();
  #hasLooked = false;

  constructor(rootPid: number) {
    this.#rootPid = rootPid;
  }

  /** Takes the processes as they are now. */
  look(processes: readonly ProcessTimes[]): void {
    for (const found of this.#treeOf(processes)) {
      // Who came later is counted from its beginning.
      if (!this.#base.has(found.pid)) this.#base.set(found.pid, this.#hasLooked ? 0 : found.cpuSeconds);
      this.#latest.set(found.pid, found);
    }
    this.#hasLooked = true;
  }

  /** Seconds between the first look and the latest, of those processes whose name passes. */
  cpuSeconds(isCounted: (name: string) => boolean = () => true): number {
    let sum = 0;
    for (const { pid, name, cpuSeconds } of this.#latest.values()) {
      if (isCounted(name)) sum += cpuSeconds - (this.#base.get(pid) ?? 0);
    }
    return sum;
  }

  #treeOf(processes: readonly ProcessTimes[]): ProcessTimes[] {
    const children = new Map<number, ProcessTimes[]>();
    for (const found of processes) {
      const siblings = children.get(found.parentPid) ?? [];
      siblings.push(found);
      children.set(found.parentPid, siblings);
    }
    const tree = processes.filter(({ pid }) => pid === this.#rootPid);
    // Grows while it is walked: children of children come behind them.
    for (const { pid } of tree) tree.push(...(children.get(pid) ?? []));
    return tree;
  }
}
