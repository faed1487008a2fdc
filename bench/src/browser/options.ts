import { Option } from 'commander';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { checkFlags, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';
import { isScenarioName, SCENARIOS, scenarioOf, type ScenarioName } from './scenarios/registry.js';
import { isSystemName, SYSTEMS, type SystemName } from './systems/registry.js';

/**
 * Not a whole number of GOPs (1 s) or parts (200 ms): with 1000 every viewer would click at the same
 * point of the GOP, and the first one's luck would be everybody's. Four viewers 1250 ms apart click
 * at four points evenly spread over both.
 */
const DEFAULT_STAGGER_MS = 1250;

const scenarioNames = Object.keys(SCENARIOS);
const systemNames = Object.keys(SYSTEMS);
/** Enough for a quick look. */
const DEFAULT_SYSTEMS: readonly SystemName[] = ['p2ptv', 'hlsjs'];

/** What each viewer's line carries. */
export type LineOptions = {
  /** Undefined: {@link DEFAULT_UPLINK_RATIO} times what the stream takes. */
  readonly uplinkKbps: number | undefined;
  /** Undefined: as much of what the stream takes as the scenario says. */
  readonly downlinkKbps: number | undefined;
  /** Whether each has a router with network address translation. */
  readonly hasNat: boolean;
};

/** An uplink that carries one copy of the stream, and half of another: what the bar is set for. */
export const DEFAULT_UPLINK_RATIO = 1.5;
/** Far more than any stream takes here. */
const DEFAULT_DOWNLINK_KBPS = 50_000;

/** What the browser suite was asked to do, complete and checked. */
export type BrowserOptions = {
  readonly viewers: number;
  /** How long each viewer watches, s. */
  readonly seconds: number;
  readonly partMs: number;
  /** In the order in which they run first; each round begins with the next one. */
  readonly systems: readonly SystemName[];
  /** What happens while they are watched. */
  readonly scenario: ScenarioName;
  /** The viewers' lines; undefined: they are not limited. */
  readonly lines: LineOptions | undefined;
  readonly jsonPath: string;
  /** Undefined: no page is written. */
  readonly htmlPath: string | undefined;
  /** How often each system is measured. */
  readonly rounds: number;
  /** How often each viewer clicks in a round, where the scenario ends with visits: to watch, and then for its startup alone. */
  readonly starts: number;
  /** As the origin takes it: `clip`, `testcard` or a file. */
  readonly input: string;
  /** Height of the picture, pixels. */
  readonly height: number;
  /** From one viewer's click to the next one's, ms. */
  readonly staggerMs: number;
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
  scenario: z
    .string()
    .refine(isScenarioName, { message: `must be one of ${scenarioNames.join(', ')}` })
    .default('steady'),
  shape: z.boolean().default(false),
  nat: z.boolean().default(false),
  uplinkKbps: wholeNumber(100, 1_000_000).optional(),
  downlinkKbps: wholeNumber(100, 1_000_000).optional(),
  json: z.string('is needed: the file to write the figures to').min(1, 'must name a file'),
  html: z.string().min(1, 'must name a file').optional(),
  rounds: wholeNumber(1, 50).default(1),
  starts: wholeNumber(1, 20).default(3),
  input: z.string().min(1).default('clip'),
  height: wholeNumber(180, 720).default(360),
  staggerMs: wholeNumber(0, 60_000).default(DEFAULT_STAGGER_MS),
});

/** The suite's flags. */
export function browserFlags(): Option[] {
  const systems = Object.entries(SYSTEMS).map(([name, { summary }]) => `\n  ${name}: ${summary}`);
  const scenarios = Object.entries(SCENARIOS).map(([name, { summary }]) => `\n  ${name}: ${summary}`);
  return [
    new Option('--json <file>', 'the file to write the figures to (needed)'),
    new Option('--html <file>', 'a page with pictures of the figures and of the players'),
    new Option('--viewers <number>', 'how many watch at once, a browser process each (default: 4)'),
    new Option('--seconds <s>', 'how long each of them watches (default: 60)'),
    new Option('--part-ms <ms>', 'length of a part (default: 200)'),
    new Option('--rounds <number>', 'how often each system is measured, in turn, each round beginning with the next one; 3 or more for figures to rely on (default: 1)'),
    new Option('--starts <number>', 'how often each viewer begins in a round: once to watch, and then again in a fresh profile, for its startup alone; in steady and shape (default: 3)'),
    new Option('--systems <names>', `what is measured, in this order (default: ${DEFAULT_SYSTEMS.join(',')}), or all:${systems.join('')}\n`),
    new Option('--scenario <name>', `what happens meanwhile (default: steady):${scenarios.join('')}\n`),
    new Option('--shape', 'each viewer has a limited line of its own, in any scenario (root on Linux)'),
    new Option('--uplink-kbps <kb/s>', `with --shape: what each viewer may send (default: ${DEFAULT_UPLINK_RATIO} times the stream's rate)`),
    new Option('--downlink-kbps <kb/s>', `with --shape: what each viewer may receive (default: ${DEFAULT_DOWNLINK_KBPS}; in abr twice the stream's rate)`),
    new Option('--nat', 'with --shape: each viewer is behind a router that translates addresses'),
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
  const { json, html, scenario: named, shape, nat, uplinkKbps, downlinkKbps, ...rest } = checkFlags(schema, flags);
  // Steady on limited lines has a name, and bars, of its own.
  const options = { ...rest, scenario: shape && named === 'steady' ? ('shape' as const) : named };
  const scenario = scenarioOf(options.scenario);
  const isShaped = shape || scenario.isShaped === true;
  const [idle] = [nat && '--nat', uplinkKbps !== undefined && '--uplink-kbps', downlinkKbps !== undefined && '--downlink-kbps'].filter((flag) => flag !== false);
  if (!isShaped && idle !== undefined) throw new UsageError(`${idle} is about the viewers’ lines: it goes with --shape.`);
  if ((options.viewers - 1) * options.staggerMs >= options.seconds * 1000) {
    throw new UsageError('The last viewer would come after the first has left: raise --seconds, or lower --stagger-ms.');
  }
  const problem = scenario.problem?.(options);
  if (problem !== undefined) throw new UsageError(`${problem}.`);
  if (scenario.recordedSeconds && options.input === 'testcard') throw new UsageError(`${options.scenario} records a file: --input clip, or a media file.`);
  return {
    ...options,
    lines: isShaped ? { uplinkKbps, downlinkKbps: downlinkKbps ?? (scenario.downlinkRatio === undefined ? DEFAULT_DOWNLINK_KBPS : undefined), hasNat: nat } : undefined,
    jsonPath: outputFileOf('--json', json),
    htmlPath: html === undefined ? undefined : outputFileOf('--html', html),
  };
}
