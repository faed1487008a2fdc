import type Hls from 'hls.js';
import type { FragmentLoaderContext, HlsConfig, PlaylistLoaderContext } from 'hls.js';
import { createMeshLoader, type MeshLoaderSource } from './mesh-loader.js';

/** Ahead of the playhead so much is buffered of a recording, s: the engine wants what begins within 10 s (SPEC OD3), by segments of 2 s. */
const RECORDED_BUFFER_SECONDS = 7;
/** Behind the playhead so much stays in the player's buffer, s. */
const RECORDED_BACK_BUFFER_SECONDS = 60;

/**
 * Sets hls.js up for playing by whole segments, which come part by part, in place.
 *
 * @param startSeconds where playback begins
 * @returns what puts the settings back as they were
 */
export function applyRecordedSettings(hls: Hls, startSeconds: number): () => void {
  return applySettings(hls, {
    lowLatencyMode: false,
    progressive: true,
    maxBufferLength: RECORDED_BUFFER_SECONDS,
    maxMaxBufferLength: RECORDED_BUFFER_SECONDS,
    backBufferLength: RECORDED_BACK_BUFFER_SECONDS,
    startPosition: startSeconds,
  });
}

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
  return applySettings(hls, settings, ['liveSyncDuration']);
}

/** @param also keys that change later, and are put back too */
function applySettings(hls: Hls, settings: Partial<HlsConfig>, also: readonly (keyof HlsConfig)[] = []): () => void {
  const keys = [...(Object.keys(settings) as (keyof HlsConfig)[]), ...also];
  const config = hls.config as Partial<Record<keyof HlsConfig, unknown>>;
  const before = new Map(keys.map((key) => [key, config[key]]));
  Object.assign(config, settings);
  return () => {
    for (const [key, value] of before) config[key] = value;
  };
}
