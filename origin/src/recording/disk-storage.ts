import { copyFileSync, linkSync, renameSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { unlinkIfThere } from '../package/durable-file.js';
import { systemCode } from '../package/errors.js';
import { makeFolder } from '../package/make-folder.js';
import { namesIn } from './recording-folder.js';
import type { ByteRange, RecordingStorage, StoredFile } from './recording-storage.js';

/** File systems that have no second names for a file, and folders on two of them. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']);

/**
 * Media of recordings in a folder of this machine. A file is taken over by a second name for it: it takes no room
 * twice, and the first name may go. Where the file system has no such thing it is copied.
 */
export class DiskStorage implements RecordingStorage {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  put(file: StoredFile, path: string): void {
    const target = this.#path(file);
    makeFolder(dirname(target));
    const draft = `${target}.draft`;
    unlinkIfThere(draft);
    unlinkIfThere(target);
    try {
      linkSync(path, target);
    } catch (error) {
      if (!NO_LINKS.has(systemCode(error))) throw error;
      copyFileSync(path, draft);
      renameSync(draft, target);
    }
  }

  async read(file: StoredFile, ranges: readonly ByteRange[]): Promise<readonly Buffer[] | undefined> {
    let handle;
    try {
      handle = await open(this.#path(file), 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const found: Buffer[] = [];
      for (const { offset, byteLength } of ranges) {
        const content = Buffer.alloc(byteLength);
        const { bytesRead } = await handle.read(content, 0, byteLength, offset);
        found.push(content.subarray(0, bytesRead));
      }
      return found;
    } finally {
      await handle.close();
    }
  }

  list(recording: string): Promise<{ name: string; byteLength: number }[]> {
    const files: { name: string; byteLength: number }[] = [];
    for (const folder of namesIn(this.#media(recording))) {
      for (const name of namesIn(join(this.#media(recording), folder))) {
        if (name.endsWith('.draft')) continue;
        files.push({ name: `${folder}/${name}`, byteLength: statSync(join(this.#media(recording), folder, name)).size });
      }
    }
    return Promise.resolve(files.sort((left, right) => (left.name < right.name ? -1 : 1)));
  }

  remove(recording: string): Promise<void> {
    return rm(this.#media(recording), { recursive: true, force: true });
  }

  #media(recording: string): string {
    return join(this.#folder, recording, 'media');
  }

  #path({ recording, name }: StoredFile): string {
    return join(this.#media(recording), name);
  }
}
