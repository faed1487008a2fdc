import type { FastifySchemaValidationError } from 'fastify';

import { ChannelError, type ChannelErrorCode } from '../channel/errors.js';
import { IngestError } from '../ingest/errors.js';
import { RecordingError, type RecordingErrorCode } from '../recording/errors.js';
import { StoreError } from '../store/errors.js';

/** What somebody is told whose request failed. */
export type FailureAnswer = { readonly status: number; readonly message: string };

const CHANNEL_STATUS: Readonly<Record<ChannelErrorCode, number>> = {
  BAD_SETTINGS: 400,
  SLUG_TAKEN: 409,
  KEY_TAKEN: 409,
  TOO_MANY_CHANNELS: 409,
  IN_CONFIGURATION: 409,
  UNKNOWN_CHANNEL: 404,
};

const RECORDING_STATUS: Readonly<Record<RecordingErrorCode, number>> = {
  BROKEN_OFF: 400,
  TOO_LARGE: 413,
  NO_MEDIA: 422,
  BUSY: 503,
  NO_ROOM: 507,
};

/** The answer to a failure; what is nobody's business but the operator's is told in general words. */
export function describeFailure(error: Error & { readonly statusCode?: number }): FailureAnswer {
  if (error instanceof ChannelError) return { status: CHANNEL_STATUS[error.code], message: error.message };
  if (error instanceof RecordingError) return { status: RECORDING_STATUS[error.code], message: error.message };
  if (error instanceof StoreError) return { status: error.code === 'ALREADY_EXISTS' ? 409 : 500, message: error.message };
  if (error instanceof IngestError) return { status: 422, message: error.message };
  const { statusCode = 500 } = error;
  if (statusCode >= 500) return { status: statusCode, message: 'The origin failed to answer: its log says why.' };
  if (statusCode === 413) return { status: 413, message: 'The request is too large.' };
  return { status: statusCode, message: error.message };
}

/** What is wrong with a request, as a sentence that names the field. */
export function validationSentence([problem]: readonly FastifySchemaValidationError[]): string {
  const name = problem?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const message = problem?.message ?? 'is wrong';
  return name === '' ? `The request is wrong: ${message}.` : `${name} ${message}.`;
}
