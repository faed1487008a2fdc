/**
 * The engine by itself, without a runtime: for simulators and tests that bring their own time,
 * network and chance.
 */
export { PeerEngine, type EnginePorts } from '../engine/peer-engine.js';
export type { EngineState } from '../engine/engine-state.js';
export type { EngineCommand, EngineEvent, EngineInput, LinkId } from '../engine/engine-io.js';
export {
  DEFAULT_ENGINE_OPTIONS,
  MECHANISMS,
  resolveEngineOptions,
  type EngineIdentity,
  type EngineOptions,
  type Mechanism,
  type PartialEngineOptions,
  type ResolvedEngineOptions,
} from '../engine/engine-options.js';
export type { ChunkSources, MechanismCounters } from '../engine/counters.js';
export type { PlaybackPosition, UploadPolicy } from '../engine/viewer-input.js';
