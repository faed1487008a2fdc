import type { StartSystem } from './system.js';

type SystemModule = { readonly start: StartSystem };

/** A system under test: its code is loaded in the viewer's page only. */
export type RegisteredSystem = {
  /** What it is and what it was set to, in one line for people. */
  readonly summary: string;
  /** How much of the stream has to be there before it can begin, s, where it stays far behind. */
  readonly headStartSeconds?: number;
  /** Whether its viewers find each other by a WebTorrent tracker. */
  readonly needsWebTorrentTracker?: boolean;
  readonly load: () => Promise<SystemModule>;
};

/** As far behind as p2p-media-loader stays when tuned, and some. */
const EIGHT_SEGMENTS_SECONDS = 20;
/** With its defaults it may go to the beginning of the playlist: until that has its minute, each viewer finds another one. */
const WHOLE_PLAYLIST_SECONDS = 62;

/** Every system there is; a new one is a file in this folder and a line here. */
export const SYSTEMS = {
  p2ptv: { summary: 'P2PTV: attachP2ptv with its defaults', load: () => import('./p2ptv.js') },
  'p2ptv-off': { summary: 'P2PTV without peers: hasPeers false, the same target delay', load: () => import('./p2ptv-off.js') },
  hlsjs: { summary: 'plain hls.js 1.7 from the origin: lowLatencyMode, defaults', load: () => import('./hlsjs.js') },
  'hlsjs-tuned': {
    summary: 'hls.js allowed to catch up: maxLiveSyncPlaybackRate 1.5, PART-HOLD-BACK of 3 parts',
    load: () => import('./hlsjs-tuned.js'),
  },
  'p2p-media-loader': {
    summary: 'p2p-media-loader 2.3.1 tuned: plain HLS with segments of 2 s, liveSyncDurationCount 8, highDemandTimeWindow 4, simultaneousHttpDownloads 1',
    headStartSeconds: EIGHT_SEGMENTS_SECONDS,
    needsWebTorrentTracker: true,
    load: () => import('./p2p-media-loader.js'),
  },
  'p2p-media-loader-default': {
    summary: 'p2p-media-loader 2.3.1 with its defaults: plain HLS with segments of 2 s',
    headStartSeconds: WHOLE_PLAYLIST_SECONDS,
    needsWebTorrentTracker: true,
    load: () => import('./p2p-media-loader-default.js'),
  },
} as const satisfies Readonly<Record<string, RegisteredSystem>>;

/** A key of {@link SYSTEMS}. */
export type SystemName = keyof typeof SYSTEMS;

/** Whether there is a system of that name. */
export function isSystemName(name: string): name is SystemName {
  return Object.hasOwn(SYSTEMS, name);
}

/** A system's entry. */
export function systemOf(name: SystemName): RegisteredSystem {
  return SYSTEMS[name];
}
