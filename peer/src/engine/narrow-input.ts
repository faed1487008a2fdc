import type { WireMessage } from '@p2ptv/protocol';
import type { EngineInput } from './engine-io.js';

/** They may change anything: whom this peer is linked to, or whom it knows. */
const WIDE_MESSAGES: ReadonlySet<WireMessage['kind']> = new Set(['hello', 'bye', 'peers', 'relay']);

/** Other inputs of which most change next to nothing. */
const NARROW_KINDS: ReadonlySet<EngineInput['kind']> = new Set(['blockDigested', 'fetchBytes', 'linkDrained', 'cacheTold']);

/**
 * True for inputs that come by the hundred a second and of which most change next to nothing. Who
 * handles one says itself when there is more to do (EngineContext.stir); else only uploads go on.
 */
export function isNarrow(input: EngineInput): boolean {
  return input.kind === 'message' ? !WIDE_MESSAGES.has(input.message.kind) : NARROW_KINDS.has(input.kind);
}
