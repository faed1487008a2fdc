import type Hls from 'hls.js';
import type { FragmentLoaderContext, HlsConfig, PlaylistLoaderContext } from 'hls.js';
import { createMeshLoader, type MeshLoaderSource } from './mesh-loader.js';

/**
 * Sets an hls.js instance up for the mesh, in place.
 *
 * @returns what puts the settings back as they were
 */
export function applyMeshSettings(hls: Hls, source: MeshLoaderSource): () => void {
  const settings: Partial<HlsConfig> = {
    pLoader: createMeshLoader<PlaylistLoaderContext>(source),
    fLoader: createMeshLoader<FragmentLoaderContext>(source),
    lowLatencyMode: true,
    // The playback rate and the target delay are the library's (PlaybackDriver).
    maxLiveSyncPlaybackRate: 1,
    liveSyncOnStallIncrease: 0,
    // Loads from memory say nothing about the network.
    testBandwidth: false,
  };
  // Also what changes while the mesh runs.
  const keys = [...Object.keys(settings), 'liveSyncDuration'] as (keyof HlsConfig)[];
  const config = hls.config as Partial<Record<keyof HlsConfig, unknown>>;
  const before = new Map(keys.map((key) => [key, config[key]]));
  Object.assign(config, settings);
  return () => {
    for (const [key, value] of before) config[key] = value;
  };
}
