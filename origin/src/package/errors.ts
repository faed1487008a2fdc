/**
 * Why nothing can be published. `BAD_KEY`: the key file is unusable or readable by others.
 * `DATA_UNUSABLE`: the data folder cannot be written, is full, or is used by another origin.
 */
export type PackageErrorCode = 'BAD_KEY' | 'DATA_UNUSABLE';

/** A failure that the operator can do something about; the message is one sentence made to be shown. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
  readonly code: PackageErrorCode;

  constructor(code: PackageErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The system's code of a failed call (`ENOSPC`, `EACCES` …), or an empty text. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Of a write that was left undone, so that others still have room. */
export const NEARLY_FULL = 'NEARLY_FULL';

/** Whether a write failed because there is no room for it. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', NEARLY_FULL].includes(systemCode(error));
}

/** What a failed write means to the operator, as the end of a sentence. */
export function describeWriteFailure(error: unknown): string {
  if (isDiskFull(error)) return systemCode(error) === NEARLY_FULL ? 'the disk is nearly full' : 'the disk is full';
  switch (systemCode(error)) {
    case 'EROFS':
      return 'the file system is read-only';
    case 'EACCES':
    case 'EPERM':
      return 'writing there is not permitted';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file is in the way of a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
