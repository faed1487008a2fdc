import type { ChunkHeader, SignedChunkHeader } from '@p2ptv/protocol';

type Place = {
  readonly header: ChunkHeader;
  /** Sequence of the part that follows; undefined: nobody here knows. After a crash the publisher leaves some out. */
  next: number | undefined;
};

/** How far a walk through a recording has come. */
export type Walk = {
  /** The last part that was visited. */
  readonly last: ChunkHeader | undefined;
  /** It came to a place after which headers are missing. */
  readonly isBroken: boolean;
};

/**
 * The order of a recording's parts, as far as headers are known: stretches around the places that were played, and
 * holes between them. (SPEC OD2)
 */
export class RecordingMap {
  /** Verified parts by sequence, which is the order of their dates too. */
  readonly #places: Place[] = [];
  /** What is known to follow parts that are not verified yet. */
  readonly #nextOf = new Map<number, number>();
  #lastSequence: number | undefined;

  /** Notes in which order parts stand in an answer of the origin; they count only once they are verified. */
  link(batch: readonly SignedChunkHeader[], isEnd: boolean): void {
    batch.forEach(({ header: { sequence } }, index) => {
      const next = batch[index + 1]?.header.sequence;
      if (next === undefined) return;
      const place = this.#find(sequence);
      if (place) place.next = next;
      else this.#nextOf.set(sequence, next);
    });
    const last = batch.at(-1);
    if (isEnd && last) this.#lastSequence = last.header.sequence;
  }

  /** Notes a verified header. */
  add(header: ChunkHeader): void {
    const index = this.#countWhile((other) => other.sequence <= header.sequence);
    if (this.#places[index - 1]?.header.sequence === header.sequence) return;
    this.#places.splice(index, 0, { header, next: this.#nextOf.get(header.sequence) });
    this.#nextOf.delete(header.sequence);
  }

  /** True for a part whose header is verified. */
  has(sequence: number): boolean {
    return this.#find(sequence) !== undefined;
  }

  /** Visits the parts from a date on, ms since the Unix epoch, while `visit` says to go on and it is known what follows. */
  walk(dateMs: number, visit: (header: ChunkHeader) => boolean): Walk {
    let last: ChunkHeader | undefined;
    for (let index = this.#indexAt(dateMs); ; index++) {
      const place = this.#places[index];
      if (!place || (last && this.#places[index - 1]?.next !== place.header.sequence)) {
        return { last, isBroken: last?.sequence !== this.#lastSequence || last === undefined };
      }
      if (!visit(place.header)) return { last, isBroken: false };
      last = place.header;
    }
  }

  /** The independent part at or before a date, where playback can begin; undefined: unknown. */
  entryAt(dateMs: number): ChunkHeader | undefined {
    return this.#entryUpTo(this.#indexAt(dateMs));
  }

  /** The same of a part: mostly that part. */
  entryWith(sequence: number): ChunkHeader | undefined {
    return this.has(sequence) ? this.#entryUpTo(this.#countWhile((header) => header.sequence <= sequence) - 1) : undefined;
  }

  #entryUpTo(from: number): ChunkHeader | undefined {
    for (let index = from; index >= 0; index--) {
      const header = this.#places[index]?.header;
      if (!header || header.isIndependent) return header;
      if (this.#places[index - 1]?.next !== header.sequence) return undefined;
    }
    return undefined;
  }

  /** Index of the part that is played at a date; beyond all where that is unknown. */
  #indexAt(dateMs: number): number {
    const index = this.#countWhile((header) => header.programDateTimeMs <= dateMs) - 1;
    const found = this.#places[index];
    if (!found) return this.#places.length;
    const { header, next } = found;
    if (dateMs < header.programDateTimeMs + header.durationUs / 1000 || header.sequence === this.#lastSequence) return index;
    // Between two parts: the dates are rounded, or the publisher was away.
    return next !== undefined && this.#places[index + 1]?.header.sequence === next ? index + 1 : this.#places.length;
  }

  #find(sequence: number): Place | undefined {
    const found = this.#places[this.#countWhile((other) => other.sequence <= sequence) - 1];
    return found?.header.sequence === sequence ? found : undefined;
  }

  /** How many at the beginning are so; none is after the first that is not. */
  #countWhile(isSo: (header: ChunkHeader) => boolean): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = this.#places[middle];
      if (place && isSo(place.header)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
