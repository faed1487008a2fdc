import type { SeederSession } from '@p2ptv/peer';
import type { FastifyBaseLogger } from 'fastify';

import type { LiveStream } from '../package/live-stream.js';
import type { Publisher } from '../package/publisher.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';

/**
 * Starts the origin's own peer, which pushes each new chunk to the peers on duty for its stripe.
 *
 * @returns undefined where WebRTC does not load: everybody is then served over HTTP, and the log says so
 */
export async function startSeeder(
  live: LiveStream,
  options: {
    readonly publisher: Publisher;
    readonly trackers: readonly string[];
    /** Lets its frames out, where the uplink is limited. */
    readonly gate: UplinkGate | undefined;
    /** What all streams that share the uplink take, once each. */
    readonly totalBitsPerSecond: () => number | undefined;
    readonly logger: FastifyBaseLogger;
  },
): Promise<SeederSession | undefined> {
  const { publisher, trackers, gate, totalBitsPerSecond, logger } = options;
  let seeder: SeederSession;
  try {
    // Loaded late: it brings a native library, which not every platform has.
    const { createOriginSeeder } = await import('@p2ptv/peer/node');
    seeder = createOriginSeeder({
      link: {
        streamId: live.streamId,
        publicKey: publisher.publicKey,
        title: live.title,
        trackers,
        origins: [],
      },
      slug: live.slug,
      signer: publisher.signer,
      ...(gate
        ? {
            uplink: {
              ask: (bytes, granted) => gate.ask({ bytes, priority: 'seed', granted }),
              maxCopies: () => {
                const rate = totalBitsPerSecond();
                return rate === undefined ? undefined : gate.copiesOf(rate);
              },
            },
          }
        : {}),
    });
  } catch (error) {
    logger.warn({ error }, 'WebRTC does not load on this machine: the origin pushes nothing to peers, and serves over HTTP only.');
    return undefined;
  }
  seeder.on('trackerStateChanged', ({ state, message }) => logger.debug({ state }, `Seeder: tracker ${state} ${message ?? ''}`));
  const unsubscribe = live.onChange((change) => {
    if (change.kind !== 'published') return;
    try {
      seeder.publish(change.chunk.signed, change.chunk.bytes);
    } catch (error) {
      // The stream matters more than its seeder.
      unsubscribe();
      logger.error({ error }, 'The seeder has failed: the origin pushes nothing to peers any more, and serves over HTTP only.');
    }
  });
  seeder.start();
  return seeder;
}
