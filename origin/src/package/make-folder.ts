import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { systemCode } from './errors.js';

/**
 * Makes a folder and those above it, if need be. As `mkdirSync` with `recursive`, which never
 * returns where the file system answers ENOENT under an existing folder, as /proc does.
 *
 * @param mode permission bits of each new folder
 * @throws the system's error
 */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const parent = dirname(folder);
    if (systemCode(error) === 'ENOENT' && !isFolder(parent)) {
      makeFolder(parent, mode);
      mkdirSync(folder, { mode });
    } else if (systemCode(error) !== 'EEXIST' || !isFolder(folder)) {
      // Another process may have been faster: then it is there.
      throw error;
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
