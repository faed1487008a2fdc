/**
 * Why a channel cannot be had. `BAD_SETTINGS`: they are wrong, or do not go together. `SLUG_TAKEN`,
 * `KEY_TAKEN`: another channel has the name or the stream key. `TOO_MANY_CHANNELS`: see
 * {@link MAX_CHANNELS}. `UNKNOWN_CHANNEL`: there is none of that name. `IN_CONFIGURATION`: it is defined
 * by flags or the configuration file, and can be changed only there.
 */
export type ChannelErrorCode = 'BAD_SETTINGS' | 'SLUG_TAKEN' | 'KEY_TAKEN' | 'TOO_MANY_CHANNELS' | 'UNKNOWN_CHANNEL' | 'IN_CONFIGURATION';

/** A failure that the operator can do something about; the message is one sentence made to be shown. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly code: ChannelErrorCode;

  constructor(code: ChannelErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
