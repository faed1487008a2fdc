import { MediaTimeline, type ChunkHeader, type ChunkRef, type ChunkSequence } from '@p2ptv/protocol';

/** What is listed is kept so long, ms: as long as the engine keeps it (peer/SPEC PT7). */
const KEEP_MS = 40_000;

/**
 * One timeline of parts of several renditions, as the engine changes between them. Players know of no change within a
 * level but a discontinuity, which may cut a segment short: so segments, parts and epochs have numbers of their own here.
 */
export class SwitchingTimeline {
  readonly timeline = new MediaTimeline();
  /** What stands behind the sequences of this timeline. */
  readonly #refs = new Map<number, ChunkRef>();
  #last: { readonly header: ChunkHeader; readonly told: ChunkHeader } | undefined;
  #switches = 0;

  /** Adds the next part that is ready. */
  append(header: ChunkHeader, isRestart: boolean): void {
    const last = this.#last;
    const told: ChunkHeader = { ...header, ...this.#place(header, isRestart) };
    const result = this.timeline.append(told);
    if (result === 'outOfOrder') return;
    if (result === 'restarted' && last) this.#refs.clear();
    this.#refs.set(told.sequence, { rendition: header.rendition, sequence: header.sequence });
    this.#last = { header, told };
    for (const { parts } of this.timeline.trim(KEEP_MS)) for (const { sequence } of parts) this.#refs.delete(sequence);
  }

  /** The chunk behind a sequence of this timeline; undefined when it is not listed. */
  chunkOf(sequence: number): ChunkRef | undefined {
    return this.#refs.get(sequence);
  }

  #place(header: ChunkHeader, isRestart: boolean): Pick<ChunkHeader, 'sequence' | 'epoch' | 'mediaSequence' | 'partIndex'> {
    const last = this.#last;
    if (!last) return header;
    const sequence = (last.told.sequence + 1) as ChunkSequence;
    const { mediaSequence } = last.told;
    // A number left out makes a timeline begin anew.
    if (isRestart) return { sequence, epoch: header.epoch + this.#switches, mediaSequence: mediaSequence + 2, partIndex: header.partIndex };
    const isSwitch = last.header.rendition !== header.rendition;
    if (isSwitch) this.#switches++;
    const epoch = header.epoch + this.#switches;
    const isSameSegment = !isSwitch && last.header.mediaSequence === header.mediaSequence && last.header.epoch === header.epoch;
    if (isSameSegment) return { sequence, epoch, mediaSequence, partIndex: last.told.partIndex + 1 };
    return { sequence, epoch, mediaSequence: mediaSequence + 1, partIndex: 0 };
  }
}
