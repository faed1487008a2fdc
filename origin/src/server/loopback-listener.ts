import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

/** A second, private door to an HTTP server. */
export type LoopbackListener = { readonly url: string; readonly server: Server };

/**
 * Opens a plain http door on loopback to everything that a server serves, for the embedded seeder:
 * it works the same whichever address is listened on, and with a certificate that nobody here trusts.
 */
export async function openLoopback(fastify: FastifyInstance): Promise<LoopbackListener> {
  const server = createServer();
  for (const event of ['request', 'upgrade'] as const) {
    server.on(event, (...args: unknown[]) => void fastify.server.emit(event, ...args));
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
