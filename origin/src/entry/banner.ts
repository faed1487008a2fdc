import { formatMagnetLink } from '@p2ptv/protocol';

import { linkFor } from '../publish/api-routes.js';
import { networkAddresses } from '../server/addresses.js';
import type { Origin } from '../server/origin.js';
import type { StartOptions } from './start-options.js';

/** Listening on one of these, the origin answers as localhost. */
const EVERY_OR_OWN_ADDRESS = new Set(['0.0.0.0', '::', '127.0.0.1', '::1', 'localhost']);

/** What somebody who has just started an origin wants to know. */
export function banner(origin: Origin, options: StartOptions, streamKey: string): string {
  const { published, publisher, port, scheme } = origin;
  const watchPath = `/watch/${published.live.slug}`;
  const publicUrl = options['public-url'];
  const isLocalhost = options.host === undefined || EVERY_OR_OWN_ADDRESS.has(options.host);
  const local = `${scheme}://${isLocalhost ? 'localhost' : options.host}:${port}`;
  const addresses = options.host === undefined ? networkAddresses() : [];
  const hosts = addresses.map((address) => `${scheme}://${address}:${port}`);
  const magnet = formatMagnetLink(linkFor(published, { publisher, baseUrl: publicUrl ?? local }));
  const isRtmp = options.input.kind === 'rtmp';
  const rtmpHost = addresses[0] ?? 'localhost';
  const lines: [string, string][] = [
    ['Watch', `${publicUrl ?? local}${watchPath}`],
    ...hosts.map((host): [string, string] => ['on the network', `${host}${watchPath}`]),
    ['HLS', `${publicUrl ?? local}/live/${published.live.slug}/index.m3u8`],
    ['RTMP', `rtmp://${rtmpHost}:${options['rtmp-port']}/live${isRtmp ? '' : '  (with --input rtmp)'}`],
    ['stream key', streamKey],
    ['Link', magnet],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return ['', ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n');
}
