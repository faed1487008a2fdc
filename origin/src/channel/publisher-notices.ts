import type { FastifyBaseLogger } from 'fastify';

import type { PublisherPresence } from '../ingest/publisher-presence.js';

/** Tells the log who publishes, and `goOffline` when the publisher is given up. */
export function followPublisher(publisher: PublisherPresence, logger: FastifyBaseLogger, goOffline: () => void): void {
  publisher.on('publisherConnected', ({ address, isReturn }) => logger.info(`The publisher ${isReturn ? 'is back' : 'has come'} from ${address}.`));
  publisher.on('publisherLost', ({ address, reason, graceMs }) =>
    logger.warn(`The publisher at ${address} is gone${reason === undefined ? '' : ` (${reason})`}; it may return within ${graceMs / 1000} s.`),
  );
  publisher.on('publisherFailed', ({ address, reason, retryMs }) =>
    logger.warn(`Nothing can be had from ${address}: ${reason}${retryMs === undefined ? '' : ` It is tried again${retryMs < 1000 ? '' : ` in ${retryMs / 1000} s`}.`}`),
  );
  publisher.on('publisherRefused', ({ address, reason }) => logger.warn(`A publisher at ${address} was refused: ${reason}`));
  publisher.on('publisherFinished', ({ address, reason }) => logger.warn(`All has come from ${address}${reason === undefined ? '' : ` (${reason})`}: the stream ends.`));
  publisher.on('publisherGone', () => {
    logger.warn('Nobody publishes any more: the stream is offline until somebody does.');
    goOffline();
  });
}
