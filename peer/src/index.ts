export type { ChunkSources, MechanismCounters } from './engine/counters.js';
export type { EngineOptions, PartialEngineOptions } from './engine/engine-options.js';
export { DEFAULT_ENGINE_OPTIONS } from './engine/engine-options.js';
export { MIN_UPLOAD_CAP_BITS_PER_SECOND } from './engine/token-bucket.js';
export type { PlaybackPosition, UploadPolicy } from './engine/viewer-input.js';
export type { CacheSize } from './ports/chunk-cache.js';
export type { Link, LinkEnd, LinkListener, RemotePeer } from './ports/link.js';
export type { Credentials, DialFailure, LinkTransport, LinkTransportListener } from './ports/link-transport.js';
export type { Cancel, OriginClient, OriginFailure, RecordedList } from './ports/origin-client.js';
export type { Uplink } from './ports/uplink.js';
export { EventHub } from './runtime/event-hub.js';
export { PeerSessionError, type PeerSessionErrorCode } from './runtime/errors.js';
export type {
  KeptStats,
  NeighbourStats,
  PeerSession,
  PeerSessionEvents,
  PeerSessionStats,
  RecordedListener,
  SeederSession,
  SoughtPlace,
} from './runtime/peer-session.js';
