import { MIN_UPLOAD_CAP_BITS_PER_SECOND, type PeerSession, type UploadPolicy } from '@p2ptv/peer';
import { isStreamLink, parseStreamLink, type StreamLink } from '@p2ptv/protocol';
import { Option } from 'commander';
import * as z from 'zod';

import { createLogger } from './logging.js';
import { untilStopped } from './stop-signals.js';
import { CommandError, UsageError } from './usage-error.js';

const STATUS_EVERY_MS = 10_000;

const MIN_UPLOAD_KBPS = MIN_UPLOAD_CAP_BITS_PER_SECOND / 1000;
const UPLOAD_PROBLEM = `--upload-kbps must be a whole number from ${MIN_UPLOAD_KBPS} to 9999999`;

const flagsSchema = z.object({
  uploadKbps: z
    .string()
    .regex(/^\d{1,7}$/, UPLOAD_PROBLEM)
    .transform(Number)
    .refine((kbps) => kbps >= MIN_UPLOAD_KBPS, UPLOAD_PROBLEM)
    .optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent'], '--log-level must be debug, info, warn, error or silent').default('info'),
  logFormat: z.enum(['text', 'json'], '--log-format must be text or json').default('text'),
});

/** The flags of `seed`. */
export function seedFlags(): Option[] {
  return [
    new Option('--upload-kbps <kb/s>', `never send more than this, at least ${MIN_UPLOAD_KBPS} (default: no limit)`),
    new Option('--log-level <level>', 'debug, info, warn, error or silent (default: info)'),
    new Option('--log-format <format>', 'text or json (default: text)'),
  ];
}

/** Serves a stream's viewers as a volunteer, without a screen, until a signal stops it. */
export async function runSeed(linkText: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const parsed = flagsSchema.safeParse(flags);
  if (!parsed.success) throw new UsageError(`${parsed.error.issues[0]?.message ?? 'A flag is wrong'}: see --help.`);
  const { uploadKbps, logLevel, logFormat } = parsed.data;
  const link = parseStreamLink(linkText);
  if (!isStreamLink(link)) throw new UsageError(`${link.problem} Copy the whole link that the origin prints, in quotes.`);
  const logger = createLogger({ 'log-level': logLevel, 'log-format': logFormat });
  const session = await openSession(link, uploadKbps);

  session.on('joined', ({ record }) => logger.info(`Seeding "${record.title}"`));
  session.on('trackerStateChanged', ({ state, message }) => logger.info(`Tracker: ${state}${message === undefined ? '' : `, ${message}`}`));
  session.on('originStateChanged', ({ isReachable }) => logger.info(isReachable ? 'The origin answers' : 'The origin does not answer'));
  session.on('chunkRejected', ({ peerId, reason }) => logger.warn(`The peer ${peerId} sent a bad ${reason}; its link is closed`));
  session.start();
  const status = setInterval(() => {
    const { neighbours, sentBytes, verifiedBytes } = session.stats();
    const received = verifiedBytes.peerBytes + verifiedBytes.seederBytes + verifiedBytes.originBytes;
    logger.info({ neighbours: neighbours.length, sentBytes, receivedBytes: received }, `Neighbours: ${neighbours.length}, sent: ${megabytes(sentBytes)}, received: ${megabytes(received)}`);
  }, STATUS_EVERY_MS);
  const signal = await untilStopped();
  clearInterval(status);
  logger.info(`Stopping (${signal})`);
  session.close();
}

async function openSession(link: StreamLink, uploadKbps: number | undefined): Promise<PeerSession> {
  try {
    // Loaded late: it brings a native library, which not every platform has.
    const { createNodePeer } = await import('@p2ptv/peer/node');
    const upload: UploadPolicy = uploadKbps === undefined ? { mode: 'on' } : { mode: 'capped', bitsPerSecond: uploadKbps * 1000 };
    return createNodePeer({ link, role: 'seeder', upload });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`WebRTC does not load on this machine (${reason}), and seeding needs it.`, { cause: error });
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
