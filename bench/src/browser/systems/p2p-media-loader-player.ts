import Hls, { type HlsConfig } from 'hls.js';
import { HlsJsP2PEngine } from 'p2p-media-loader-hlsjs';

import { HandedMedia } from './handed-media.js';
import { watchFatalErrors } from './fatal-error.js';
import { PlainPlaylistLoader } from './plain-playlist-loader.js';
import type { RunningSystem, StreamAddresses } from './system.js';

type EngineSettings = NonNullable<ConstructorParameters<typeof HlsJsP2PEngine>[0]>;

/** What may be set, beside where the tracker is. */
export type P2pMediaLoaderSettings = {
  readonly hls?: Partial<HlsConfig>;
  readonly core?: EngineSettings['core'];
};

/**
 * p2p-media-loader with hls.js, on whole segments and plain playlists. It hands parts to hls.js's own
 * loader, so with `lowLatencyMode` nothing would go from peer to peer; and it knows a playlist by its
 * address, so that it would miss all segments that come with delivery directives (`?_HLS_msn=`).
 * hls.js is its ES module, which has no worker: a worker would take the very buffers that the engine
 * means to pass on.
 *
 * @throws Error when the bench runs no tracker for it
 */
export function startP2pMediaLoader(video: HTMLVideoElement, stream: StreamAddresses, settings: P2pMediaLoaderSettings): RunningSystem {
  const { webTorrentTrackerUrl, playlistUrl } = stream;
  if (webTorrentTrackerUrl === undefined) throw new Error('p2p-media-loader needs a tracker.');
  const HlsWithPeers = HlsJsP2PEngine.injectMixin(Hls);
  const hls = new HlsWithPeers({
    lowLatencyMode: false,
    loader: PlainPlaylistLoader,
    ...settings.hls,
    p2p: { core: { ...settings.core, announceTrackers: [webTorrentTrackerUrl], rtcConfig: { iceServers: [] }, swarmId: playlistUrl } },
  });
  const handed = new HandedMedia();
  handed.watch(hls);
  const fatalError = watchFatalErrors(hls);
  const bytes = { http: 0, p2p: 0 };
  hls.p2pEngine.addEventListener('onChunkDownloaded', (length, source) => {
    bytes[source] += length;
  });
  hls.loadSource(playlistUrl);
  hls.attachMedia(video);
  return {
    figures: () => ({
      handedBytes: handed.bytes,
      handedSegments: handed.segments,
      mediaBytes: { origin: bytes.http, peers: bytes.p2p },
      received: undefined,
      chunksVerified: 0,
      chunksRejected: 0,
      mechanisms: {},
      problem: fatalError(),
    }),
    stop: () => hls.destroy(),
  };
}
