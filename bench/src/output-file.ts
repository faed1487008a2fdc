import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { BenchError, UsageError } from './errors.js';

/**
 * The file that a flag names, checked before minutes of measuring.
 *
 * @param flag as it is given, `--json`
 * @throws UsageError when it cannot be written
 */
export function outputFileOf(flag: string, given: string): string {
  const path = resolve(given);
  if (!existsSync(dirname(path))) throw new UsageError(`The folder of ${flag} ${given} does not exist.`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new UsageError(`${flag} ${given} is a folder: name a file.`);
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch {
    throw new UsageError(`${flag} ${given} cannot be written: it needs other rights.`);
  }
  return path;
}

/** @throws BenchError when it cannot be written */
export function writeOutput(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new BenchError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The same of figures, as JSON for people and programs. */
export function writeJsonOutput(path: string, report: object): void {
  writeOutput(path, `${JSON.stringify(report, undefined, 2)}\n`);
}
