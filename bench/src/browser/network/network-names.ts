import { runCommand } from './commands.js';

/** Of a link or namespace of a bench: `p2b`, the number of its process, a dash, and what it is. */
const NAME = /^p2b(\d+)-/;

/** What all names begin with that this process gives. Together they must not be longer than a link's 15 characters. */
export const OWN_PREFIX = `p2b${process.pid}-`;

/** Removes all links and namespaces that this process has made. */
export function removeOwn(): void {
  removeThose((pid) => pid === process.pid);
}

/** Removes the links and namespaces of benches that ended without doing so themselves (SIGKILL, a crash): their processes are gone. */
export function removeOrphans(): void {
  removeThose((pid) => !isRunning(pid));
}

function removeThose(isWanted: (pid: number) => boolean): void {
  const isDue = (name: string): boolean => {
    const pid = NAME.exec(name)?.[1];
    return pid !== undefined && isWanted(Number(pid));
  };
  const links = namesIn('ip -o link show', /^\d+: ([^:@]+)/).filter(isDue);
  const namespaces = namesIn('ip netns list', /^(\S+)/).filter(isDue);
  // A link goes with its namespace only when the last process of that has ended.
  for (const name of links) attempt(`ip link delete ${name}`);
  for (const name of namespaces) attempt(`ip netns delete ${name}`);
}

/** A number that has been given to another process meanwhile counts as running: what is named after it goes another time. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function namesIn(command: string, pattern: RegExp): string[] {
  try {
    return runCommand(command)
      .split('\n')
      .flatMap((line) => pattern.exec(line)?.[1] ?? []);
  } catch {
    return [];
  }
}

/** What is gone already need not be removed. */
function attempt(command: string): void {
  try {
    runCommand(command);
  } catch {
    return;
  }
}
