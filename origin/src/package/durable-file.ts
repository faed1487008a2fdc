import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { systemCode } from './errors.js';

/**
 * Replaces a file so that a crash leaves the old content or the new, never a mixture.
 *
 * @param mode permission bits of the new file
 */
export function replaceFile(path: string, content: Uint8Array | string, mode = 0o644): void {
  const draft = writeDraft(path, content, mode);
  try {
    renameSync(draft, path);
  } catch (error) {
    unlinkIfThere(draft);
    throw error;
  }
  syncFolder(dirname(path));
}

/**
 * Creates a file whole or not at all.
 *
 * @returns false when there is one already, which is left alone
 */
export function createFile(path: string, content: Uint8Array | string, mode = 0o644): boolean {
  const draft = writeDraft(path, content, mode);
  try {
    // A link, unlike a rename, does not replace what another process created in the meantime.
    linkSync(draft, path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkIfThere(draft);
  }
  syncFolder(dirname(path));
  return true;
}

/** Removes a file if it exists. */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function writeDraft(path: string, content: Uint8Array | string, mode: number): string {
  const draft = `${path}.${process.pid}.draft`;
  // Left over from a crashed process that had the same id.
  unlinkIfThere(draft);
  try {
    writeFileSync(draft, content, { mode, flag: 'wx', flush: true });
  } catch (error) {
    unlinkIfThere(draft);
    throw error;
  }
  return draft;
}

/** Makes a new name survive a power loss; some systems cannot open a folder, and need not. */
function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, 'r');
    fsyncSync(folder);
  } catch {
    // The content itself is on the disk; only its name may be lost.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
