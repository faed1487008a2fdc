import type { FastifyBaseLogger } from 'fastify';

import type { RtmpSource } from '../ingest/rtmp-source.js';

/**
 * Tells the log who publishes, and `goOffline` when the publisher is given up.
 */
export function followPublisher(source: RtmpSource, logger: FastifyBaseLogger, goOffline: () => void): void {
  source.on('publisherConnected', ({ address, isReturn }) => logger.info(`The publisher ${isReturn ? 'is back' : 'has come'} from ${address}.`));
  source.on('publisherRefused', ({ address, reason }) => logger.warn(`A publisher from ${address} was refused: ${reason}`));
  source.on('publisherLost', ({ address, reason, graceMs }) =>
    logger.warn(`The publisher at ${address} is gone${reason === undefined ? '' : ` (${reason})`}; it may return within ${graceMs / 1000} s.`),
  );
  source.on('publisherGone', () => {
    logger.warn('The publisher has not returned: the stream is offline until somebody publishes.');
    goOffline();
  });
}
