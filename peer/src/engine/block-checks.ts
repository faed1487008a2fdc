import type { ChunkKey } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';

/** A block whose digest is being computed. */
export type BlockCheck = {
  readonly key: ChunkKey;
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Who sent it. */
  readonly from: LinkId | 'origin';
};

/** Blocks between their arrival and their digest. Nothing here has been stored, played or forwarded. (SPEC IN8–IN14) */
export class BlockChecks {
  readonly #context: EngineContext;
  readonly #waiting = new Map<number, BlockCheck>();
  #nextDigestId = 1;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  start(check: BlockCheck): void {
    const digestId = this.#nextDigestId++;
    this.#waiting.set(digestId, check);
    this.#context.command({ kind: 'digestBlock', digestId, bytes: check.bytes });
  }

  /** True while the same block of the same sender is being checked: one who repeats it burns no time of ours. */
  isWaiting(block: Omit<BlockCheck, 'bytes'>): boolean {
    for (const { key, index, from } of this.#waiting.values()) {
      if (key === block.key && index === block.index && from === block.from) return true;
    }
    return false;
  }

  finish(digestId: number): BlockCheck | undefined {
    const check = this.#waiting.get(digestId);
    this.#waiting.delete(digestId);
    return check;
  }
}
