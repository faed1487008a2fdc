/**
 * Where the media of recordings are kept: a port, so that they can be elsewhere than on this machine. A
 * recording's media are files that never change, each of many chunks; what is where in them the
 * {@link RecordingLibrary} knows by itself.
 *
 * Every implementation passes `origin/test/recording/recording-storage-contract.ts`.
 */
export interface RecordingStorage {
  /**
   * Takes charge of a file: once this returns, the caller may remove its own. A file of the same name is replaced.
   *
   * @param path of a file on this machine that nobody writes to any more
   * @throws the system's error when there is no room, or no access
   */
  put(file: StoredFile, path: string): void;
  /**
   * Reads from a file, which is opened once for all ranges.
   *
   * @returns for each range its bytes, fewer where the file ends; undefined when there is no such file
   */
  read(file: StoredFile, ranges: readonly ByteRange[]): Promise<readonly Buffer[] | undefined>;
  /** The files of a recording, by name; none for one that is not there. */
  list(recording: string): Promise<readonly { readonly name: string; readonly byteLength: number }[]>;
  /** Removes a recording's files, if there are any. */
  remove(recording: string): Promise<void>;
}

/** A file of a recording: `name` is its rendition's folder and its own name, joined by a slash. */
export type StoredFile = { readonly recording: string; readonly name: string };
/** Bytes of a file, counted from 0. */
export type ByteRange = { readonly offset: number; readonly byteLength: number };
