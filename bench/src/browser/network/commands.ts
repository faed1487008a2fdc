import { spawnSync } from 'node:child_process';

import { BenchError } from '../../errors.js';

/**
 * Runs a program of the system to its end. They take milliseconds each, and what they have made must
 * be undone in a process's last moment too, so nothing here waits for later.
 *
 * @param command the program and its arguments, with single blanks between them
 * @param input what it reads
 * @returns what it printed
 * @throws BenchError with its own words when it fails, or is not there
 */
export function runCommand(command: string, input = ''): string {
  const [program = '', ...args] = command.split(' ');
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', input });
  if (error) throw new BenchError(`${program} cannot be run: ${isMissing(error) ? 'it is not installed' : error.message}.`, { cause: error });
  if (status !== 0) throw new BenchError(`"${command}" failed: ${stderr.trim() || `code ${status ?? 'unknown'}`}`);
  return stdout;
}

function isMissing(error: Error): boolean {
  return 'code' in error && error.code === 'ENOENT';
}
