import type { FastifyInstance } from 'fastify';

import { pacedBody } from './paced-body.js';
import type { UplinkGate } from './uplink-gate.js';

/**
 * Lets what the API answers in JSON out as pages and pictures are, so that a flood of questions takes nothing from what viewers need
 * in time. Refusals, and what answers publishers and administrators who do something, are too small to wait.
 */
export function paceApi(fastify: FastifyInstance, gate: UplinkGate): void {
  fastify.addHook('onSend', async ({ method, url }, reply, payload) => {
    if (method !== 'GET' || !url.startsWith('/api/') || reply.statusCode >= 400 || typeof payload !== 'string' || !isJson(reply.getHeader('content-type'))) return payload;
    void reply.header('content-length', Buffer.byteLength(payload));
    return pacedBody(payload, { method, gate });
  });
}

function isJson(contentType: unknown): boolean {
  return typeof contentType === 'string' && contentType.startsWith('application/json');
}
