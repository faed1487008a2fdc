import { readFileSync, statSync } from 'node:fs';

import { createFile } from './durable-file.js';
import { PackageError, systemCode } from './errors.js';

/** Permission bits of group and others. */
const OTHERS = 0o077;

/**
 * Reads a secret, or makes it at the first start: atomically, readable by the owner alone.
 *
 * @param create makes the content of a new file
 * @throws PackageError `BAD_KEY` when others may read it; the system's error when it cannot be read or made
 */
export function loadOrCreateSecret(path: string, create: () => Uint8Array): Buffer {
  const existing = readSecret(path);
  if (existing) return existing;
  createFile(path, create(), 0o600);
  const created = readSecret(path);
  if (!created) throw new PackageError('BAD_KEY', `${path} vanished while it was being created.`);
  return created;
}

function readSecret(path: string): Buffer | undefined {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new PackageError('BAD_KEY', `Others may read ${path}, which must stay secret: run chmod 600 ${path}.`);
    }
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (systemCode(error) === 'EACCES') {
      throw new PackageError('BAD_KEY', `${path} cannot be read: start as the user who owns it.`, { cause: error });
    }
    throw error;
  }
}
