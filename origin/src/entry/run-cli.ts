import { TrackerError } from '@p2ptv/tracker';
import { Command, CommanderError } from 'commander';

import { ChannelError } from '../channel/errors.js';
import { IngestError } from '../ingest/errors.js';
import { PackageError } from '../package/errors.js';
import { RecordingError } from '../recording/errors.js';
import { ServerError } from '../server/errors.js';
import { StoreError } from '../store/errors.js';
import { addFlags, runAdd } from './add-command.js';
import { runSetPassword } from './admin-command.js';
import { resolveStartOptions, startFlags } from './start-options.js';
import { runStart } from './start-command.js';
import { runSeed, seedFlags } from './seed-command.js';
import { CommandError, UsageError } from './usage-error.js';

/** Exit code of a command that was called wrongly. */
const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

/**
 * Runs a command line.
 *
 * @param args without the program's own name
 * @param typed what was typed instead of the program's and the command's names; undefined: these
 * @returns the exit code; whatever went wrong is one sentence on standard error
 */
export async function runCli(args: readonly string[], typed?: string): Promise<number> {
  try {
    await createProgram(typed).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, args);
  }
}

function createProgram(typed: string | undefined): Command {
  const program = new Command('p2ptv')
    .description('Live television from one small server: viewers pass on what they have just received.')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError();
  // Before there are commands: they take it over.
  if (typed !== undefined) program.configureHelp({ commandUsage: (command) => `${typed} ${command.usage()}` });
  const start = program
    .command('start', { isDefault: true })
    .description('publish a stream: origin, tracker, seeder and player in one process')
    .action((flags: Record<string, unknown>) => runStart(resolveStartOptions(flags)));
  for (const flag of startFlags()) start.addOption(flag);
  const seed = program
    .command('seed')
    .argument('<link>', 'the magnet link or watch link of a stream')
    .description("serve a stream's viewers as a volunteer, without a screen")
    .action((link: string, flags: Record<string, unknown>) => runSeed(link, flags));
  for (const flag of seedFlags()) seed.addOption(flag);
  const add = program
    .command('add')
    .argument('<file>', 'a media file')
    .description('make a recording of a file, encoded like a live stream; no origin may run on the data folder meanwhile')
    .action((file: string, flags: Record<string, unknown>) => runAdd(file, flags));
  for (const flag of addFlags()) add.addOption(flag);
  const admin = program.command('admin').description('set up who administers');
  admin
    .command('set-password')
    .description('set the password for /api/admin; it is read from standard input, and all sessions end')
    .option('--data <folder>', "the origin's data folder, which may be in use (default: ./data)")
    .action((flags: Record<string, unknown>) => runSetPassword(flags));
  return program;
}

function reportFailure(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    print(usageSentence(error, args));
    return EXIT_USAGE;
  }
  if (error instanceof UsageError) {
    print(error.message);
    return EXIT_USAGE;
  }
  const isExplained = [ChannelError, CommandError, IngestError, PackageError, RecordingError, ServerError, StoreError, TrackerError].some((kind) => error instanceof kind);
  if (isExplained && error instanceof Error) print(error.message);
  else print(`Unexpected failure: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT_FAILED;
}

/** Commander's message, as one sentence that says where to look. */
function usageSentence(error: CommanderError, args: readonly string[]): string {
  const [first = ''] = args;
  const isUnknownCommand = error.code === 'commander.excessArguments' && !['start', 'seed', 'add', 'admin'].includes(first);
  if (isUnknownCommand) return `There is no command "${first}": see --help.`;
  // A suggestion comes on a line of its own, in brackets.
  const [problem = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  return `${capitalize(problem.replace(/\.$/, ''))}${suggestion && ` ${suggestion}`}: see --help.`;
}

function print(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function capitalize(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
