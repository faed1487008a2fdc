import { formatMagnetLink } from '@p2ptv/protocol';

import type { Channel } from '../channel/channel.js';
import { linkFor } from '../publish/api-routes.js';
import type { Origin } from '../server/origin.js';
import type { StartOptions } from './start-options.js';

/** What the banner tells of. */
export type BannerFacts = {
  readonly origin: Pick<Origin, 'publisher' | 'port' | 'scheme' | 'trackers' | 'rtmpPort'> & {
    readonly channels: { list(): readonly Pick<Channel, 'published' | 'settings'>[] };
  };
  readonly options: Pick<StartOptions, 'host' | 'public-url' | 'rtmp-port' | 'slug' | 'channels'>;
  /** Those that are to be shown, by slug. */
  readonly streamKeys: ReadonlyMap<string, string>;
  /** The administrator's password when it has just been made: it is shown this once. */
  readonly adminPassword?: string | undefined;
  /** Addresses of this machine at which others may reach it. */
  readonly networkAddresses: readonly string[];
};

type Line = readonly [name: string, value: string];
type Addresses = {
  /** How this machine reaches it. */
  readonly own: string;
  /** How others on the network reach it. */
  readonly network: readonly string[];
  /** What goes into a link, which is made to be given to others: to them, localhost is their own machine. */
  readonly shared: string;
};

const EVERY_ADDRESS = new Set<string | undefined>([undefined, '0.0.0.0', '::']);
/** Listening on one of these, the origin answers as localhost. */
const OWN_ADDRESSES = new Set(['127.0.0.1', '::1', 'localhost']);

/** What somebody who has just started an origin wants to know. */
export function banner({ origin, options, streamKeys, adminPassword, networkAddresses }: BannerFacts): string {
  const { port, scheme } = origin;
  const { host, 'public-url': publicUrl } = options;
  const isEverywhere = EVERY_ADDRESS.has(host);
  const localHost = host === undefined || isEverywhere || OWN_ADDRESSES.has(host) ? 'localhost' : bracketed(host);
  const addresses = isEverywhere ? networkAddresses : [];
  const network = addresses.map((address) => `${scheme}://${address}:${port}`);
  const local = `${scheme}://${localHost}:${port}`;
  const own = publicUrl ?? local;
  const at: Addresses = { own, network, shared: publicUrl ?? network[0] ?? local };
  const rtmp: Line = ['RTMP', rtmpLine(origin.rtmpPort, { host: addresses[0] ?? localHost, wantedPort: options['rtmp-port'] })];
  const administration: Line[] = [
    ['Administer', `${own}/admin`],
    ...(adminPassword === undefined ? [] : [['password', `${adminPassword}   shown this once; to set another: npm run set-password`] as const]),
  ];
  const channels = origin.channels.list();
  const only = options.channels ? undefined : channels.find(({ settings }) => settings.slug === options.slug);
  const groups = only
    ? [[...onlyChannel(only, { origin, at, rtmp, key: streamKeys.get(options.slug) ?? '' }), ...administration]]
    : [
        [['Watch', `${own}/`] as const, ...network.map((address): Line => ['on the network', `${address}/`]), rtmp, ...administration],
        ...channels.map((channel) => listedChannel(channel, { origin, at, key: streamKeys.get(channel.settings.slug) })),
      ];
  const width = Math.max(...groups.flat().map(([name]) => name.length));
  return groups.map((lines) => ['', ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n')).join('');
}

type Shown = Pick<Channel, 'published' | 'settings'>;

function onlyChannel(channel: Shown, facts: Pick<BannerFacts, 'origin'> & { readonly at: Addresses; readonly rtmp: Line; readonly key: string }): Line[] {
  const { origin, at, rtmp, key } = facts;
  const { slug } = channel.settings;
  return [
    ['Watch', `${at.own}/watch/${slug}`],
    ...at.network.map((address): Line => ['on the network', `${address}/watch/${slug}`]),
    ['HLS', `${at.own}/live/${slug}/index.m3u8`],
    rtmp,
    ['stream key', key],
    ...inputLines(channel, at),
    ['Link', magnetOf(channel, { origin, at })],
  ];
}

function listedChannel(channel: Shown, facts: Pick<BannerFacts, 'origin'> & { readonly at: Addresses; readonly key: string | undefined }): Line[] {
  const { origin, at, key } = facts;
  const { slug, title } = channel.settings;
  return [
    [slug, title],
    ['Watch', `${at.own}/watch/${slug}`],
    ['HLS', `${at.own}/live/${slug}/index.m3u8`],
    ...(key === undefined ? [] : [['stream key', `${key} (made now, and not shown again)`] as const]),
    ...inputLines(channel, at),
    ['Link', magnetOf(channel, { origin, at })],
  ];
}

function magnetOf({ published }: Shown, { origin, at }: Pick<BannerFacts, 'origin'> & { readonly at: Addresses }): string {
  return formatMagnetLink(linkFor(published, { publisher: origin.publisher, trackers: origin.trackers, baseUrl: at.shared }));
}

/** Where its picture comes in, where that is an address of its own. */
function inputLines({ settings: { input, slug } }: Shown, at: Addresses): Line[] {
  if (input.kind === 'srt') return [['SRT', `srt://${new URL(at.shared).hostname}:${input.port}`]];
  if (input.kind === 'none') return [['input', 'none: it shows nothing until it is given one']];
  // Cameras are given to https pages, and to those of the machine itself.
  return input.kind === 'whip' ? [['Studio', `${at.own}/studio/${slug}`], ['WHIP', `${at.shared}/whip/${slug}`]] : [];
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
