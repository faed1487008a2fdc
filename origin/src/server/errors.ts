/**
 * Why the server did not start. `PORT_IN_USE`, `PORT_DENIED`, `BAD_ADDRESS`: it cannot listen.
 * `BAD_TLS`: the certificate or its key is unusable.
 */
export type ServerErrorCode = 'PORT_IN_USE' | 'PORT_DENIED' | 'BAD_ADDRESS' | 'BAD_TLS';

/** A failure that the operator can do something about; the message is one sentence made to be shown. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
