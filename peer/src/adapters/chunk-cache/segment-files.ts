/** A flat folder of files that are written once, as a whole. What fails in the storage fails as an empty answer, never as a rejection. */
export interface SegmentFiles {
  /** Their names only: to look into thousands of files takes seconds. */
  list(): Promise<readonly string[]>;
  /** Bytes from … to, cut at the file's end; undefined: there is no such file, or it cannot be read. */
  read(name: string, range: { readonly from: number; readonly to: number }): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Replaces a file, all of it or nothing; false: the storage is full or broken. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  remove(name: string): Promise<void>;
}
