import type { EngineCommand, EngineInput } from '@p2ptv/peer/engine';
import type { PeerAgent, PeerAgentState } from '../../peer-agent.js';

/** The origin's peer where a strategy has no seeder: it links to nobody and sends nothing. */
export class SilentSeeder implements PeerAgent {
  #commands: EngineCommand[] = [];

  readonly state: PeerAgentState = {
    counters: {},
    verifiedBytes: { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 },
    sentMediaBytes: 0,
    sentFrameBytes: 0,
    neighbourCount: 0,
  };

  handle(_nowMs: number, input: EngineInput): void {
    if (input.kind === 'linkOpened') this.#commands.push({ kind: 'closeLink', linkId: input.linkId, reason: 'idle' });
  }

  takeCommands(): readonly EngineCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  dueMs(): number {
    return Infinity;
  }

  uplinkBitsPerSecond(): number {
    return 0;
  }
}
