import type { Command } from 'commander';

/** What a suite may use of its surroundings. */
export type SuiteContext = {
  /** Aborted when somebody stops the bench: everything that was started is then ended. */
  readonly signal: AbortSignal;
  /** Prints a line for people. */
  readonly print: (line: string) => void;
};

/** One kind of measurement: `npm run bench -- <name> [options]`. */
export type Suite = {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Adds the suite's own options. */
  readonly configure: (command: Command) => void;
  /**
   * Measures, prints and writes.
   *
   * @param flags as commander gives them
   * @returns false when something was measured, but not all that was asked for
   * @throws UsageError, BenchError or StoppedError
   */
  readonly run: (flags: Readonly<Record<string, unknown>>, context: SuiteContext) => Promise<boolean>;
};
