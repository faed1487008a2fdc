import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';

import type { FastifyInstance } from 'fastify';

import { systemCode } from '../package/errors.js';
import { ServerError } from './errors.js';

/**
 * Listens, on all addresses where none is given: IPv6 with IPv4 if the system has it, else IPv4.
 *
 * @returns the port
 * @throws ServerError `PORT_IN_USE`, `PORT_DENIED` or `BAD_ADDRESS`
 */
export async function listen(server: FastifyInstance, at: { host: string | undefined; port: number }): Promise<number> {
  const hosts = at.host === undefined ? ['::', '0.0.0.0'] : [at.host];
  for (const [index, host] of hosts.entries()) {
    try {
      await server.listen({ host, port: at.port, listenTextResolver: (address) => `Listening at ${address}` });
      return (server.server.address() as AddressInfo).port;
    } catch (error) {
      const isLast = index === hosts.length - 1;
      const isWithoutIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(systemCode(error));
      if (isLast || !isWithoutIpv6) throw listenError(error, at);
    }
  }
  throw new ServerError('BAD_ADDRESS', 'There is no address to listen on.');
}

/** Addresses at which other machines of the network may reach this one. */
export function networkAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal && address.family === 'IPv4')
    .map((address) => address.address);
}

function listenError(error: unknown, at: { host: string | undefined; port: number }): ServerError {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new ServerError('PORT_IN_USE', `Port ${at.port} is in use: stop what listens there, or choose another with --port.`, { cause: error });
    case 'EACCES':
      return new ServerError('PORT_DENIED', `Listening on port ${at.port} is not permitted: choose one above 1023 with --port.`, { cause: error });
    default:
      return new ServerError('BAD_ADDRESS', `Listening on ${at.host ?? 'any address'} failed (${error instanceof Error ? error.message : String(error)}): check --host.`, { cause: error });
  }
}
