import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { BenchError, UsageError } from '../errors.js';

/**
 * The file that --json names, checked before anything is measured.
 *
 * @throws UsageError
 */
export function jsonFileOf(given: string): string {
  const path = resolve(given);
  if (!existsSync(dirname(path))) throw new UsageError(`The folder of --json ${given} does not exist.`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new UsageError(`--json ${given} is a folder: name a file.`);
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch {
    throw new UsageError(`--json ${given} cannot be written: it needs other rights.`);
  }
  return path;
}

/** @throws BenchError when it cannot be written */
export function writeJsonFile(path: string, report: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    throw new BenchError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
