import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';

/** Priority of what is not live, as `nice` counts: where both want all, it gets a quarter. */
const GIVE_WAY = 5;

/** Leaves what a process wants of the processor to what is live. */
export function giveWay({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, GIVE_WAY);
  } catch {
    // It has ended already.
  }
}
