/**
 * - `DATA_FOLDER`: the key can't be read or written
 * - `BAD_KEY`: the key file does not hold a key
 * - `LOOSE_KEY`: others may read the key file
 */
export type TrackerErrorCode = 'DATA_FOLDER' | 'BAD_KEY' | 'LOOSE_KEY';

/** Why a tracker can't start: a sentence for people that says what to do. */
export class TrackerError extends Error {
  readonly code: TrackerErrorCode;

  constructor(code: TrackerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TrackerError';
    this.code = code;
  }
}
