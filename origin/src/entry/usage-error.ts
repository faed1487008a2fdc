/** Somebody called the command wrongly; the message is one sentence that says what to do. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** The command was called rightly, and cannot be done; the message is one sentence. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'COMMAND_FAILED';
}
