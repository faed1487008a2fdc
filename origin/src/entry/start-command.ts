import { existsSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Logger } from 'pino';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import { FileSource } from '../ingest/file-source.js';
import { RtmpSource } from '../ingest/rtmp-source.js';
import type { Source } from '../ingest/source.js';
import { TestCardSource } from '../ingest/test-card-source.js';
import { networkAddresses } from '../server/addresses.js';
import { DataFolder } from '../server/data-folder.js';
import { Origin, type OriginOptions } from '../server/origin.js';
import { followPublisher } from '../server/rtmp-notices.js';
import { loadStreamKey } from '../server/stream-key.js';
import { loadTls } from '../server/tls-files.js';
import { banner } from './banner.js';
import { createLogger } from './logging.js';
import type { InputChoice, StartOptions } from './start-options.js';
import { untilStopped } from './stop-signals.js';
import { CommandError } from './usage-error.js';

/** The bundled clip, seen from the sources and from the built files alike. */
const CLIP = fileURLToPath(new URL('../../media/clip.mp4', import.meta.url));

/** The end is not waited for any longer: what hangs then, hangs. */
const CLOSE_LIMIT_MS = 1900;

/** Runs an origin until a signal stops it. */
export async function runStart(options: StartOptions): Promise<void> {
  const logger = createLogger(options);
  // What can be wrong is found out before anything is started: cheap checks first.
  const tls = tlsOf(options);
  checkInput(options.input);
  const dataFolder = await DataFolder.open(options.data);
  try {
    await runOrigin(options, { logger, tls, dataFolder });
  } finally {
    dataFolder.close();
  }
}

async function runOrigin(
  options: StartOptions,
  ready: { readonly logger: Logger; readonly tls: OriginOptions['tls']; readonly dataFolder: DataFolder },
): Promise<void> {
  const { logger, tls, dataFolder } = ready;
  const streamKey = loadStreamKey(dataFolder.path);
  const input = await inputOf(options, { logger, streamKey });
  const origin = await Origin.start({
    dataFolder: dataFolder.path,
    slug: options.slug,
    title: options.title,
    archiveMs: options['dvr-minutes'] * 60_000,
    host: options.host,
    port: options.port,
    publicUrl: options['public-url'],
    uplinkBitsPerSecond: options['uplink-kbps'] === undefined ? undefined : options['uplink-kbps'] * 1_000,
    trackers: options.tracker,
    stunServers: options.stun,
    tls,
    input,
    logger,
  });
  if (input?.source instanceof RtmpSource) followPublisher(input.source, logger, () => origin.published.live.goOffline());
  if (options['log-format'] === 'text') {
    process.stdout.write(`${banner({ origin, options, streamKey, networkAddresses: networkAddresses() })}\n`);
  }
  logger.info({ port: origin.port, streamId: origin.published.live.streamId }, `P2PTV is ready on port ${origin.port}`);
  const signal = await untilStopped();
  logger.info(`Stopping (${signal})`);
  const isClosed = await Promise.race([origin.close().then(() => true), setTimeout(CLOSE_LIMIT_MS, false)]);
  logger.info(isClosed ? 'Stopped' : 'Stopped, without waiting for what still hangs');
}

function tlsOf(options: StartOptions): OriginOptions['tls'] {
  const { 'tls-cert': cert, 'tls-key': key } = options;
  return cert === undefined || key === undefined ? undefined : loadTls({ cert, key });
}

function checkInput(input: InputChoice): void {
  if (input.kind !== 'file') return;
  if (!existsSync(input.path)) throw new CommandError(`The input file ${input.path} does not exist: check --input.`);
  if (statSync(input.path).isDirectory()) throw new CommandError(`The input ${input.path} is a folder: give a file with --input.`);
}

async function inputOf(options: StartOptions, context: { readonly logger: Logger; readonly streamKey: string }): Promise<OriginOptions['input']> {
  if (options.input.kind === 'none') return undefined;
  const ffmpeg = await locateFfmpeg();
  context.logger.debug({ path: ffmpeg.path, version: ffmpeg.version }, 'Found ffmpeg');
  return {
    ffmpeg,
    source: await sourceOf(options.input, { options, ffmpeg, streamKey: context.streamKey }),
    partMs: options['part-ms'],
    segmentMs: options['segment-ms'],
    encoding: {
      hasClock: options.clock,
      ...(options.height === undefined ? {} : { height: options.height }),
      ...(options['video-kbps'] === undefined ? {} : { videoBitrateKbps: options['video-kbps'] }),
    },
  };
}

function sourceOf(
  input: Exclude<InputChoice, { kind: 'none' }>,
  use: { readonly options: StartOptions; readonly ffmpeg: Ffmpeg; readonly streamKey: string },
): Promise<Source> {
  const { host, 'rtmp-port': port } = use.options;
  switch (input.kind) {
    case 'clip':
      return FileSource.create({ ffmpegPath: use.ffmpeg.path, file: CLIP });
    case 'file':
      return FileSource.create({ ffmpegPath: use.ffmpeg.path, file: input.path });
    case 'testcard':
      return Promise.resolve(new TestCardSource());
    case 'rtmp':
      return RtmpSource.listen({ port, streamKey: use.streamKey, ...(host === undefined ? {} : { host }) });
  }
}
