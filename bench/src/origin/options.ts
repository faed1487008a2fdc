import { Option } from 'commander';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { defaultClientProcesses } from '../load/client-share.js';
import { checkFlags, risingNumbers, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';
import { findNginx, isProgram } from './nginx.js';
import { isWaitedFor, WAITED_FOR, type WaitedFor } from './report.js';

const DEFAULT_CLIENTS = [1_000, 5_000];
/** A stream has segments of whole parts. */
export const SEGMENT_MS = 2_000;

/** What the origin suite was asked to do, complete and checked. */
export type OriginOptions = {
  /** Clients that wait for the next part, rising. */
  readonly clients: readonly number[];
  /** What they wait for, in turn. */
  readonly waitFor: readonly WaitedFor[];
  /** Parts published to each number of clients. */
  readonly rounds: number;
  /** How long downloads, and the live channel, are measured, s. */
  readonly seconds: number;
  /** Connections that segments are downloaded over. */
  readonly connections: number;
  readonly rateKbps: number;
  readonly partMs: number;
  /** Processes that play the clients. */
  readonly clientProcesses: number;
  /** The program; undefined: there is none on this machine. */
  readonly nginx: string | undefined;
  readonly jsonPath: string | undefined;
  /** Where the origin's CPU profile goes. */
  readonly profileFolder: string | undefined;
};

const schema = z.object({
  clients: risingNumbers(1, 1_000_000).default(DEFAULT_CLIENTS),
  waitFor: z
    .string()
    .transform((text) => text.split(','))
    .refine((given) => given.every(isWaitedFor) && new Set(given).size === given.length, `must name some of ${WAITED_FOR.join(', ')}, each once, with commas`)
    .transform((given) => given.filter(isWaitedFor))
    .default([...WAITED_FOR]),
  rounds: wholeNumber(1, 1_000).default(20),
  seconds: wholeNumber(1, 600).default(10),
  connections: wholeNumber(1, 10_000).default(16),
  rateKbps: wholeNumber(100, 100_000).default(3_000),
  partMs: wholeNumber(100, 1_000)
    .refine((partMs) => SEGMENT_MS % partMs === 0, `must divide a segment of ${SEGMENT_MS} ms`)
    .default(200),
  clientProcesses: wholeNumber(1, 64).optional(),
  nginx: z.string().min(1, 'must name a program').optional(),
  json: z.string().min(1, 'must name a file').optional(),
  profile: z.string().min(1, 'must name a folder').optional(),
});

/** The suite's flags. */
export function originFlags(): Option[] {
  return [
    new Option('--clients <numbers>', `clients that wait for the next part, rising, with commas (default: ${DEFAULT_CLIENTS.join(',')})`),
    new Option('--wait-for <what>', `what they wait for, in turn: playlist (with the next part in it), part (default: ${WAITED_FOR.join(',')})`),
    new Option('--rounds <number>', 'parts published to each number of clients (default: 20)'),
    new Option('--seconds <s>', 'how long downloads, and a live channel, are measured (default: 10)'),
    new Option('--connections <number>', 'connections that segments are downloaded over (default: 16)'),
    new Option('--rate-kbps <kbps>', 'rate of the stream (default: 3000)'),
    new Option('--part-ms <ms>', 'length of a part (default: 200)'),
    new Option('--client-processes <number>', 'processes that play the clients (default: one for each core but one, at most 4)'),
    new Option('--nginx <program>', 'nginx to download the same segments from (default: the one on the PATH)'),
    new Option('--json <file>', 'the file to write the figures to'),
    new Option('--profile <folder>', "writes the origin's CPU profile there (--cpu-prof); the figures are then lower"),
  ];
}

/**
 * Checks the flags.
 *
 * @throws UsageError naming the flag
 */
export function resolveOriginOptions(flags: Readonly<Record<string, unknown>>): OriginOptions {
  const { json, clientProcesses, nginx, profile, ...options } = checkFlags(schema, flags);
  if (nginx !== undefined && !isProgram(nginx)) throw new UsageError(`--nginx ${nginx} is no program.`);
  return {
    ...options,
    clientProcesses: clientProcesses ?? defaultClientProcesses(),
    nginx: nginx ?? findNginx(),
    jsonPath: json === undefined ? undefined : outputFileOf('--json', json),
    profileFolder: profile,
  };
}
