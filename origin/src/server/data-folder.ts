import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, realpathSync, unlinkSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { describeWriteFailure, PackageError, systemCode } from '../package/errors.js';
import { makeFolder } from '../package/make-folder.js';

/** Room that must be there at the start: some seconds of media. */
const PROBE_BYTES = 1024 * 1024;

/** The folder that holds keys and chunk logs, in use by this process alone. */
export class DataFolder {
  readonly path: string;
  readonly #lock: Server | undefined;

  private constructor(path: string, lock: Server | undefined) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder if need be, checks that it takes a megabyte, and keeps other origins out.
   *
   * @throws PackageError `DATA_UNUSABLE`
   */
  static async open(path: string): Promise<DataFolder> {
    try {
      makeFolder(path, 0o700);
      probe(join(path, `probe.${process.pid}`));
    } catch (error) {
      throw dataUnusable(path, error);
    }
    return new DataFolder(path, await lock(realpathSync(path)));
  }

  /** Lets other origins in. */
  close(): void {
    this.#lock?.close();
  }
}

/** The one sentence for a data folder that cannot be used. */
export function dataUnusable(path: string, cause: unknown): PackageError {
  const message = `The data folder ${path} cannot be used, because ${describeWriteFailure(cause)}: make room there, or choose another with --data.`;
  return new PackageError('DATA_UNUSABLE', message, { cause });
}

function probe(path: string): void {
  const file = openSync(path, 'w');
  try {
    const block = Buffer.alloc(PROBE_BYTES, 1);
    let written = 0;
    while (written < block.length) written += writeSync(file, block, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
    unlinkSync(path);
  }
}

/**
 * Two origins on one folder would use the same numbers twice. The lock is a socket name, which the
 * system frees when its process dies, however it dies. Systems that have no such names go without.
 */
function lock(path: string): Promise<Server | undefined> {
  const name = `p2ptv-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  const address = process.platform === 'linux' ? `\0${name}` : process.platform === 'win32' ? `\\\\?\\pipe\\${name}` : '';
  if (address === '') return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error) => {
      if (systemCode(error) !== 'EADDRINUSE') {
        resolve(undefined);
        return;
      }
      const message = `Another origin is using the data folder ${path}: stop it, or choose another with --data.`;
      reject(new PackageError('DATA_UNUSABLE', message, { cause: error }));
    });
    server.listen(address, () => resolve(server));
  });
}
