import { setMaxListeners } from 'node:events';

import { Command, CommanderError } from 'commander';

import { BenchError, StoppedError, UsageError } from '../errors.js';
import type { Suite } from '../suite.js';
import { SUITES } from '../suites.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** As shells report a death by SIGINT. */
const EXIT_STOPPED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal and npm may each deliver the same Ctrl-C; a person's second one comes later, ms. */
const SAME_SIGNAL_MS = 300;

/**
 * Runs a command line.
 *
 * @param args without the program's own name
 * @returns the exit code; whatever went wrong is one sentence on standard error
 */
export async function runCli(args: readonly string[], suites: readonly Suite[] = SUITES): Promise<number> {
  const stop = new AbortController();
  // Everything under way waits for it, a timer for each viewer at least: many are no leak.
  setMaxListeners(0, stop.signal);
  const forget = stopOnSignals(stop);
  try {
    const outcome = { isComplete: true };
    const program = createProgram(suites, async (suite, flags) => {
      outcome.isComplete = await suite.run(flags, { signal: stop.signal, print: (line) => console.log(line) });
    });
    await program.parseAsync([...args], { from: 'user' });
    return outcome.isComplete ? 0 : EXIT_FAILED;
  } catch (error) {
    return reportFailure(error);
  } finally {
    forget();
  }
}

type RunSuite = (suite: Suite, flags: Readonly<Record<string, unknown>>) => Promise<void>;

function createProgram(suites: readonly Suite[], run: RunSuite): Command {
  const program = new Command('npm run bench --')
    .description('Measures P2PTV, and what there is beside it. Each suite writes one JSON object.')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(false)
    .argument('[suite]')
    .action((name: string | undefined) => {
      const known = `the suites are ${suites.map((suite) => suite.name).join(', ')}`;
      throw new UsageError(name === undefined ? `Which suite? ${capitalize(known)}.` : `There is no suite "${name}": ${known}.`);
    })
    // What follows an unknown suite is not what is wrong.
    .allowUnknownOption()
    .allowExcessArguments();
  for (const suite of suites) {
    const command = program
      .command(suite.name)
      .description(suite.summary)
      .allowExcessArguments(false)
      .action((flags: Record<string, unknown>) => run(suite, flags));
    suite.configure(command);
  }
  return program;
}

function stopOnSignals(stop: AbortController): () => void {
  let firstAtMs: number | undefined;
  const stopped = (): void => {
    firstAtMs ??= performance.now();
    // A second one is from somebody in a hurry.
    if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(EXIT_STOPPED);
    if (!stop.signal.aborted) stop.abort(new StoppedError('Stopped: nothing was written.'));
  };
  for (const signal of SIGNALS) process.on(signal, stopped);
  return () => {
    for (const signal of SIGNALS) process.off(signal, stopped);
  };
}

function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    process.stderr.write(`${capitalize(error.message.replace(/^error: /, '').replace(/\.?$/, '.'))} See --help.\n`);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof StoppedError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_STOPPED;
  }
  if (error instanceof BenchError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAILED;
}

function capitalize(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
