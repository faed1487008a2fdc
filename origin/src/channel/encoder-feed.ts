import type { FastifyBaseLogger } from 'fastify';

import type { FeedCaptions } from '../captions/feed-captions.js';
import type { Cadence } from '../encode/cadence.js';
import { DEFAULT_AUDIO_BITRATE_KBPS, type EncodingOptions } from '../encode/encoder-arguments.js';
import type { EncodedPart, Encoder } from '../encode/encoder.js';
import { framesPerSecond } from '../encode/frame-rate.js';
import type { PlannedRendition } from '../encode/ladder.js';
import type { AssembledRendition } from '../fragment/part-assembler.js';
import type { MediaInit } from '../package/live-rendition.js';
import type { LiveStream } from '../package/live-stream.js';

/** Boxes and timestamps on top of what the codecs make. */
const CONTAINER_RATIO = 1.05;
/** The rate control's buffer lets a segment exceed the mean by so much. */
const PEAK_RATIO = 1.25;

/**
 * Publishes what an encoder makes, and tells the log what becomes of it.
 *
 * @returns the function that unsubscribes
 */
export function feedStream(
  encoder: Encoder,
  stream: LiveStream,
  options: {
    readonly encoding: EncodingOptions;
    readonly logger: FastifyBaseLogger;
    /** Dates a part whose time is not the time at which it comes, wall clock, ms. */
    readonly dateOf?: (part: EncodedPart) => number;
  },
): () => void {
  const { logger, encoding, dateOf } = options;
  let planned: { readonly cadence: Cadence; readonly renditions: readonly PlannedRendition[]; readonly captions?: FeedCaptions | undefined } | undefined;
  let described = '';
  const subscriptions = [
    encoder.on('sessionStarted', (started) => {
      planned = started;
    }),
    encoder.on('init', ({ renditions, cadence }) => {
      if (cadence.message !== described) logger.info(cadence.message);
      described = cadence.message;
      stream.beginSession(renditions.map((init) => describeMedia(init, { cadence, renditions: planned?.renditions ?? [], encoding })), planned?.captions);
      if (renditions.every(({ hasVideo }) => !hasVideo)) {
        logger.info({ codecs: renditions[0]?.codecs }, 'Encoding sound alone');
        return;
      }
      const sizes = renditions.map(({ width, height }) => `${width}x${height}`).join(', ');
      logger.info({ codecs: renditions[0]?.codecs }, `${cadence === planned?.cadence ? 'Encoding' : 'Passing on'} ${sizes} at ${Number((renditions[0]?.frameRate ?? 0).toFixed(3))} fps`);
    }),
    encoder.on('part', (part) => {
      try {
        stream.publish(dateOf ? { ...part, programDateTimeMs: dateOf(part) } : part);
      } catch (error) {
        logger.error({ error }, `A part of ${part.bytes.length} bytes could not be published: lower --video-kbps or --part-ms.`);
      }
    }),
    encoder.on('unfit', ({ reason }) => logger.warn(`The picture cannot be passed on as it comes, because ${reason}: it is encoded instead.`)),
    encoder.on('tooSlow', ({ speed, dropped }) => {
      const slow = `This machine is too slow for what it is to encode: for 5 s it did ${speed.toFixed(2)} s of media a second`;
      if (dropped) logger.warn(`${slow}. The best rendition, of at most ${dropped.bounds.height} lines and ${dropped.videoBitrateKbps} kb/s, is dropped; the others go on.`);
      else logger.warn(`${slow}, and only one rendition is left: lower --ladder or --video-kbps.`);
    }),
    encoder.on('sessionEnded', () => logger.info('The input has ended')),
    encoder.on('died', ({ exitCode, lastLines, restartInMs }) => {
      logger.error(
        { exitCode, lastLines },
        `ffmpeg died (${exitCode === null ? 'killed' : `exit code ${exitCode}`}) and is started again in ${restartInMs} ms. Its last words: ${lastLines.slice(-3).join(' | ') || 'none'}`,
      );
    }),
    encoder.on('exhausted', () => {
      logger.info('The input has nothing more: the stream has ended');
      stream.end();
    }),
  ];
  return () => subscriptions.forEach((unsubscribe) => unsubscribe());
}

function describeMedia(
  init: AssembledRendition,
  session: { readonly cadence: Cadence; readonly renditions: readonly PlannedRendition[]; readonly encoding: EncodingOptions },
): MediaInit {
  const { cadence, renditions, encoding } = session;
  const video = renditions.find(({ rendition }) => rendition === init.rendition)?.videoBitrateKbps ?? 0;
  const audio = init.hasAudio ? (encoding.audioBitrateKbps ?? DEFAULT_AUDIO_BITRATE_KBPS) : 0;
  return {
    rendition: init.rendition,
    bytes: init.bytes,
    codecs: init.codecs,
    width: init.width,
    height: init.height,
    frameRate: init.frameRate,
    partTargetMs: cadence.partTargetMs,
    segmentMs: (cadence.framesPerSegment / framesPerSecond(cadence.frameRate)) * 1000,
    bandwidthBitsPerSecond: (video * PEAK_RATIO + audio) * 1000 * CONTAINER_RATIO,
    averageBandwidthBitsPerSecond: (video + audio) * 1000 * CONTAINER_RATIO,
  };
}
