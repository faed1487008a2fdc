import type { FastifyInstance } from 'fastify';

import { plainAddress } from '../server/plain-address.js';

/** After a line about an address that asks too often, its further refusals of that kind go without one so long, ms. */
const QUIET_MS = 60_000;
/** Addresses that are remembered; beyond them all are forgotten. Bounds memory against a flood of addresses. */
const MAX_ADDRESSES = 10_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A request that asks whether somebody is logged in: that nobody is, is its answer and no refusal. */
    readonly asksForSession?: boolean;
  }
}

/** Writes a line for each request that is refused; where one address asks too often, for the first in a minute. */
export function logRefusals(fastify: FastifyInstance, wallMs: () => number): void {
  const quietUntilMs = new Map<string, number>();
  fastify.addHook('onResponse', async (request, { statusCode }) => {
    if (statusCode < 400 || statusCode >= 500) return;
    if (statusCode === 401 && request.routeOptions.config.asksForSession) return;
    if (statusCode === 429) {
      const nowMs = wallMs();
      if ((quietUntilMs.get(request.ip) ?? 0) > nowMs) return;
      if (quietUntilMs.size >= MAX_ADDRESSES) quietUntilMs.clear();
      quietUntilMs.set(request.ip, nowMs + QUIET_MS);
    }
    // The query may hold a token.
    const [path = ''] = request.url.split('?');
    request.log.warn({ address: plainAddress(request.ip), statusCode }, `Refused (${statusCode}): ${request.method} ${path} from ${plainAddress(request.ip)}.`);
  });
}
