import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import * as z from 'zod';

import type { OriginStats } from '../publish/origin-stats.js';
import { problemSchema } from './session-routes.js';

const count = z.number();
const counts = z.record(z.string(), count);
const statsSchema = z.object({
  uplink: z
    .object({ limitBitsPerSecond: count, sentBytes: counts, waitingBytes: counts, joinsAdmitted: count, joinsLeftToPeers: count, joinsTurnedAway: count, requestsTurnedAway: count })
    .nullable()
    .describe('how the limited uplink is used; null: it has no limit'),
  streams: z.array(z.object({ slug: z.string(), streamId: z.string(), originBytes: counts, viewers: count, waiters: count, memoryBytes: count, lastSequence: count.nullable() })),
});

/** Serves what the origin tells of itself to whoever administers: of what strangers are not told of, too; who asks was checked before. */
export function registerStatsRoutes(fastify: FastifyInstance, { stats }: { readonly stats: () => OriginStats }): void {
  fastify.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: '/stats',
    schema: { summary: 'What is sent of all streams, the private ones too', tags: ['health'], response: { 200: statsSchema, 401: problemSchema, 429: problemSchema } },
    handler: () => {
      const { uplink, streams } = stats();
      return { uplink, streams: [...streams] };
    },
  });
}
