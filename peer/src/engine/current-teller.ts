import type { NewsTeller } from './announcer.js';
import type { StoredChunk } from './chunk-store.js';
import type { Neighbour } from './neighbours.js';

/** The way in which this peer tells its neighbours of chunks now: another one live than of a recording. */
export class CurrentTeller implements NewsTeller {
  teller: NewsTeller | undefined;

  announce(nowMs: number, chunk: StoredChunk, holding: 'incoming' | 'complete'): void {
    this.teller?.announce(nowMs, chunk, holding);
  }

  greet(nowMs: number, neighbour: Neighbour): void {
    this.teller?.greet(nowMs, neighbour);
  }

  tell(nowMs: number, neighbour: Neighbour, chunk: StoredChunk): boolean {
    return this.teller?.tell(nowMs, neighbour, chunk) ?? false;
  }
}
