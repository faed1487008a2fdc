export type {
  ChunkSources,
  MechanismCounters,
  NeighbourStats,
  PeerSession,
  PeerSessionEvents,
  PeerSessionStats,
  PlaybackPosition,
  SeederSession,
  UploadPolicy,
} from './runtime/peer-session.js';
