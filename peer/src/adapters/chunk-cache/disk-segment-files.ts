import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentFiles } from './segment-files.js';

/** What is being written bears this until it is whole: what a crash leaves of it counts for nothing. */
const DRAFT = '.draft';

/** Files in a folder of this machine; the folder is made when the first one is written. */
export class DiskSegmentFiles implements SegmentFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => !name.endsWith(DRAFT));
    } catch {
      return [];
    }
  }

  async read(name: string, { from, to }: { readonly from: number; readonly to: number }): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const file = await open(join(this.#folder, name), 'r');
      try {
        const { size } = await file.stat();
        const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const path = join(this.#folder, name);
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(path + DRAFT, bytes);
      await rename(path + DRAFT, path);
      return true;
    } catch {
      await this.remove(name + DRAFT);
      return false;
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await rm(join(this.#folder, name), { force: true });
    } catch {
      // What cannot be removed is met again at the next start.
    }
  }
}
