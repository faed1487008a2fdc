import { chunkKey, MediaTimeline, type ChunkHeader, type ChunkKey } from '@p2ptv/protocol';

type Ahead = { readonly header: ChunkHeader; readonly acceptedAtMs: number };

/** When playback may begin with another part than was planned; times are the engine's, ms. */
export type Leap = {
  /** From then on it begins with the first independent part that is there with {@link START_RUN_MS} of what follows. */
  readonly atMs: number;
  /** Until then only where what is there reaches to within {@link START_LAG_MS} of the live edge. */
  readonly patientUntilMs: number;
  /** Until `patientUntilMs` no part is begun with before its date (program date-time, ms) plus this; -Infinity: at once. */
  readonly notBeforeDatePlusMs: number;
};

/** What the timeline needs to know of a chunk. */
export type ChunkState = 'complete' | 'coming' | 'lost';

/** Headers that are missing before a known one are waited for so long, ms. */
const MISSING_HEADER_PATIENCE_MS = 1_500;
/** Where playback may begin anywhere, so much must be there without a hole, ms: it is not to stand still at once. */
const START_RUN_MS = 800;
/** Where peers are to bring all of it, no more than this may lie between what is there and the live edge: else they are behind, and playback would soon stand still, ms. */
const START_LAG_MS = 800;
/** While it waits for such a place, the start moves to each independent part that the live edge has passed by so much, ms. */
const MOVED_START_LAG_MS = 400;
/** After the publisher's restart, parts of the cut segment may still be told of for so long, ms. */
const CUT_SEGMENT_PATIENCE_MS = 400;

/**
 * Puts verified chunks into play order. Only what is whole and follows without a hole is in the
 * timeline; what is lost for good is jumped over to the next independent part. (SPEC PT1–PT6)
 */
export class PlayableTimeline {
  readonly timeline = new MediaTimeline();
  /** Known headers after the timeline's end, by sequence. */
  readonly #ahead: Ahead[] = [];
  /** The newest header that was appended, lost or left behind. */
  #passed: ChunkHeader | undefined;
  #startSequence: number | undefined;
  /** Capture date at which another rendition goes on, ms. */
  #endsAtDateMs = Infinity;
  #leap: Leap | undefined;
  /** When playback begins, once it is decided with which part; undefined before. */
  #beginsAtMs: number | undefined;

  /**
   * Playback begins here: what is older is not wanted.
   *
   * @param leap when it may begin with another part
   */
  startAt(header: ChunkHeader, leap?: Leap): void {
    if (this.#startSequence !== undefined) return;
    this.#startSequence = header.sequence;
    this.#leap = leap;
  }

  /**
   * While it waits for a place near the live edge: moves the start to the last independent part that
   * lies {@link MOVED_START_LAG_MS} before the edge. Whoever went on to ask for what is older would
   * be as far behind when it has come.
   *
   * @returns the new start, if it moved
   */
  moveStart(nowMs: number): ChunkHeader | undefined {
    if (this.#passed || this.#beginsAtMs !== undefined || !this.#leap) return undefined;
    if (nowMs < this.#leap.atMs || nowMs >= this.#leap.patientUntilMs) return undefined;
    const edgeMs = this.#ahead.at(-1)?.header.programDateTimeMs ?? -Infinity;
    const index = this.#ahead.findLastIndex(({ header }) => header.isIndependent && header.programDateTimeMs <= edgeMs - MOVED_START_LAG_MS);
    const first = this.#ahead[index]?.header;
    if (index <= 0 || !first) return undefined;
    this.#ahead.splice(0, index);
    this.#startSequence = first.sequence;
    return first;
  }

  /** Another rendition goes on here: parts from this date on are not wanted. */
  endAt(dateMs: number): void {
    this.#endsAtDateMs = dateMs;
    const first = this.#ahead.findIndex(({ header }) => !this.isWithin(header));
    if (first >= 0) this.#ahead.length = first;
  }

  /** Capture date at which what was appended, lost or left behind ends, ms; undefined: nothing was yet. */
  get reachedDateMs(): number | undefined {
    return this.#passed && this.#passed.programDateTimeMs + this.#passed.durationUs / 1000;
  }

  /** The sequence below which chunks are of no use; undefined until the start is known. */
  get neededFrom(): number | undefined {
    return this.#passed ? this.#passed.sequence + 1 : this.#startSequence;
  }

  /**
   * The sequence after which a header is missing, once it has been for a part's length: neighbours
   * often tell in another order.
   */
  missingAfter(nowMs: number): number | undefined {
    return this.hasHole && nowMs >= this.#gapKnownAtMs ? this.#passed?.sequence : undefined;
  }

  get #gapKnownAtMs(): number {
    const head = this.#ahead[0];
    return head ? head.acceptedAtMs + head.header.durationUs / 1000 : Infinity;
  }

  /** True when a header before a known one is missing. */
  get hasHole(): boolean {
    const head = this.#ahead[0];
    return head !== undefined && this.#passed !== undefined && !isNext(this.#passed, head.header);
  }

  /** When {@link advance} wants to run again although nothing was completed. */
  dueMs(nowMs: number): number {
    const head = this.#ahead[0];
    if (!head) return Infinity;
    if (!this.#passed && this.#leap) {
      const startsMs = [this.#leap.atMs, this.#beginsAtMs ?? this.#leap.patientUntilMs].find((atMs) => atMs > nowMs);
      if (startsMs !== undefined) return startsMs;
    }
    if (this.hasHole && this.#gapKnownAtMs > nowMs) return this.#gapKnownAtMs;
    const dueMs = head.acceptedAtMs + (this.hasHole ? MISSING_HEADER_PATIENCE_MS : CUT_SEGMENT_PATIENCE_MS);
    // Once patience is over only news of the chunk itself changes anything.
    return dueMs > nowMs ? dueMs : Infinity;
  }

  /** Notes a verified header. */
  accepted(nowMs: number, header: ChunkHeader): void {
    const neededFrom = this.neededFrom;
    if (neededFrom === undefined || header.sequence < neededFrom || !this.isWithin(header)) return;
    let index = this.#ahead.length;
    while (index > 0 && (this.#ahead[index - 1]?.header.sequence ?? 0) > header.sequence) index--;
    if (this.#ahead[index - 1]?.header.sequence === header.sequence) return;
    this.#ahead.splice(index, 0, { header, acceptedAtMs: nowMs });
  }

  /** Appends all that may be appended now; the result names those parts in order. */
  advance(nowMs: number, stateOf: (key: ChunkKey) => ChunkState): { header: ChunkHeader; isRestart: boolean }[] {
    const appended: { header: ChunkHeader; isRestart: boolean }[] = [];
    if (!this.#passed && this.#leap && nowMs >= this.#leap.atMs) {
      this.#beginsAtMs ??= this.#place(nowMs, this.#leap, stateOf);
      if (this.#beginsAtMs === undefined || nowMs < this.#beginsAtMs) return appended;
    }
    for (let head = this.#ahead[0]; head; head = this.#ahead[0]) {
      const { header } = head;
      const { last } = this.timeline;
      const state = stateOf(chunkKey(header.rendition, header.sequence));
      if (state === 'coming') break;
      if (state !== 'lost' && this.#passed && !this.#mayFollow(nowMs, this.#passed, head)) break;
      this.#ahead.shift();
      this.#passed = header;
      if (state === 'lost') continue;
      // A segment that lost a part is left: its other parts would stand at new indices in the playlist.
      if (last?.epoch === header.epoch && !isNext(last, header) && header.mediaSequence <= last.mediaSequence) continue;
      const result = this.timeline.append(header);
      if (result !== 'outOfOrder') appended.push({ header, isRestart: result === 'restarted' });
    }
    return appended;
  }

  /** True for parts before the end; by their middle, as dates are rounded. */
  isWithin({ programDateTimeMs, durationUs }: ChunkHeader): boolean {
    return programDateTimeMs + durationUs / 2000 < this.#endsAtDateMs;
  }

  /** Finds where enough of the media are there, whatever was to come before; returns when playback begins with it, ms. */
  #place(nowMs: number, leap: Leap, stateOf: (key: ChunkKey) => ChunkState): number | undefined {
    const mostLagMs = nowMs < leap.patientUntilMs ? START_LAG_MS : Infinity;
    const edge = this.#ahead.at(-1)?.header;
    let from: number | undefined;
    let runMs = 0;
    for (const [index, { header }] of this.#ahead.entries()) {
      const before = this.#ahead[index - 1]?.header;
      const isWhole = stateOf(chunkKey(header.rendition, header.sequence)) === 'complete';
      if (!isWhole || (before && from !== undefined && !isNext(before, header))) from = undefined;
      if (!isWhole) continue;
      if (from === undefined) {
        if (!header.isIndependent) continue;
        from = index;
        runMs = 0;
      }
      runMs += header.durationUs / 1000;
      const lagMs = (edge ?? header).programDateTimeMs - header.programDateTimeMs;
      if (runMs < START_RUN_MS || lagMs > mostLagMs) continue;
      this.#ahead.splice(0, from);
      // The publisher's clock may leap, and then dates say nothing of when.
      return Math.min(leap.patientUntilMs, (this.#ahead[0]?.header.programDateTimeMs ?? 0) + leap.notBeforeDatePlusMs);
    }
    return undefined;
  }

  #mayFollow(nowMs: number, passed: ChunkHeader, head: Ahead): boolean {
    if (!isNext(passed, head.header)) return this.#isOverdue(nowMs, head);
    const isCut = head.header.epoch !== passed.epoch && !passed.isSegmentLast;
    return !isCut || nowMs >= head.acceptedAtMs + CUT_SEGMENT_PATIENCE_MS;
  }

  #isOverdue(nowMs: number, head: Ahead): boolean {
    return nowMs >= head.acceptedAtMs + MISSING_HEADER_PATIENCE_MS;
  }
}

/** True when no part can lie between the two. */
function isNext(last: ChunkHeader, header: ChunkHeader): boolean {
  if (header.mediaSequence === last.mediaSequence) {
    return header.epoch === last.epoch && header.partIndex === last.partIndex + 1;
  }
  if (header.mediaSequence !== last.mediaSequence + 1 || header.partIndex !== 0) return false;
  return header.epoch !== last.epoch || last.isSegmentLast;
}
