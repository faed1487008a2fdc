import { Option } from 'commander';
import * as z from 'zod';

import { checkFlags, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';

/** What the catalogue suite was asked to do, complete and checked. */
export type CatalogueOptions = {
  /** Recordings in the catalogue. */
  readonly recordings: number;
  /** Searches of each kind. */
  readonly searches: number;
  readonly jsonPath: string | undefined;
};

const schema = z.object({
  recordings: wholeNumber(100, 1_000_000).default(10_000),
  searches: wholeNumber(10, 100_000).default(300),
  json: z.string().min(1, 'must name a file').optional(),
});

/** The suite's flags. */
export function catalogueFlags(): Option[] {
  return [
    new Option('--recordings <number>', 'recordings that are searched (default: 10000)'),
    new Option('--searches <number>', 'searches of each kind (default: 300)'),
    new Option('--json <file>', 'the file to write the figures to'),
  ];
}

/**
 * Checks the flags.
 *
 * @throws UsageError naming the flag
 */
export function resolveCatalogueOptions(flags: Readonly<Record<string, unknown>>): CatalogueOptions {
  const { json, ...options } = checkFlags(schema, flags);
  return { ...options, jsonPath: json === undefined ? undefined : outputFileOf('--json', json) };
}
