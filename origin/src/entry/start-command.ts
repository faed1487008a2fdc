import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Logger } from 'pino';

import { AdminAccess } from '../admin/admin-access.js';
import { isRecordedByDefault, type ChannelSettings } from '../channel/channel-settings.js';
import { takesStreamKey } from '../channel/input-choice.js';
import { hashStreamKey } from '../channel/stream-key.js';
import type { Retention } from '../recording/recording-library.js';
import { networkAddresses } from '../server/addresses.js';
import { ChannelKeys } from '../server/channel-keys.js';
import { DataFolder } from '../server/data-folder.js';
import { Origin, type OriginOptions } from '../server/origin.js';
import { loadStreamKey } from '../server/stream-key.js';
import { loadTls } from '../server/tls-files.js';
import { SqliteStore, STORE_FILE } from '../store/sqlite-store.js';
import { banner } from './banner.js';
import { createLogger } from './logging.js';
import type { StartOptions } from './start-options.js';
import { untilStopped } from './stop-signals.js';

/** The end is not waited for any longer: what hangs then, hangs. */
const CLOSE_LIMIT_MS = 1900;

/** Runs an origin until a signal stops it. */
export async function runStart(options: StartOptions): Promise<void> {
  const logger = createLogger(options);
  // What can be wrong is found out before anything is started: cheap checks first.
  const tls = tlsOf(options);
  const dataFolder = await DataFolder.open(options.data);
  let store: SqliteStore | undefined;
  try {
    store = SqliteStore.open(join(dataFolder.path, STORE_FILE));
    await runOrigin(options, { logger, tls, dataFolder, store });
  } finally {
    store?.close();
    dataFolder.close();
  }
}

async function runOrigin(
  options: StartOptions,
  ready: { readonly logger: Logger; readonly tls: OriginOptions['tls']; readonly dataFolder: DataFolder; readonly store: SqliteStore },
): Promise<void> {
  const { logger, tls, dataFolder, store } = ready;
  const { channels, streamKeys } = channelsOf(options, { dataFolder: dataFolder.path, logger });
  const origin = await Origin.start({
    dataFolder: dataFolder.path,
    channels,
    host: options.host,
    port: options.port,
    publicUrl: options['public-url'],
    uplinkBitsPerSecond: options['uplink-kbps'] === undefined ? undefined : options['uplink-kbps'] * 1_000,
    trackers: options.tracker,
    stunServers: options.stun,
    tls,
    rtmp: { port: options['rtmp-port'] },
    sfu: options.sfu,
    store,
    hooks: options.hook,
    retention: retentionOf(options),
    maxUploadBytes: options['max-upload-mb'] * 1e6,
    logger,
  });
  if (options['log-format'] === 'text') {
    // Where there are people to read it. Programs that read the log have no use for a password, and it would stay in there.
    const adminPassword = await new AdminAccess(store.access, Date.now).createPassword();
    process.stdout.write(`${banner({ origin, options, streamKeys, adminPassword, networkAddresses: networkAddresses() })}\n`);
  } else if (store.access.passwordHash() === undefined) {
    logger.info('Nobody can administer yet: set a password with "npm run set-password".');
  }
  const [first] = origin.channels.list();
  logger.info({ port: origin.port, streamId: first?.streamId }, `P2PTV is ready on port ${origin.port}`);
  const signal = await untilStopped();
  logger.info(`Stopping (${signal})`);
  const isClosed = await Promise.race([origin.close().then(() => true), setTimeout(CLOSE_LIMIT_MS, false)]);
  logger.info(isClosed ? 'Stopped' : 'Stopped, without waiting for what still hangs');
}

function retentionOf({ 'keep-recordings-days': days, 'keep-recordings-gb': gigabytes }: StartOptions): Retention {
  return { ...(days === undefined ? {} : { maxAgeMs: days * 86_400_000 }), ...(gigabytes === undefined ? {} : { maxBytes: gigabytes * 1e9 }) };
}

function tlsOf(options: StartOptions): OriginOptions['tls'] {
  const { 'tls-cert': cert, 'tls-key': key } = options;
  return cert === undefined || key === undefined ? undefined : loadTls({ cert, key });
}

/** The channels to begin with, and those of their stream keys that are to be shown, by slug. */
function channelsOf(
  options: StartOptions,
  { dataFolder, logger }: { readonly dataFolder: string; readonly logger: Logger },
): { readonly channels: readonly ChannelSettings[]; readonly streamKeys: ReadonlyMap<string, string> } {
  if (!options.channels) {
    const streamKey = loadStreamKey(dataFolder);
    return { channels: [onlyChannel(options, streamKey)], streamKeys: new Map([[options.slug, streamKey]]) };
  }
  const keys = ChannelKeys.load(dataFolder);
  const streamKeys = new Map<string, string>();
  const channels = options.channels.map((settings) => {
    const { slug, input } = settings;
    if (settings.streamKeyHash !== undefined || !takesStreamKey(input)) return settings;
    // Shown once or never: a key does not belong into a log that is collected.
    if (keys.hashOf(slug) === undefined && options['log-format'] === 'text') streamKeys.set(slug, keys.make(slug));
    const streamKeyHash = keys.hashOf(slug);
    if (streamKeyHash === undefined) {
      logger.warn(`Nobody can publish to ${slug}, which has no stream key: name a stream-key for it, or start once with --log-format text, which makes one and shows it.`);
    }
    return { ...settings, streamKeyHash };
  });
  return { channels, streamKeys };
}

/** The one channel that flags describe. */
function onlyChannel(options: StartOptions, streamKey: string): ChannelSettings {
  return {
    slug: options.slug,
    title: options.title,
    description: '',
    tags: [],
    input: options.input,
    srtPassphrase: options['srt-passphrase'],
    srtLatencyMs: options['srt-latency-ms'],
    partMs: options['part-ms'],
    segmentMs: options['segment-ms'],
    height: options.height,
    ladder: options.ladder,
    videoKbps: options['video-kbps'],
    clock: options.clock,
    dvrMinutes: options['dvr-minutes'],
    isRecorded: options.recorded ?? isRecordedByDefault(options.input),
    isPrivate: false,
    streamKeyHash: hashStreamKey(streamKey),
  };
}
