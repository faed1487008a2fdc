/** The command was called wrongly; the message is one sentence that says what to do. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** The command was called rightly, and nothing could be measured; the message is one sentence. Exit code 1. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
  readonly code = 'BENCH_FAILED';
}

/** Somebody stopped the bench. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'STOPPED';
}
