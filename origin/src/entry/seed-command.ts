import { join } from 'node:path';

import { MIN_UPLOAD_CAP_BITS_PER_SECOND, type KeptStats, type UploadPolicy } from '@p2ptv/peer';
import { isStreamLink, parseStreamLink, type StreamLink } from '@p2ptv/protocol';
import { Option } from 'commander';
import * as z from 'zod';

import { Volunteer, type VolunteerOptions } from '../seed/volunteer.js';
import { createLogger } from './logging.js';
import { untilStopped } from './stop-signals.js';
import { CommandError, UsageError } from './usage-error.js';

const STATUS_EVERY_MS = 10_000;

const MIN_UPLOAD_KBPS = MIN_UPLOAD_CAP_BITS_PER_SECOND / 1000;
const UPLOAD_PROBLEM = `--upload-kbps must be a whole number from ${MIN_UPLOAD_KBPS} to 9999999`;

const KEEP_PROBLEM = '--keep-gb must be a number from 0.1 to 99999';

const flagsSchema = z.object({
  uploadKbps: z
    .string()
    .regex(/^\d{1,7}$/, UPLOAD_PROBLEM)
    .transform(Number)
    .refine((kbps) => kbps >= MIN_UPLOAD_KBPS, UPLOAD_PROBLEM)
    .optional(),
  fillKbps: z.string().regex(/^[1-9]\d{0,6}$/, '--fill-kbps must be a whole number from 1 to 9999999').transform(Number).default(8000),
  keepGb: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,3})?$/, KEEP_PROBLEM)
    .transform(Number)
    .refine((gigabytes) => gigabytes >= 0.1, KEEP_PROBLEM)
    .default(10),
  data: z.string().min(1, '--data must name a folder').default('./seeds'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent'], '--log-level must be debug, info, warn, error or silent').default('info'),
  logFormat: z.enum(['text', 'json'], '--log-format must be text or json').default('text'),
});

/** The flags of `seed`. */
export function seedFlags(): Option[] {
  return [
    new Option('--upload-kbps <kb/s>', `never send more than this, at least ${MIN_UPLOAD_KBPS} (default: no limit)`),
    new Option('--data <folder>', 'where recordings are kept, a folder in it for each stream (default: ./seeds)'),
    new Option('--keep-gb <gigabytes>', 'the most that is kept of one stream, at least 0.1 (default: 10)'),
    new Option('--fill-kbps <kb/s>', 'how fast a recording is got, to be kept (default: 8000)'),
    new Option('--log-level <level>', 'debug, info, warn, error or silent (default: info)'),
    new Option('--log-format <format>', 'text or json (default: text)'),
  ];
}

/** Serves a stream's viewers as a volunteer, without a screen, until a signal stops it; a recording is kept whole, and of a channel the newest. */
export async function runSeed(linkText: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const parsed = flagsSchema.safeParse(flags);
  if (!parsed.success) throw new UsageError(`${parsed.error.issues[0]?.message ?? 'A flag is wrong'}: see --help.`);
  const { logLevel, logFormat } = parsed.data;
  const link = parseStreamLink(linkText);
  if (!isStreamLink(link)) throw new UsageError(`${link.problem} Copy the whole link that the origin prints, in quotes.`);
  const logger = createLogger({ 'log-level': logLevel, 'log-format': logFormat });
  const volunteer = await openVolunteer(link, parsed.data, logger);
  const status = setInterval(() => {
    const { neighbours, sentBytes, verifiedBytes, kept } = volunteer.stats;
    const received = verifiedBytes.peerBytes + verifiedBytes.seederBytes + verifiedBytes.originBytes;
    const text = `Neighbours: ${neighbours.length}, sent: ${megabytes(sentBytes)}, received: ${megabytes(received)}${kept ? `, kept: ${describeKept(kept)}` : ''}`;
    logger.info({ neighbours: neighbours.length, sentBytes, receivedBytes: received, ...(kept ? { keptBytes: kept.bytes, isComplete: kept.isComplete } : {}) }, text);
  }, STATUS_EVERY_MS);
  const signal = await untilStopped();
  clearInterval(status);
  logger.info(`Stopping (${signal})`);
  // What came last is written first.
  await volunteer.close();
}

async function openVolunteer(link: StreamLink, flags: z.infer<typeof flagsSchema>, logger: VolunteerOptions['logger']): Promise<Volunteer> {
  const { uploadKbps, fillKbps, keepGb, data } = flags;
  try {
    // Loaded late: it brings a native library, which not every platform has.
    const { createNodePeer } = await import('@p2ptv/peer/node');
    const upload: UploadPolicy = uploadKbps === undefined ? { mode: 'on' } : { mode: 'capped', bitsPerSecond: uploadKbps * 1000 };
    const seeds = { folder: join(data, link.streamId), quotaBytes: keepGb * 1e9 };
    const open: VolunteerOptions['open'] = (served) => createNodePeer({ link: served, role: 'seeder', upload, seeds, engine: { fill: { bitsPerSecond: fillKbps * 1000 } } });
    return new Volunteer({ link, open, logger });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`WebRTC does not load on this machine (${reason}), and seeding needs it.`, { cause: error });
  }
}

function describeKept({ bytes, isComplete, isFull }: KeptStats): string {
  if (isComplete) return `${megabytes(bytes)}, all of the recording`;
  return isFull ? `${megabytes(bytes)}, and there is no room for more (see --keep-gb)` : megabytes(bytes);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
