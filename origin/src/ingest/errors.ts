/**
 * Why no media can be had. `NO_ENCODER`: no usable ffmpeg. `BAD_INPUT`: the input is missing, broken
 * or has neither picture nor sound. `PORT_IN_USE`: something else listens on the port. `PORT_DENIED`: the system
 * does not let us listen there. `NO_SRT`: this ffmpeg knows no SRT. `NO_MEDIASOUP`: mediasoup or its worker is missing.
 */
export type IngestErrorCode = 'NO_ENCODER' | 'BAD_INPUT' | 'PORT_IN_USE' | 'PORT_DENIED' | 'NO_SRT' | 'NO_MEDIASOUP';

/** A failure that the operator can do something about; the message is one sentence made to be shown. */
export class IngestError extends Error {
  override readonly name = 'IngestError';
  readonly code: IngestErrorCode;

  constructor(code: IngestErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
