import type { FastifyInstance } from 'fastify';

/** `starting`: it listens, channels are not started yet. `stopping`: it answers who waits, and takes nobody new. */
export type ReadinessState = 'starting' | 'ready' | 'stopping';

/** Whether an origin is to be sent viewers. */
export class Readiness {
  state: ReadinessState = 'starting';
}

/** Serves `/readyz`: 200 when viewers may be sent here, else 503. That the process is alive at all, `/healthz` tells. */
export function registerReadiness(fastify: FastifyInstance, readiness: Readiness): void {
  fastify.get('/readyz', (_request, reply) =>
    reply
      .code(readiness.state === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: readiness.state }),
  );
}
