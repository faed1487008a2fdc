import { formatMagnetLink } from '@p2ptv/protocol';

import { linkFor } from '../publish/api-routes.js';
import type { PublishedStream } from '../publish/published-stream.js';
import type { Origin } from '../server/origin.js';
import type { StartOptions } from './start-options.js';

/** What the banner tells of. */
export type BannerFacts = {
  readonly origin: Pick<Origin, 'publisher' | 'port' | 'scheme' | 'trackers' | 'rtmpPort'>;
  readonly published: PublishedStream;
  readonly options: Pick<StartOptions, 'host' | 'public-url' | 'rtmp-port'>;
  readonly streamKey: string;
  /** The administrator's password when it has just been made: it is shown this once. */
  readonly adminPassword?: string | undefined;
  /** Addresses of this machine at which others may reach it. */
  readonly networkAddresses: readonly string[];
};

const EVERY_ADDRESS = new Set<string | undefined>([undefined, '0.0.0.0', '::']);
/** Listening on one of these, the origin answers as localhost. */
const OWN_ADDRESSES = new Set(['127.0.0.1', '::1', 'localhost']);

/** What somebody who has just started an origin wants to know. */
export function banner({ origin, published, options, streamKey, adminPassword, networkAddresses }: BannerFacts): string {
  const { port, scheme } = origin;
  const { host, 'public-url': publicUrl } = options;
  const isEverywhere = EVERY_ADDRESS.has(host);
  const localHost = host === undefined || isEverywhere || OWN_ADDRESSES.has(host) ? 'localhost' : bracketed(host);
  const local = `${scheme}://${localHost}:${port}`;
  const addresses = isEverywhere ? networkAddresses : [];
  const hosts = addresses.map((address) => `${scheme}://${address}:${port}`);
  const watchPath = `/watch/${published.live.slug}`;
  // A link is made to be given to others: to them, localhost is their own machine.
  const magnet = formatMagnetLink(linkFor(published, { publisher: origin.publisher, trackers: origin.trackers, baseUrl: publicUrl ?? hosts[0] ?? local }));
  const lines: [string, string][] = [
    ['Watch', `${publicUrl ?? local}${watchPath}`],
    ...hosts.map((address): [string, string] => ['on the network', `${address}${watchPath}`]),
    ['HLS', `${publicUrl ?? local}/live/${published.live.slug}/index.m3u8`],
    ['RTMP', rtmpLine(origin.rtmpPort, { host: addresses[0] ?? localHost, wantedPort: options['rtmp-port'] })],
    ['stream key', streamKey],
    ['Link', magnet],
    ['Administer', `${publicUrl ?? local}/api/admin/docs`],
    ...(adminPassword === undefined ? [] : [['password', `${adminPassword}   shown this once; to set another: p2ptv admin set-password`] as [string, string]]),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return ['', ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n');
}

function rtmpLine(port: number | undefined, at: { readonly host: string; readonly wantedPort: number }): string {
  if (port !== undefined) return `rtmp://${at.host}:${port}/live`;
  // Port 0 is chosen only when it listens.
  const address = at.wantedPort === 0 ? '' : `, at rtmp://${at.host}:${at.wantedPort}/live`;
  return `off: listens only with --input rtmp${address}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
