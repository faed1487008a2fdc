import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Logger } from 'pino';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import { FileSource } from '../ingest/file-source.js';
import type { Source } from '../ingest/source.js';
import { TestCardSource } from '../ingest/test-card-source.js';
import { DataFolder } from '../server/data-folder.js';
import { Origin, type OriginOptions } from '../server/origin.js';
import { loadStreamKey } from '../server/stream-key.js';
import { loadTls } from '../server/tls-files.js';
import { banner } from './banner.js';
import { createLogger } from './logging.js';
import type { InputChoice, StartOptions } from './start-options.js';
import { untilStopped } from './stop-signals.js';
import { CommandError, UsageError } from './usage-error.js';

/** The bundled clip, seen from the sources and from the built files alike. */
const CLIP = fileURLToPath(new URL('../../media/clip.mp4', import.meta.url));

/** Runs an origin until a signal stops it. */
export async function runStart(options: StartOptions): Promise<void> {
  const logger = createLogger(options);
  // What can be wrong is found out before anything is started: cheap checks first.
  const tls = tlsOf(options);
  checkInput(options.input);
  const dataFolder = await DataFolder.open(options.data);
  const streamKey = loadStreamKey(dataFolder.path);
  const input = await inputOf(options, { logger });
  const origin = await Origin.start({
    dataFolder,
    slug: options.slug,
    title: options.title,
    archiveMs: options['dvr-minutes'] * 60_000,
    host: options.host,
    port: options.port,
    publicUrl: options['public-url'],
    tls,
    input,
    logger,
  });
  process.stdout.write(options['log-format'] === 'text' ? `${banner(origin, options, streamKey)}\n` : '');
  logger.info({ port: origin.port, streamId: origin.published.live.streamId }, `P2PTV is live on port ${origin.port}`);
  const signal = await untilStopped();
  logger.info(`Stopping (${signal})`);
  await origin.close();
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

async function inputOf(options: StartOptions, context: { readonly logger: Logger }): Promise<OriginOptions['input']> {
  if (options.input.kind === 'none') return undefined;
  const ffmpeg = await locateFfmpeg();
  context.logger.debug({ path: ffmpeg.path, version: ffmpeg.version }, 'Found ffmpeg');
  return {
    ffmpeg,
    source: await sourceOf(options.input, ffmpeg),
    partMs: options['part-ms'],
    segmentMs: options['segment-ms'],
    encoding: {
      hasClock: options.clock,
      ...(options.height === undefined ? {} : { height: options.height }),
      ...(options['video-kbps'] === undefined ? {} : { videoBitrateKbps: options['video-kbps'] }),
    },
  };
}

function sourceOf(input: Exclude<InputChoice, { kind: 'none' }>, ffmpeg: Ffmpeg): Promise<Source> {
  switch (input.kind) {
    case 'clip':
      return FileSource.create({ ffmpegPath: ffmpeg.path, file: CLIP });
    case 'file':
      return FileSource.create({ ffmpegPath: ffmpeg.path, file: input.path });
    case 'testcard':
      return Promise.resolve(new TestCardSource());
    case 'rtmp':
      throw new UsageError('rtmp');
  }
}
