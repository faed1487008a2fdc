import { Option } from 'commander';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { checkFlags, risingNumbers, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';
import { WAYS } from './ways/registry.js';
import type { WayIn } from './ways/way.js';

const NAMES = WAYS.map(({ name }) => name);
const DEFAULT_ROUNDS = 5;
const DEFAULT_SECONDS = 60;
const DEFAULT_LOSSY_SECONDS = 20;
const DEFAULT_AV_SYNC_SECONDS = 30;

/** What the ingest suite was asked to do, complete and checked. */
export type IngestOptions = {
  readonly jsonPath: string | undefined;
  /** Each way in, one after the other; several channels at once for a while; a publisher on lines that lose packets; or sound against picture on each way in. */
  readonly task:
    | { readonly kind: 'ways'; readonly ways: readonly WayIn[]; readonly rounds: number }
    | { readonly kind: 'channels'; readonly channels: number; readonly seconds: number }
    | { readonly kind: 'lossy'; readonly lossPercent: readonly number[]; readonly seconds: number }
    | { readonly kind: 'avSync'; readonly ways: readonly WayIn[]; readonly seconds: number };
};

const schema = z.object({
  ways: z
    .string()
    .transform((text) => text.split(','))
    .refine((given) => given.every((name) => NAMES.includes(name)) && new Set(given).size === given.length, `must name some of ${NAMES.join(', ')}, each once, with commas`)
    .optional(),
  rounds: wholeNumber(1, 100).optional(),
  channels: wholeNumber(1, 16).optional(),
  lossPercent: risingNumbers(0, 50).optional(),
  avSync: z.boolean().optional(),
  seconds: wholeNumber(10, 86_400).optional(),
  json: z.string().min(1, 'must name a file').optional(),
});

/** The suite's flags. */
export function ingestFlags(): Option[] {
  return [
    new Option('--ways <names>', `ways in, with commas (default: ${NAMES.join(',')})`),
    new Option('--rounds <number>', `how often each is measured; figures are medians (default: ${DEFAULT_ROUNDS})`),
    new Option('--channels <number>', 'instead: so many channels at once, each with a ladder of 180 and 90 lines, whether all keep up and memory stays'),
    new Option('--loss-percent <numbers>', 'instead: the studio over lines that lose so many packets in a hundred, rising, with commas'),
    new Option('--av-sync', 'instead: how far apart sound and picture are published on each way in, by a flash and a beep'),
    new Option('--seconds <s>', `how long channels run, after two minutes in which windows fill (default: ${DEFAULT_SECONDS}), each line (default: ${DEFAULT_LOSSY_SECONDS}), or each way in with --av-sync (default: ${DEFAULT_AV_SYNC_SECONDS}; from 90 on its drift is told)`),
    new Option('--json <file>', 'the file to write the figures to'),
  ];
}

/**
 * Checks the flags.
 *
 * @throws UsageError naming the flag
 */
export function resolveIngestOptions(flags: Readonly<Record<string, unknown>>): IngestOptions {
  const { ways, rounds, channels, lossPercent, avSync, seconds, json } = checkFlags(schema, flags);
  const [kind, other] = [channels === undefined ? undefined : '--channels', lossPercent === undefined ? undefined : '--loss-percent', avSync === true ? '--av-sync' : undefined].filter((flag) => flag !== undefined);
  if (other !== undefined) throw new UsageError(`${kind} and ${other} are two measurements: give one.`);
  if (kind !== undefined && kind !== '--av-sync' && (ways !== undefined || rounds !== undefined)) throw new UsageError(`${kind} is another measurement: leave out --ways and --rounds, or ${kind}.`);
  if (kind === '--av-sync' && rounds !== undefined) throw new UsageError('--av-sync has no rounds: leave out --rounds, or --av-sync.');
  if (kind === undefined && seconds !== undefined) throw new UsageError('--seconds belongs to --channels, --loss-percent or --av-sync: give it with one of them.');
  const jsonPath = json === undefined ? undefined : outputFileOf('--json', json);
  if (channels !== undefined) return { jsonPath, task: { kind: 'channels', channels, seconds: seconds ?? DEFAULT_SECONDS } };
  if (lossPercent !== undefined) return { jsonPath, task: { kind: 'lossy', lossPercent, seconds: seconds ?? DEFAULT_LOSSY_SECONDS } };
  const chosen = WAYS.filter(({ name }) => ways?.includes(name) ?? true);
  if (avSync === true) return { jsonPath, task: { kind: 'avSync', ways: chosen, seconds: seconds ?? DEFAULT_AV_SYNC_SECONDS } };
  return { jsonPath, task: { kind: 'ways', ways: chosen, rounds: rounds ?? DEFAULT_ROUNDS } };
}
