import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import Fastify, { type FastifyInstance } from 'fastify';
import { TrackerError } from '../server/errors.js';
import { registerTracker } from '../server/register-tracker.js';

/** What the command touches of its process. */
export type TrackerCommandPorts = {
  /** What people type before its options; undefined: its own name. */
  readonly typed?: string | undefined;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** Resolves when the process is asked to end. */
  readonly stopped: Promise<void>;
};

type CommandOptions = {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly stun: readonly string[];
  readonly trustProxy?: true;
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * `p2ptv-tracker`: a tracker of its own, for any stream.
 *
 * @param args without the program's name
 * @returns the exit code, once it has been stopped or has failed
 */
export async function runTrackerCommand(args: readonly string[], ports: TrackerCommandPorts): Promise<number> {
  const command = describeCommand(ports);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    throw error;
  }
  const options = command.opts<CommandOptions>();
  const fastify = Fastify({ logger: false, forceCloseConnections: true });
  try {
    await start(fastify, options);
  } catch (error) {
    ports.printError(`${explain(error, options)}\n`);
    await fastify.close();
    return EXIT_FAILED;
  }
  for (const listening of fastify.addresses()) {
    if (typeof listening === 'string') continue;
    const { address, family, port } = listening;
    // What means every address cannot be opened in a browser, nor named to an origin.
    const isEverywhere = address === '0.0.0.0' || address === '::';
    const host = isEverywhere ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
    ports.print(`Tracker at http://${host}:${port} - swarms: http://${host}:${port}/api/swarms${isEverywhere ? ' (and at every address of this machine)' : ''}\n`);
  }
  await ports.stopped;
  await fastify.close();
  ports.print('Tracker stopped.\n');
  return 0;
}

async function start(fastify: FastifyInstance, options: CommandOptions): Promise<void> {
  await registerTracker(fastify, {
    dataFolder: options.data,
    trustProxy: options.trustProxy ?? false,
    tracker: { iceServers: options.stun.length > 0 ? [{ urls: [...options.stun] }] : [] },
  });
  fastify.get('/healthz', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  await fastify.listen({ port: options.port, host: options.host });
}

function describeCommand(ports: TrackerCommandPorts): Command {
  return new Command(ports.typed ?? 'p2ptv-tracker')
    .description('Tracks who is in which swarm, introduces peers to each other and signs their tickets.')
    .option('--port <number>', 'TCP port to listen on, 0 for any free one', parsePort, 8090)
    .addOption(new Option('--host <address>', 'address to listen on; 127.0.0.1 to serve this machine alone').default('0.0.0.0', 'all'))
    .option('--data <folder>', 'folder of the key that tickets are signed with', './data')
    .addOption(new Option('--stun <url>', 'STUN server that peers are told, e.g. stun:host:3478 (repeatable, up to 8)').argParser(collectStun).default([], 'none'))
    .option('--trust-proxy', 'behind a reverse proxy: tell clients apart by the last hop of X-Forwarded-For')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: ports.print, writeErr: ports.printError });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

function collectStun(text: string, before: readonly string[]): string[] {
  if (!/^stuns?:[^\s]{1,250}$/.test(text)) throw new InvalidArgumentError('A STUN server is written stun:host:port.');
  if (before.length === 8) throw new InvalidArgumentError('At most 8 STUN servers can be told.');
  return [...before, text];
}

function explain(error: unknown, { port, host }: CommandOptions): string {
  if (error instanceof TrackerError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use: choose another with --port.`;
    case 'EACCES':
      return `Port ${port} may not be used by this user: choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: choose another with --host.`;
    default:
      return `The tracker can't start: ${error instanceof Error ? error.message : String(error)}`;
  }
}
