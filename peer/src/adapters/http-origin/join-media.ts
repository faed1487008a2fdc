import { chunkKey, type ChunkHeader, type ChunkKey, type ChunkRef } from '@p2ptv/protocol';

type Arriving = {
  readonly byteLength: number;
  readonly pieces: Uint8Array[];
  receivedBytes: number;
  /** Called when there is more, and when no more will come. */
  changed: (() => void) | undefined;
};

/** The parts that a join answer brings, one behind the other in the order of its headers, while they come. */
export class JoinMedia {
  /** Those that nobody has asked for yet. */
  readonly #chunks = new Map<ChunkKey, Arriving>();
  readonly #order: readonly Arriving[];
  #current = 0;
  #isOver = false;

  constructor(headers: readonly Pick<ChunkHeader, 'rendition' | 'sequence' | 'byteLength'>[]) {
    this.#order = headers.map(({ rendition, sequence, byteLength }) => {
      const arriving: Arriving = { byteLength, pieces: [], receivedBytes: 0, changed: undefined };
      this.#chunks.set(chunkKey(rendition, sequence), arriving);
      return arriving;
    });
  }

  /** Takes the next bytes of the answer. What is more than was announced is dropped. */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    for (let arriving = this.#order[this.#current]; arriving && rest.length > 0; arriving = this.#order[this.#current]) {
      const piece = rest.subarray(0, arriving.byteLength - arriving.receivedBytes);
      rest = rest.subarray(piece.length);
      arriving.pieces.push(piece);
      arriving.receivedBytes += piece.length;
      if (arriving.receivedBytes === arriving.byteLength) this.#current++;
      arriving.changed?.();
    }
  }

  /** Nothing more comes, whether all has come or not. */
  end(): void {
    this.#isOver = true;
    for (const arriving of this.#order) arriving.changed?.();
  }

  /**
   * Passes a chunk on from `firstByte` as it comes, once: who asks again is told that there is none.
   * It ends with the chunk, with an answer that breaks off, and at once where the answer does not bring the chunk.
   */
  async read({ rendition, sequence }: ChunkRef, firstByte: number, take: (bytes: Uint8Array) => void): Promise<void> {
    const key = chunkKey(rendition, sequence);
    const arriving = this.#chunks.get(key);
    if (!arriving) return;
    this.#chunks.delete(key);
    let position = 0;
    for (;;) {
      for (const piece of arriving.pieces.splice(0)) {
        const wanted = piece.subarray(Math.min(piece.length, Math.max(0, firstByte - position)));
        position += piece.length;
        if (wanted.length > 0) take(wanted);
      }
      if (position === arriving.byteLength || this.#isOver) return;
      await new Promise<void>((resolve) => (arriving.changed = resolve));
    }
  }
}
