import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { Option } from 'commander';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { isSystemName, SYSTEMS, type SystemName } from './systems/registry.js';

/**
 * Not a whole number of GOPs (1 s) or parts (200 ms): with 1000 every viewer would click at the same
 * point of the GOP, and the first one's luck would be everybody's. Four viewers 1250 ms apart click
 * at four points evenly spread over both.
 */
const DEFAULT_STAGGER_MS = 1250;

const systemNames = Object.keys(SYSTEMS);
/** Enough for a quick look. */
const DEFAULT_SYSTEMS: readonly SystemName[] = ['p2ptv', 'hlsjs'];

/** What the browser suite was asked to do, complete and checked. */
export type BrowserOptions = {
  readonly viewers: number;
  /** How long each viewer watches, s. */
  readonly seconds: number;
  readonly partMs: number;
  /** In the order in which they run first; each round begins with the next one. */
  readonly systems: readonly SystemName[];
  readonly jsonPath: string;
  /** Undefined: no page is written. */
  readonly htmlPath: string | undefined;
  /** How often each system is measured. */
  readonly rounds: number;
  /** As the origin takes it: `clip`, `testcard` or a file. */
  readonly input: string;
  /** Height of the picture, pixels. */
  readonly height: number;
  /** From one viewer's click to the next one's, ms. */
  readonly staggerMs: number;
};

const wholeNumber = (least: number, most: number): z.ZodType<number> => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d{1,7}$/, message).transform(Number).refine((value) => value >= least && value <= most, message);
};

const schema = z.object({
  viewers: wholeNumber(1, 64).default(4),
  seconds: wholeNumber(5, 3600).default(60),
  partMs: wholeNumber(50, 2000).default(200),
  systems: z
    .string()
    .transform((text) => text.split(','))
    .transform((names) => (names.length === 1 && names[0] === 'all' ? systemNames : names))
    .refine((names) => names.every(isSystemName) && new Set(names).size === names.length, {
      message: `must be all, or name some of ${systemNames.join(', ')}, each once, with commas`,
    })
    .transform((names) => names.filter(isSystemName))
    .default([...DEFAULT_SYSTEMS]),
  json: z.string('is needed: the file to write the figures to').min(1, 'must name a file'),
  html: z.string().min(1, 'must name a file').optional(),
  rounds: wholeNumber(1, 50).default(1),
  input: z.string().min(1).default('clip'),
  height: wholeNumber(180, 720).default(360),
  staggerMs: wholeNumber(0, 60_000).default(DEFAULT_STAGGER_MS),
});

/** The suite's flags. */
export function browserFlags(): Option[] {
  const systems = Object.entries(SYSTEMS).map(([name, { summary }]) => `\n  ${name}: ${summary}`);
  return [
    new Option('--json <file>', 'the file to write the figures to (needed)'),
    new Option('--html <file>', 'a page with pictures of the figures and of the players'),
    new Option('--viewers <number>', 'how many watch at once, a browser process each (default: 4)'),
    new Option('--seconds <s>', 'how long each of them watches (default: 60)'),
    new Option('--part-ms <ms>', 'length of a part (default: 200)'),
    new Option('--rounds <number>', 'how often each system is measured, in turn, each round beginning with the next one; 3 or more for figures to rely on (default: 1)'),
    new Option('--systems <names>', `what is measured, in this order (default: ${DEFAULT_SYSTEMS.join(',')}), or all:${systems.join('')}\n`),
    new Option('--stagger-ms <ms>', "from one viewer's click to the next one's (default: 1250)"),
    new Option('--height <pixels>', 'height of the picture (default: 360)'),
    new Option('--input <what>', 'a media file, testcard or clip (default: clip, the one that comes with P2PTV)'),
  ];
}

/**
 * Checks the flags.
 *
 * @param flags as commander gives them
 * @throws UsageError naming the flag
 */
export function resolveBrowserOptions(flags: Readonly<Record<string, unknown>>): BrowserOptions {
  const parsed = schema.safeParse(flags);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? '');
    const given = flags[name];
    const value = typeof given === 'string' ? `, not "${given}"` : '';
    throw new UsageError(`--${kebabCase(name)} ${issue?.message ?? 'is wrong'}${value}.`);
  }
  const { json, html, ...options } = parsed.data;
  if ((options.viewers - 1) * options.staggerMs >= options.seconds * 1000) {
    throw new UsageError('The last viewer would come after the first has left: raise --seconds, or lower --stagger-ms.');
  }
  return {
    ...options,
    jsonPath: writablePath('--json', json),
    htmlPath: html === undefined ? undefined : writablePath('--html', html),
  };
}

/** Found out now, not after minutes of measuring. */
function writablePath(flag: string, path: string): string {
  const file = resolve(path);
  if (!existsSync(dirname(file))) throw new UsageError(`The folder of ${flag} ${path} does not exist.`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`${flag} ${path} is a folder: name a file.`);
  return file;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
