import type { default as Hls, FragLoadedData } from 'hls.js';

type HandedFragment = { wholeBytes: number; readonly partBytes: Map<number, number> };

/** Counts the unique media bytes that an hls.js instance was handed, whoever loaded them for it. */
export class HandedMedia {
  readonly #fragments = new Map<string, HandedFragment>();

  /** Counts for the rest of the instance's life. */
  watch(hls: Hls): void {
    const { Events } = hls.constructor as typeof Hls;
    hls.on(Events.FRAG_LOADED, (_name, data) => this.#loaded(data));
  }

  /** A part that is loaded again, or with its whole segment, counts once. */
  get bytes(): number {
    let sum = 0;
    for (const fragment of this.#fragments.values()) sum += bytesOf(fragment);
    return sum;
  }

  /** The same by segment; a segment has the same name in every viewer. */
  get segments(): Record<string, number> {
    return Object.fromEntries([...this.#fragments].map(([name, fragment]) => [name, bytesOf(fragment)]));
  }

  #loaded({ frag, part }: FragLoadedData): void {
    if (frag.sn === 'initSegment') return;
    const key = `${frag.type}/${frag.level}/${frag.sn}`;
    const fragment = this.#fragments.get(key) ?? { wholeBytes: 0, partBytes: new Map<number, number>() };
    this.#fragments.set(key, fragment);
    // Not the payload's length: hls.js may have passed it on to its worker already.
    if (part) fragment.partBytes.set(part.index, part.stats.loaded);
    else fragment.wholeBytes = frag.stats.loaded;
  }
}

function bytesOf({ wholeBytes, partBytes }: HandedFragment): number {
  const inParts = [...partBytes.values()].reduce((bytes, next) => bytes + next, 0);
  return Math.max(wholeBytes, inParts);
}
