import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { linkTokenIn, type ViewerGateOptions } from '../../src/access/viewer-gate.js';
import { PublishedStream } from '../../src/publish/published-stream.js';
import { createHttpServer } from '../../src/server/http-server.js';
import type { UplinkGate } from '../../src/uplink/uplink-gate.js';
import { openStream, publisher, temporaryFolder, type OpenedStream, type OpenOptions } from '../package/stream-fixture.js';

export type TestOrigin = OpenedStream & {
  readonly server: FastifyInstance;
  readonly published: PublishedStream;
  /** Listens on loopback and returns the base URL. */
  readonly listen: () => Promise<string>;
  readonly close: () => Promise<void>;
};

/** An HTTP server over a stream of imaginary parts. */
export async function openOrigin(options: OpenOptions & { publicUrl?: string; trackers?: readonly string[]; playerFolder?: string; gate?: UplinkGate; warmPeers?: number; thumbnail?: Buffer; viewers?: ViewerGateOptions } = {}): Promise<TestOrigin> {
  const folder = temporaryFolder();
  const opened = openStream(folder.path, options);
  const { gate, thumbnail } = options;
  const published = new PublishedStream(opened.live, () => 0, gate);
  const server = await createHttpServer({
    streams: new Map([['main', published]]),
    publisher,
    publicUrl: options.publicUrl,
    trackers: options.trackers ?? [],
    viewerCount: () => 3,
    catalogueEntry: () => ({ description: 'Clouds over the valley.', tags: ['nature'], seeders: 2 }),
    isListed: () => true,
    viewers: options.viewers,
    viewerTokenIn: linkTokenIn,
    warmPeers: () => Array.from({ length: options.warmPeers ?? 1 }, (_, index) => ({ peerId: index.toString(16).repeat(32) as never, role: 'viewer' as const, uplinkBitsPerSecond: 1_000_000 })),
    ...(thumbnail ? { thumbnailOf: () => Promise.resolve(thumbnail) } : {}),
    wallMs: () => 1_700_000_000_000,
    playerFolder: options.playerFolder ?? '/nonexistent',
    tls: undefined,
    gate,
    uplinkStats: gate && (() => gate.stats()),
    logger: pino({ level: 'silent' }),
  });
  return {
    ...opened,
    server,
    published,
    listen: async () => {
      await server.listen({ host: '127.0.0.1', port: 0 });
      return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
    },
    close: async () => {
      await server.close();
      opened.live.close();
      folder.remove();
    },
  };
}

/** Waits until a condition holds, looking every few milliseconds; the test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
