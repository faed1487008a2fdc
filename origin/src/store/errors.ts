/**
 * - `STORE_UNUSABLE`: the database cannot be opened, is damaged, or is of a newer version
 * - `ALREADY_EXISTS`: what was to be added has a name that is taken
 */
export type StoreErrorCode = 'STORE_UNUSABLE' | 'ALREADY_EXISTS';

/** Why the store did not do what it was asked to; the message is one sentence made to be shown. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
