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

/** What the ingest suite was asked to do, complete and checked. */
export type IngestOptions = {
  readonly jsonPath: string | undefined;
  /** Each way in, one after the other; several channels at once for a while; or a publisher on lines that lose packets. */
  readonly task:
    | { readonly kind: 'ways'; readonly ways: readonly WayIn[]; readonly rounds: number }
    | { readonly kind: 'channels'; readonly channels: number; readonly seconds: number }
    | { readonly kind: 'lossy'; readonly lossPercent: readonly number[]; readonly seconds: number };
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
  seconds: wholeNumber(10, 86_400).optional(),
  json: z.string().min(1, 'must name a file').optional(),
});

/** The suite's flags. */
export function ingestFlags(): Option[] {
  return [
    new Option('--ways <names>', `ways in, with commas (default: ${NAMES.join(',')})`),
    new Option('--rounds <number>', `how often each is measured; figures are medians (default: ${DEFAULT_ROUNDS})`),
    new Option('--channels <number>', 'instead: so many channels at once, each with a ladder of 180 and 90 lines, whether all keep up and memory stays'),
    new Option('--loss-percent <numbers>', 'instead: a page that publishes over lines that lose so many packets in a hundred, rising, with commas'),
    new Option('--seconds <s>', `how long channels run, after a minute in which windows fill (default: ${DEFAULT_SECONDS}), or each line (default: ${DEFAULT_LOSSY_SECONDS})`),
    new Option('--json <file>', 'the file to write the figures to'),
  ];
}

/**
 * Checks the flags.
 *
 * @throws UsageError naming the flag
 */
export function resolveIngestOptions(flags: Readonly<Record<string, unknown>>): IngestOptions {
  const { ways, rounds, channels, lossPercent, seconds, json } = checkFlags(schema, flags);
  if (channels !== undefined && lossPercent !== undefined) throw new UsageError('--channels and --loss-percent are two measurements: give one.');
  if (lossPercent !== undefined && (ways !== undefined || rounds !== undefined)) throw new UsageError('--loss-percent is another measurement: leave out --ways and --rounds, or --loss-percent.');
  if (channels !== undefined && (ways !== undefined || rounds !== undefined)) throw new UsageError('--channels is another measurement: leave out --ways and --rounds, or --channels.');
  if (channels === undefined && lossPercent === undefined && seconds !== undefined) throw new UsageError('--seconds belongs to --channels or --loss-percent: give it with one of them.');
  const jsonPath = json === undefined ? undefined : outputFileOf('--json', json);
  if (channels !== undefined) return { jsonPath, task: { kind: 'channels', channels, seconds: seconds ?? DEFAULT_SECONDS } };
  if (lossPercent !== undefined) return { jsonPath, task: { kind: 'lossy', lossPercent, seconds: seconds ?? DEFAULT_LOSSY_SECONDS } };
  return { jsonPath, task: { kind: 'ways', ways: WAYS.filter(({ name }) => ways?.includes(name) ?? true), rounds: rounds ?? DEFAULT_ROUNDS } };
}
