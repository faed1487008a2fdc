import { Option } from 'commander';
import * as z from 'zod';

import { defaultClientProcesses } from '../load/client-share.js';
import { checkFlags, risingNumbers, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';
import { isTrackerSystemName, TRACKER_SYSTEMS, type TrackerSystemName } from './systems/registry.js';

const names = Object.keys(TRACKER_SYSTEMS);
const DEFAULT_SOCKETS = [1_000, 5_000, 20_000];

/** What the tracker suite was asked to do, complete and checked. */
export type TrackerOptions = {
  /** Connections held at each level, rising. */
  readonly sockets: readonly number[];
  /** How long each thing is measured, s. */
  readonly seconds: number;
  readonly systems: readonly TrackerSystemName[];
  /** Processes that play the peers. */
  readonly clients: number;
  readonly jsonPath: string | undefined;
  /** Where the tracker's CPU profile goes. */
  readonly profileFolder: string | undefined;
};

const schema = z.object({
  sockets: risingNumbers(10, 1_000_000).default(DEFAULT_SOCKETS),
  seconds: wholeNumber(1, 600).default(10),
  systems: z
    .string()
    .transform((text) => text.split(','))
    .refine((given) => given.every(isTrackerSystemName) && new Set(given).size === given.length, {
      message: `must name some of ${names.join(', ')}, each once, with commas`,
    })
    .transform((given) => given.filter(isTrackerSystemName))
    .default(Object.keys(TRACKER_SYSTEMS).filter(isTrackerSystemName)),
  clients: wholeNumber(1, 64).optional(),
  json: z.string().min(1, 'must name a file').optional(),
  profile: z.string().min(1, 'must name a folder').optional(),
});

/** The suite's flags. */
export function trackerFlags(): Option[] {
  const systems = Object.entries(TRACKER_SYSTEMS).map(([name, { summary }]) => `${name} (${summary})`);
  return [
    new Option('--sockets <numbers>', `connections held while it is measured, rising, with commas (default: ${DEFAULT_SOCKETS.join(',')})`),
    new Option('--seconds <s>', 'how long each thing is measured (default: 10)'),
    new Option('--systems <names>', `what is measured, in turn: ${systems.join(', ')} (default: ${names.join(',')})`),
    new Option('--clients <number>', 'processes that play the peers (default: one for each core but one, at most 4)'),
    new Option('--json <file>', 'the file to write the figures to'),
    new Option('--profile <folder>', "writes the trackers' CPU profiles there (--cpu-prof); the figures are then lower"),
  ];
}

/**
 * Checks the flags.
 *
 * @throws UsageError naming the flag
 */
export function resolveTrackerOptions(flags: Readonly<Record<string, unknown>>): TrackerOptions {
  const { json, clients, profile, ...options } = checkFlags(schema, flags);
  return {
    ...options,
    clients: clients ?? defaultClientProcesses(),
    jsonPath: json === undefined ? undefined : outputFileOf('--json', json),
    profileFolder: profile,
  };
}
