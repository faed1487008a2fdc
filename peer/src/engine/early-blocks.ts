import type { ChunkKey } from '@p2ptv/protocol';
import type { SentBlock } from './download.js';
import type { LinkId } from './engine-io.js';

/** Blocks that may wait, per engine; bounds what a pusher can make us hold. */
const MAX_EARLY_BLOCKS = 64;

/** A block that came before its chunk's header was verified. */
export type EarlyBlock = { readonly linkId: LinkId; readonly key: ChunkKey; readonly block: SentBlock };

/** Blocks that wait for their header's signature. */
export class EarlyBlocks {
  #blocks: EarlyBlock[] = [];

  /** Keeps a block, if there is room. */
  add(block: EarlyBlock): void {
    if (this.#blocks.length < MAX_EARLY_BLOCKS) this.#blocks.push(block);
  }

  /** Takes out all blocks of a chunk, in the order in which they came. */
  take(key: ChunkKey): readonly EarlyBlock[] {
    if (this.#blocks.length === 0) return this.#blocks;
    const taken = this.#blocks.filter((block) => block.key === key);
    if (taken.length > 0) this.#blocks = this.#blocks.filter((block) => block.key !== key);
    return taken;
  }

  linkEnded(linkId: LinkId): void {
    this.#blocks = this.#blocks.filter((block) => block.linkId !== linkId);
  }
}
