/** Bytes of a stream that have arrived and are not yet used: what parsers of streams that are cut anywhere read from. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes; they are kept by reference. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** The next bytes in one piece, without using them up; undefined while there are fewer. */
  peek(length: number): Uint8Array | undefined {
    if (this.#length < length) return undefined;
    const [first] = this.#pieces;
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    const joined = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, offset);
      offset += piece.length;
    }
    this.#pieces = [joined];
    return joined.subarray(0, length);
  }

  /** Uses up bytes that {@link peek} gave. */
  drop(length: number): void {
    const [first] = this.#pieces;
    if (first === undefined) return;
    this.#length -= length;
    if (first.length === length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(length);
  }

  /** Forgets everything. */
  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }
}
