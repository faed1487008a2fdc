import { spawnSync } from 'node:child_process';
import { platform } from 'node:os';

/** Linux's commands (util-linux) that say how the system schedules a process, and where. */
const CHRT = 'chrt';
const TASKSET = 'taskset';
/** Scheduled in batches: who wakes up does not take the processor away from a process that runs (sched(7), SCHED_BATCH). */
const IN_BATCHES = ['--batch', '0'];

/** A program and what it is started with. */
export type CommandLine = { readonly program: string; readonly args: readonly string[] };

/**
 * A command line by which a program runs on one processor alone, in batches: a packet wakes three threads of a worker, and on
 * a virtual machine a wake on another processor costs ten times what it costs on one's own. The process stays the same:
 * each of the two commands becomes the program that it is given.
 */
export function keptOn(processor: number, { program, args }: CommandLine): CommandLine {
  return { program: CHRT, args: [...IN_BATCHES, TASKSET, '--cpu-list', String(processor), program, ...args] };
}

/** The numbers of the processors that this process may run on; undefined where {@link keptOn} is not possible: it takes Linux. */
export function ownProcessors(): readonly number[] | undefined {
  if (platform() !== 'linux') return undefined;
  const { status, stdout } = spawnSync(CHRT, [...IN_BATCHES, TASKSET, '--cpu-list', '--pid', String(process.pid)], { encoding: 'utf8' });
  return status === 0 ? parseProcessorList(stdout.slice(stdout.lastIndexOf(':') + 1)) : undefined;
}

/** Reads a list of processors as Linux writes it, numbers and ranges: `0-2,5`. Undefined when it is none. */
export function parseProcessorList(text: string): readonly number[] | undefined {
  const processors: number[] = [];
  for (const range of text.trim().split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return undefined;
    for (let processor = Number(first); processor <= Number(last); processor++) processors.push(processor);
  }
  return processors;
}
