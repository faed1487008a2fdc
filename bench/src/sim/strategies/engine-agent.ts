import {
  PeerEngine,
  type EngineCommand,
  type EngineIdentity,
  type EngineInput,
  type ResolvedEngineOptions,
} from '@p2ptv/peer/engine';
import type { ChunkRef } from '@p2ptv/protocol';
import type { PeerAgent, PeerAgentPorts, PeerAgentState } from '../peer-agent.js';

/** The project's own engine as a simulated peer; every baseline's origin is one too, unless it has a reason. */
export class EngineAgent implements PeerAgent {
  readonly #engine: PeerEngine;

  constructor(
    identity: EngineIdentity,
    runs: { readonly options: ResolvedEngineOptions; readonly ports: PeerAgentPorts },
  ) {
    this.#engine = new PeerEngine(identity, runs.options, runs.ports);
  }

  handle(nowMs: number, input: EngineInput): void {
    this.#engine.handle(nowMs, input);
  }

  takeCommands(): readonly EngineCommand[] {
    return this.#engine.takeCommands();
  }

  dueMs(): number {
    return this.#engine.dueMs;
  }

  uplinkBitsPerSecond(nowMs: number): number {
    return this.#engine.uplinkBitsPerSecond(nowMs);
  }

  bytesOf(chunk: ChunkRef): Uint8Array | undefined {
    return this.#engine.bytesOf(chunk);
  }

  has(chunk: ChunkRef): boolean {
    return this.#engine.has(chunk);
  }

  get state(): PeerAgentState {
    const { counters, verifiedBytes, sentMediaBytes, sentFrameBytes, neighbours } = this.#engine.state;
    return { counters, verifiedBytes, sentMediaBytes, sentFrameBytes, neighbourCount: neighbours.length };
  }
}
