/** What a caller did wrong, by a literal code. */
export type PeerSessionErrorCode = 'ALREADY_STARTED' | 'UPLOAD_CAP_TOO_LOW';

/** A mistake of the caller's. A remote's misbehaviour is never thrown. */
export class PeerSessionError extends Error {
  override readonly name = 'PeerSessionError';
  readonly code: PeerSessionErrorCode;

  constructor(code: PeerSessionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
