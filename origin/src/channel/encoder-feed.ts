import type { FastifyBaseLogger } from 'fastify';

import type { Cadence } from '../encode/cadence.js';
import { DEFAULT_AUDIO_BITRATE_KBPS, defaultVideoBitrateKbps, type EncodingOptions } from '../encode/encoder-arguments.js';
import type { Encoder } from '../encode/encoder.js';
import { framesPerSecond } from '../encode/frame-rate.js';
import type { AssembledInit } from '../fragment/part-assembler.js';
import type { LiveStream, MediaInit } from '../package/live-stream.js';

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
  options: { readonly encoding: EncodingOptions; readonly logger: FastifyBaseLogger },
): () => void {
  const { logger, encoding } = options;
  let cadence: Cadence | undefined;
  let described = '';
  const subscriptions = [
    encoder.on('sessionStarted', (session) => {
      cadence = session.cadence;
      if (cadence.message !== described) logger.info(cadence.message);
      described = cadence.message;
    }),
    encoder.on('init', (init) => {
      if (cadence) stream.beginSession(describeMedia(init, cadence, encoding));
      logger.info({ codecs: init.codecs }, `Encoding ${init.width}x${init.height} at ${Number(init.frameRate.toFixed(3))} fps`);
    }),
    encoder.on('part', (part) => {
      try {
        stream.publish(part);
      } catch (error) {
        logger.error({ error }, `A part of ${part.bytes.length} bytes could not be published: lower --video-kbps or --part-ms.`);
      }
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

function describeMedia(init: AssembledInit, cadence: Cadence, encoding: EncodingOptions): MediaInit {
  const video = encoding.videoBitrateKbps ?? defaultVideoBitrateKbps(init.width, init.height, init.frameRate);
  const audio = init.hasAudio ? (encoding.audioBitrateKbps ?? DEFAULT_AUDIO_BITRATE_KBPS) : 0;
  return {
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
