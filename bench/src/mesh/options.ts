import { availableParallelism } from 'node:os';

import { Option } from 'commander';
import * as z from 'zod';

import { UsageError } from '../errors.js';
import { checkFlags, wholeNumber } from '../flags.js';
import { outputFileOf } from '../output-file.js';
import type { UplinkDistribution } from '../sim/uplinks.js';

/** What the mesh suite does, checked. */
export type MeshOptions = {
  /** Node viewers. */
  readonly peers: number;
  /** Viewers in a Chromium each, beside them. */
  readonly browsers: number;
  /** Length of the run; the first come 1 s after its beginning. */
  readonly seconds: number;
  readonly arrivalSeconds: number;
  readonly processes: number;
  readonly uplink: UplinkDistribution;
  /** Of each Node viewer; undefined: no limit. */
  readonly downlinkKbps: number | undefined;
  readonly rateKbps: number;
  readonly partMs: number;
  readonly height: number;
  readonly input: string;
  readonly playoutMs: number;
  /** Undefined: no limit. */
  readonly originUplinkKbps: number | undefined;
  readonly seed: number;
  readonly jsonPath: string;
  /** Undefined: no page is written. */
  readonly htmlPath: string | undefined;
};

/** Mean uplink over the stream's rate, as the simulator's defaults have it. */
const DEFAULT_UPLINK_RATIO = 4;
/** Links cost most while they are set up: viewers that come at once are more than one machine does that stands for all of theirs. */
const DEFAULT_ARRIVAL_RATIO = 1 / 3;
/** Each process runs some peers; with fewer, one busy peer holds up more others. */
const LEAST_PROCESSES = 2;

const schema = z.object({
  peers: wholeNumber(2, 500).default(50),
  browsers: wholeNumber(0, 2).default(1),
  seconds: wholeNumber(5, 600).default(120),
  arrivalSeconds: wholeNumber(1, 300).optional(),
  processes: wholeNumber(1, 32).optional(),
  uplink: z
    .string()
    .regex(/^(equal:)?\d+(\.\d+)?$/, 'must be a mean in kb/s, or equal:<kb/s>')
    .refine((text) => Number(text.replace('equal:', '')) >= 10, 'must be at least 10 kb/s')
    .optional(),
  downlinkKbps: wholeNumber(100, 1_000_000).optional(),
  rateKbps: wholeNumber(150, 20_000).default(600),
  partMs: wholeNumber(50, 2_000).default(200),
  height: wholeNumber(180, 720).default(180),
  input: z.string().min(1).default('clip'),
  playoutMs: wholeNumber(500, 30_000).default(1_300),
  originUplinkKbps: wholeNumber(100, 1_000_000).optional(),
  seed: wholeNumber(0, 0x7fff_ffff).default(1),
  json: z.string('is needed: the file to write the figures to').min(1, 'must name a file'),
  html: z.string().min(1, 'must name a file').optional(),
});

/** The suite's flags. */
export function meshFlags(): Option[] {
  return [
    new Option('--json <file>', 'the file to write the figures to (needed)'),
    new Option('--html <file>', 'a page that draws the mesh and the simulator together'),
    new Option('--peers <number>', 'viewers in Node, over real WebRTC (default: 50)'),
    new Option('--browsers <number>', 'viewers in a Chromium each beside them, 0 to 2 (default: 1)'),
    new Option('--seconds <s>', 'length of the run (default: 120)'),
    new Option('--arrival-seconds <s>', 'within which they all come (default: a third of --seconds)'),
    new Option('--processes <number>', 'worker processes that the Node viewers share (default: one a core, at least 2)'),
    new Option('--rate-kbps <kbps>', 'rate of the stream, with its sound (default: 600)'),
    new Option('--uplink <kbps>', "the viewers' mean uplink, drawn from four classes; equal:<kbps>: everybody has so much (default: four times the rate)"),
    new Option('--downlink-kbps <kbps>', "each viewer's downlink, which needs --browsers 0 (default: no limit)"),
    new Option('--part-ms <ms>', 'length of a part (default: 200)'),
    new Option('--height <pixels>', 'height of the picture (default: 180)'),
    new Option('--input <what>', 'a media file, testcard or clip (default: clip, the one that comes with P2PTV)'),
    new Option('--playout-ms <ms>', 'playout delay that Node viewers aim at, glass to glass (default: 1300)'),
    new Option('--origin-uplink-kbps <kbps>', "the origin's uplink (default: no limit)"),
    new Option('--seed <number>', 'the same seed draws the same uplinks and arrivals (default: 1)'),
  ];
}

/**
 * Checks the flags.
 *
 * @param flags as commander gives them
 * @throws UsageError naming the flag
 */
export function resolveMeshOptions(flags: Readonly<Record<string, unknown>>): MeshOptions {
  const { json, html, uplink, processes = Math.max(LEAST_PROCESSES, availableParallelism()), ...options } = checkFlags(schema, flags);
  const arrivalSeconds = options.arrivalSeconds ?? Math.floor(options.seconds * DEFAULT_ARRIVAL_RATIO);
  if (arrivalSeconds + 2 > options.seconds) {
    throw new UsageError('--arrival-seconds must be at least 2 s less than --seconds: the last would hardly come.');
  }
  if (options.downlinkKbps !== undefined && options.browsers > 0) {
    throw new UsageError('--downlink-kbps goes with --browsers 0: a Chromium’s line cannot be limited here.');
  }
  return {
    ...options,
    arrivalSeconds,
    downlinkKbps: options.downlinkKbps,
    originUplinkKbps: options.originUplinkKbps,
    uplink: uplinkOf(uplink ?? String(DEFAULT_UPLINK_RATIO * options.rateKbps)),
    processes: Math.min(processes, options.peers),
    jsonPath: outputFileOf('--json', json),
    htmlPath: html === undefined ? undefined : outputFileOf('--html', html),
  };
}

function uplinkOf(text: string): UplinkDistribution {
  return text.startsWith('equal:')
    ? { kind: 'equal', bitsPerSecond: Number(text.slice('equal:'.length)) * 1_000 }
    : { kind: 'mixed', meanBitsPerSecond: Number(text) * 1_000 };
}
