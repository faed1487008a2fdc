import { Option } from 'commander';
import { MECHANISMS, type Mechanism } from '@p2ptv/peer/engine';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { FIRST_KILL_MS, FLASH_AT_MS } from './population.js';
import type { SimConfig } from './sim-config.js';
import { isStrategyName, STRATEGY_NAMES, type StrategyName } from './strategies/registry.js';

/** What a scenario's file or the command line says: the flags in camel case, as text or as JSON has them. */
export type RawSimOptions = Readonly<Record<string, unknown>>;

/** A run's configuration, and who runs it. */
export type ResolvedSimOptions = { readonly config: SimConfig; readonly strategies: readonly StrategyName[] };

/** A run has no more at a time: what the memory of a machine holds. */
const MOST_VIEWERS = 200_000;
/** As people write one. */
const NUMBER = String.raw`(?:\d+(?:\.\d+)?|\.\d+)`;

const number = (least: number, most: number): z.ZodType<number> =>
  z
    // Of text only what is a number: no text at all would be 0.
    .union([z.number(), z.string().regex(/\S/)], `must be a number from ${least} to ${most}`)
    .pipe(z.coerce.number<number | string>(`must be a number from ${least} to ${most}`).min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));
const whole = (least: number, most: number): z.ZodType<number> =>
  number(least, most).refine(Number.isInteger, 'must be a whole number');
const pair = (pattern: string, least: readonly [number, number]): z.ZodType<readonly [number, number], string> =>
  z
    .string(`must be ${pattern}`)
    .regex(new RegExp(`^${NUMBER}[:-]${NUMBER}$`), `must be ${pattern}`)
    .transform((text) => text.split(/[:-]/).map(Number) as [number, number])
    .refine(([one, other]) => one >= least[0] && other >= least[1], `must be ${pattern}`);
const shareOf = (what: string, least: number): z.ZodType<readonly [number, number], string> =>
  pair(`share:${what}`, [0, least]).refine(([share]) => share <= 1, 'begins with a share, which is at most 1');
const stretch = pair('from:to, in seconds', [0, 0]).refine(([from, to]) => from < to, 'must end after it begins');
const names = <Name extends string>(known: readonly Name[]): z.ZodType<readonly Name[]> =>
  z
    .string()
    .transform((text) => text.split(',').filter((name) => name !== ''))
    .refine((given) => given.every((name) => (known as readonly string[]).includes(name)), `must name some of ${known.join(', ')}, with commas`)
    .transform((given) => given as Name[]);
const flag = z.union([z.boolean(), z.stringbool()]);

const schema = z.strictObject({
  viewers: whole(1, MOST_VIEWERS).default(100),
  seconds: number(1, 86_400).default(60),
  rateKbps: number(50, 100_000).default(3_000),
  renditions: whole(1, 6).default(1),
  switchSeconds: number(1, 3_600).optional(),
  downlinkKbps: number(100, 1e9).optional(),
  slowDownlinks: shareOf('kbps', 50).optional(),
  slowDuring: stretch.optional(),
  partMs: whole(50, 2_000).default(200),
  uplink: z
    .union([z.number(), z.string()])
    .transform(String)
    .refine((text) => new RegExp(`^(equal:)?${NUMBER}$`).test(text), 'must be a mean in kb/s, or equal:<kb/s>')
    .refine((text) => Number(text.replace('equal:', '')) > 0, 'must be more than 0: who sends nothing is a free rider')
    .default('12000'),
  delayMs: z
    .union([z.number(), z.string()])
    .transform((value) => (new RegExp(`^${NUMBER}$`).test(String(value)) ? `${value}-${value}` : String(value)))
    .pipe(pair('ms, or least-most', [0, 0]))
    .refine(([least, most]) => least <= most, 'begins with the least')
    .default([8, 60]),
  linkSetupMs: number(0, 10_000).default(0),
  loss: number(0, 0.5).default(0),
  lossCongestion: flag.default(false),
  churn: number(1, 86_400).optional(),
  flash: pair('factor:seconds', [1, 0.1]).optional(),
  kill: shareOf('every s', 0.1).optional(),
  unreachable: number(0, 0.95).default(0),
  freeRiders: number(0, 0.95).default(0),
  polluters: number(0, 0.9).default(0),
  originUplinkKbps: number(100, 1e9).optional(),
  originOutage: stretch.optional(),
  trackerOutage: stretch.optional(),
  playoutMs: number(400, 30_000).default(1_300),
  captureToPublishMs: number(0, 10_000).default(300),
  arrivalSeconds: number(0.1, 3_600).optional(),
  vod: flag.default(false),
  recordingSeconds: number(20, 86_400).default(600),
  seekers: number(0, 1).default(0.3),
  strategy: z
    .string()
    .transform((text) => text.split(','))
    .refine((given) => given.every(isStrategyName), `must name some of ${STRATEGY_NAMES.join(', ')}, with commas`)
    .refine((given) => new Set(given).size === given.length, 'names one twice')
    .transform((given) => given.filter(isStrategyName))
    .default(['p2ptv']),
  disable: names<Mechanism>(MECHANISMS).default([]),
  codec: flag.default(false),
  seed: whole(0, 0x7fff_ffff).default(1),
});

/** Names of the options that a run has, as they stand in scenario files. */
export const SIM_OPTION_NAMES: readonly string[] = Object.keys(schema.shape);

/** The run's flags; what a scenario's file says they override. */
export function simFlags(): Option[] {
  return [
    new Option('--viewers <number>', 'how many watch (default: 100)'),
    new Option('--seconds <s>', 'length of the run in simulated time; steady figures count from 10 s after each join (default: 60)'),
    new Option('--rate-kbps <kbps>', 'rate of the stream, of its best rendition (default: 3000)'),
    new Option('--renditions <number>', 'how many, each with half the rate of the one before; the engine’s rule chooses, beginning with the least (default: 1)'),
    new Option('--switch-seconds <s>', 'so often, on average, every viewer changes to another rendition that it draws; the rule is off then'),
    new Option('--slow-downlinks <share:kbps>', 'share of viewers whose downlink carries only so much'),
    new Option('--slow-during <from:to>', 'when it is that slow, seconds of the run (default: always)'),
    new Option('--part-ms <ms>', 'length of a part, which is a chunk (default: 200)'),
    new Option('--uplink <kbps>', "the viewers' mean uplink, drawn from four classes; equal:<kbps>: everybody has so much (default: 12000)"),
    new Option('--downlink-kbps <kbps>', "each viewer's downlink (default: 50000, or four times its uplink if that is more)"),
    new Option('--delay-ms <ms>', 'one way between two peers: a number, or least-most (default: 8-60)'),
    new Option('--link-setup-ms <ms>', 'what two computers take to set a link up, beside its round trips (default: 0)'),
    new Option('--loss <share>', 'share of packets lost (default: 0)'),
    new Option('--loss-congestion', 'each lost packet halves its window, as SCTP takes it: some 1.5 Mb/s a link at 2 %'),
    new Option('--churn <s>', 'median session; whoever leaves is replaced'),
    new Option('--kill <share:every s>', 'so many die without a word every so often, and as many come'),
    new Option('--flash <factor:seconds>', 'from 15 s on the audience grows to so many times its size within so long'),
    new Option('--unreachable <share>', 'share of pairs that cannot be linked (default: 0)'),
    new Option('--free-riders <share>', 'share of viewers that upload nothing (default: 0)'),
    new Option('--polluters <share>', 'share of viewers that alter what they send (default: 0)'),
    new Option('--origin-uplink-kbps <kbps>', "the origin's uplink, kept to by the real origin's budget (default: no limit)"),
    new Option('--origin-outage <from:to>', 'the origin is cut off, seconds of the run'),
    new Option('--tracker-outage <from:to>', 'the tracker is cut off, seconds of the run'),
    new Option('--playout-ms <ms>', 'playout delay that players aim at, glass to glass (default: 1300)'),
    new Option('--capture-to-publish-ms <ms>', "what of it passes before a part is published (default: 300)"),
    new Option('--arrival-seconds <s>', 'within which the first viewers come (default: 3; with --vod half the run)'),
    new Option('--vod', 'a recording on demand: --viewers come in all, at random, most to its beginning, the others anywhere'),
    new Option('--recording-seconds <s>', 'its length (default: 600)'),
    new Option('--seekers <share>', 'share of its viewers that go to a random place, once and within a minute (default: 0.3)'),
    new Option('--strategy <names>', `who decides, in this order: ${STRATEGY_NAMES.join(', ')} (default: p2ptv)`),
    new Option('--disable <mechanisms>', `what of the engine is switched off: ${MECHANISMS.join(', ')}`),
    new Option('--codec', 'really encode and decode every message: slow, and proof that it makes no difference'),
    new Option('--seed <number>', 'the same seed gives the same run (default: 1)'),
  ];
}

/**
 * Checks options, those of the command line before those of a scenario.
 *
 * @throws UsageError naming the option
 */
export function resolveSimOptions(...given: readonly RawSimOptions[]): ResolvedSimOptions {
  const merged = Object.assign({}, ...given) as Record<string, unknown>;
  const known = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse(known);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0];
    throw new UsageError(`${flagOf(String(name))} ${issue?.code === 'unrecognized_keys' ? 'is no option' : (issue?.message ?? 'is wrong')}.`);
  }
  const options = parsed.data;
  const { uplink, downlinkKbps, originUplinkKbps, kill, flash, slowDownlinks } = options;
  const config: SimConfig = {
    viewers: options.viewers,
    seconds: options.seconds,
    rateBitsPerSecond: options.rateKbps * 1_000,
    renditions: options.renditions,
    switchSeconds: options.switchSeconds,
    slowDownlinks: slowDownlinks && {
      ratio: slowDownlinks[0],
      bitsPerSecond: slowDownlinks[1] * 1_000,
      during: stretchOf(options.slowDuring) ?? { fromSeconds: 0, toSeconds: Infinity },
    },
    partMs: options.partMs,
    gopMs: Math.max(1_000, options.partMs),
    segmentMs: Math.max(2_000, options.partMs),
    uplink: uplink.startsWith('equal:')
      ? { kind: 'equal', bitsPerSecond: Number(uplink.slice('equal:'.length)) * 1_000 }
      : { kind: 'mixed', meanBitsPerSecond: Number(uplink) * 1_000 },
    downlinkBitsPerSecond: downlinkKbps === undefined ? undefined : downlinkKbps * 1_000,
    delayMs: { least: options.delayMs[0], most: options.delayMs[1] },
    linkSetupMs: options.linkSetupMs,
    lossRatio: options.loss,
    isLossCongestion: options.lossCongestion,
    unreachableRatio: options.unreachable,
    originUplinkBitsPerSecond: originUplinkKbps === undefined ? undefined : originUplinkKbps * 1_000,
    originOutage: stretchOf(options.originOutage),
    trackerOutage: stretchOf(options.trackerOutage),
    playoutMs: options.playoutMs,
    captureToPublishMs: options.captureToPublishMs,
    arrivalSeconds: options.arrivalSeconds ?? (options.vod ? options.seconds / 2 : 3),
    onDemand: options.vod ? { recordingSeconds: options.recordingSeconds, seekRatio: options.seekers } : undefined,
    churnMedianSeconds: options.churn,
    kill: kill && { ratio: kill[0], everySeconds: kill[1] },
    flash: flash && { factor: flash[0], seconds: flash[1] },
    freeRiderRatio: options.freeRiders,
    polluterRatio: options.polluters,
    disabled: options.disable,
    isCodecRun: options.codec,
    seed: options.seed,
  };
  if (config.playoutMs <= config.captureToPublishMs) {
    throw new UsageError('--playout-ms must exceed --capture-to-publish-ms: nothing is played before it is published.');
  }
  refuseAlone(options, known);
  refuseLate(options, known);
  const stranger = options.strategy.find((name) => name !== 'p2ptv');
  if (config.renditions > 1 && stranger !== undefined) throw new UsageError(`--strategy ${stranger} knows one rendition only: --renditions goes with p2ptv.`);
  if (options.vod) refuseLive(options, known);
  return { config, strategies: options.strategy };
}

type Options = z.infer<typeof schema>;
type OptionName = keyof Options;

/** @throws UsageError: an option that would change nothing, because it is about another one that is not there */
function refuseAlone(options: Options, given: RawSimOptions): void {
  const pairs: readonly [option: OptionName, goesWith: OptionName, isThere: boolean][] = [
    ['slowDuring', 'slowDownlinks', options.slowDownlinks !== undefined],
    ['switchSeconds', 'renditions', options.renditions > 1],
    ['lossCongestion', 'loss', options.loss > 0],
    ['recordingSeconds', 'vod', options.vod],
    ['seekers', 'vod', options.vod],
  ];
  for (const [option, goesWith, isThere] of pairs) {
    if (isThere || given[option] === undefined || given[option] === false) continue;
    throw new UsageError(`${flagOf(option)} goes with ${flagOf(goesWith)}: alone it changes nothing.`);
  }
  if (options.disable.length > 0 && !options.strategy.includes('p2ptv')) {
    throw new UsageError(`--disable switches mechanisms of p2ptv off: --strategy ${options.strategy.join(',')} has none.`);
  }
}

/** @throws UsageError: what would happen after the run's end, or a crowd that no run holds */
function refuseLate({ seconds, viewers, flash, ...options }: Options, given: RawSimOptions): void {
  const begins: readonly [option: OptionName, fromSeconds: number | undefined][] = [
    ['originOutage', options.originOutage?.[0]],
    ['trackerOutage', options.trackerOutage?.[0]],
    ['slowDuring', options.slowDuring?.[0]],
    ['kill', options.kill && FIRST_KILL_MS / 1_000],
    ['flash', flash && FLASH_AT_MS / 1_000],
  ];
  for (const [option, fromSeconds] of begins) {
    if (fromSeconds !== undefined && fromSeconds >= seconds) throw new UsageError(`${flagOf(option)} begins at ${fromSeconds} s: a run of ${seconds} s is over by then.`);
  }
  // By default they may: a run of a second or two is a look at how things begin.
  if (given['arrivalSeconds'] !== undefined && (options.arrivalSeconds ?? 0) >= seconds) {
    throw new UsageError(`--arrival-seconds must be less than the run's ${seconds} s: else some never come.`);
  }
  if (flash && viewers * flash[0] > MOST_VIEWERS) throw new UsageError(`--flash makes ${Math.round(viewers * flash[0])} viewers of ${viewers}: there may be ${MOST_VIEWERS}.`);
}

/** @throws UsageError: what is about a live stream says nothing about a recording */
function refuseLive(options: Options, given: RawSimOptions): void {
  const other = options.strategy.find((name) => name !== 'p2ptv');
  if (other !== undefined) throw new UsageError(`--strategy ${other} knows no recordings: with --vod there is only p2ptv.`);
  if (options.renditions > 1) throw new UsageError('--renditions does not go with --vod: a recording is simulated in one.');
  for (const name of ['churn', 'kill', 'flash', 'originOutage', 'trackerOutage', 'playoutMs', 'captureToPublishMs'] as const) {
    if (given[name] !== undefined) throw new UsageError(`${flagOf(name)} does not go with --vod.`);
  }
}

function stretchOf(seconds: readonly [number, number] | undefined): SimConfig['originOutage'] {
  return seconds && { fromSeconds: seconds[0], toSeconds: seconds[1] };
}

/** An option as the command line has it: `--part-ms` of `partMs`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
