import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import * as z from 'zod';

import { BenchError, UsageError } from '../errors.js';
import { barSchema } from './bars.js';

const scenarioSchema = z.strictObject({
  name: z.string(),
  /** What it is for, a sentence. */
  purpose: z.string(),
  /** Options of a run (options.ts), as the command line has them, in camel case. */
  options: z.record(z.string(), z.unknown()),
  bars: z.array(barSchema).default([]),
});

/** A named run: a file in bench/scenarios. */
export type Scenario = z.infer<typeof scenarioSchema>;

/** From here and from dist/sim alike. */
const FOLDER = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Names of all scenarios. */
export function scenarioNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/**
 * Reads a scenario.
 *
 * @throws UsageError when there is none of that name, BenchError when its file is wrong
 */
export function readScenario(name: string): Scenario {
  const known = scenarioNames();
  if (!known.includes(name)) throw new UsageError(`There is no scenario "${name}": there are ${known.join(', ')}.`);
  const parsed = scenarioSchema.safeParse(JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')));
  if (!parsed.success || parsed.data.name !== name) {
    const issue = parsed.error?.issues[0];
    throw new BenchError(`bench/scenarios/${name}.json is wrong: ${issue ? `${issue.path.join('.')} ${issue.message}` : 'its name is another'}.`);
  }
  return parsed.data;
}
