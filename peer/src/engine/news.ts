import type { WireMessage } from '@p2ptv/protocol';
import type { EngineInput } from './engine-io.js';

/** What neighbours tell by the dozen, and of which most changes nothing. */
const NEWS: ReadonlySet<WireMessage['kind']> = new Set(['header', 'have', 'incoming', 'holdings', 'offers', 'status', 'pong']);

/** True for an input after which a look at everything may cost more than the input itself. */
export function isNews(input: EngineInput): boolean {
  return input.kind === 'message' && NEWS.has(input.message.kind);
}
