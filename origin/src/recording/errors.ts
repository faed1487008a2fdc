/**
 * Why a file does not become a recording. `TOO_LARGE`: larger than uploads may be. `NO_ROOM`: the disk is full, or nearly.
 * `BUSY`: too many are sent at once. `BROKEN_OFF`: it did not come whole, or was given up. `NO_MEDIA`: there is no film in it.
 */
export type RecordingErrorCode = 'TOO_LARGE' | 'NO_ROOM' | 'BUSY' | 'BROKEN_OFF' | 'NO_MEDIA';

/** A file that cannot be taken; the message is one sentence made to be shown. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
