import { createServer, type AddressInfo, type Socket } from 'node:net';

import { monotonicMs } from '../load/monotonic-ms.js';
import { answerCalls } from '../load/process-calls.js';

/**
 * A server in a process of its own that does nothing but let go those who wait: no HTTP, no stream. Its figures are what
 * this machine, its kernel and Node need to write the same bytes to as many connections, and so the bound of the origin's.
 */

/** When the first of those who wait was written to, monotonic ms. */
export type BarePublication = { readonly atMs: number };

/** A request without a body ends so; that is all that is read of it. */
const REQUEST_END = Buffer.from('\r\n\r\n');

let waiting: Socket[] = [];

answerCalls({
  open: async (): Promise<number> => {
    // As Node's HTTP server sets its connections up.
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('data', (bytes) => {
        if (bytes.subarray(-REQUEST_END.length).equals(REQUEST_END)) waiting.push(socket);
      });
      // Who hangs up fails to be answered, and tells so.
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
  publish: ({ bytes }: { readonly bytes: Uint8Array }): BarePublication => {
    const released = waiting;
    waiting = [];
    const atMs = monotonicMs();
    for (const socket of released) socket.write(bytes);
    return { atMs };
  },
  waiting: (): number => waiting.length,
});
// It stays until the bench goes.
process.channel?.ref();
