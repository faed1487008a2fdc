import type { SegmentFiles } from './segment-files.js';

/** The folder in the origin's private file system. */
const FOLDER = 'p2ptv-chunks';

/**
 * Files in the browser's origin private file system. They are written as a whole and never changed, so that tabs of one
 * page need no locks: a writer's handle would shut the others out.
 */
export class OpfsSegmentFiles implements SegmentFiles {
  #folder: Promise<FileSystemDirectoryHandle | undefined> | undefined;

  /** True where the browser has what this needs; pages without a secure context have not. */
  static isAvailable(): boolean {
    const { storage } = navigator as { readonly storage?: Partial<StorageManager> };
    return storage?.getDirectory !== undefined && typeof FileSystemFileHandle !== 'undefined' && 'createWritable' in FileSystemFileHandle.prototype;
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    try {
      const folder = await this.#open();
      if (folder) for await (const name of folder.keys()) names.push(name);
    } catch {
      // What was listed so far is better than nothing.
    }
    return names;
  }

  async read(name: string, { from, to }: { readonly from: number; readonly to: number }): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const handle = await (await this.#open())?.getFileHandle(name);
      const file = await handle?.getFile();
      return file && new Uint8Array(await file.slice(from, to).arrayBuffer());
    } catch {
      return undefined;
    }
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    try {
      const handle = await (await this.#open())?.getFileHandle(name, { create: true });
      const writable = await handle?.createWritable();
      if (!writable) return false;
      await writable.write(bytes);
      await writable.close();
      return true;
    } catch {
      await this.remove(name);
      return false;
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await (await this.#open())?.removeEntry(name);
    } catch {
      // Another tab was sooner.
    }
  }

  #open(): Promise<FileSystemDirectoryHandle | undefined> {
    this.#folder ??= navigator.storage
      .getDirectory()
      .then((root) => root.getDirectoryHandle(FOLDER, { create: true }))
      .catch(() => undefined);
    return this.#folder;
  }
}
