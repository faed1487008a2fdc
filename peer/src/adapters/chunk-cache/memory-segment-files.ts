import type { SegmentFiles } from './segment-files.js';

/** Files that last as long as this object; for tests, and for programs without a disk of their own. */
export class MemorySegmentFiles implements SegmentFiles {
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#files.keys()]);
  }

  read(name: string, { from, to }: { readonly from: number; readonly to: number }): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return Promise.resolve(this.#files.get(name)?.slice(from, to));
  }

  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    this.#files.set(name, bytes.slice());
    return Promise.resolve(true);
  }

  remove(name: string): Promise<void> {
    this.#files.delete(name);
    return Promise.resolve();
  }
}
