import type { ChunkHeader } from '@p2ptv/protocol';
import { Happening, type EventQueue } from './event-queue.js';

/** From a part that is there to its first frame on the screen, ms; and until it can be played at all, as with a live stream's. */
const DECODE_MS = 40;
const APPEND_MS = 20;
/** How often the player says where it is, ms; and while it stands still or has only just begun. */
const TICK_MS = 500;
const BUSY_TICK_MS = 100;
const START_MS = 1_500;
/** After a stall it goes on with so much in its buffer, ms. */
const RESUME_BUFFER_MS = 400;

/** What a player of a recording tells. Dates are program date-times, ms. */
export interface RecordingListener {
  /** Where playback stands; rate 0: it stands still. */
  playheadMoved(dateMs: number, rate: number): void;
  /** The first frame is there. */
  started(): void;
  /** The first frame after a seek is there. */
  sought(tookMs: number): void;
  stallBegan(): void;
  stallEnded(fromMs: number, toMs: number): void;
  /** Playback has come to this part. */
  played(header: ChunkHeader): void;
  /** All was played. */
  ended(): void;
}

type Phase = 'waiting' | 'starting' | 'playing' | 'stalled' | 'closed';

/** A viewer's player of a recording: it begins where it is told to, and stands still when the next part is not there. */
export class RecordingPlayer {
  readonly #parts: readonly ChunkHeader[];
  readonly #queue: EventQueue;
  readonly #listener: RecordingListener;
  readonly #isThere: (header: ChunkHeader) => boolean;
  readonly #peerIndex: number;
  #phase: Phase = 'waiting';
  #hasStarted = false;
  #anchorAtMs = 0;
  #anchorDateMs = 0;
  /** Where it was last told to begin. */
  #firstDateMs = 0;
  /** Place of the first part that is not there, and of the first that was not played, since then. */
  #readyTo = 0;
  #playedTo = 0;
  #soughtAtMs = 0;
  #begunAtMs = 0;
  #stalledAtMs = 0;
  /** Rises with each change: what was planned before it is off. */
  #plan = 0;

  /** @param ports `isThere`: all of a part has come */
  constructor(
    parts: readonly ChunkHeader[],
    ports: {
      readonly queue: EventQueue;
      readonly listener: RecordingListener;
      readonly isThere: (header: ChunkHeader) => boolean;
      readonly peerIndex: number;
    },
  ) {
    this.#parts = parts;
    this.#queue = ports.queue;
    this.#listener = ports.listener;
    this.#isThere = ports.isThere;
    this.#peerIndex = ports.peerIndex;
  }

  get isStalled(): boolean {
    return this.#phase === 'stalled';
  }

  /** True while there is a picture to seek away from. */
  get canSeek(): boolean {
    return this.#phase === 'playing' || this.#phase === 'stalled';
  }

  /** The viewer wants to go elsewhere; where to, the engine says by {@link placed}. */
  seek(nowMs: number): void {
    this.#settle(nowMs);
    this.#phase = 'waiting';
    this.#soughtAtMs = nowMs;
    this.#plan++;
  }

  /** Playback begins with this part, or goes on with it. */
  placed(nowMs: number, header: ChunkHeader): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'starting';
    this.#firstDateMs = header.programDateTimeMs;
    this.#readyTo = header.sequence;
    this.#playedTo = header.sequence;
    this.#grow(nowMs);
  }

  /** A part has come. */
  partCame(nowMs: number, { sequence }: ChunkHeader): void {
    if (sequence === this.#readyTo) this.#grow(nowMs);
  }

  /** Since when the viewer waits for the picture after a seek; undefined: it does not. */
  get waitsSinceMs(): number | undefined {
    return this.#hasStarted && (this.#phase === 'waiting' || this.#phase === 'starting') ? this.#soughtAtMs : undefined;
  }

  /** Ends playback: what is under way is counted. */
  close(nowMs: number): void {
    this.#settle(nowMs);
    this.#phase = 'closed';
    this.#plan++;
  }

  get #readyToDateMs(): number {
    const last = this.#parts[this.#readyTo - 1];
    return last ? endOf(last) : this.#firstDateMs;
  }

  get #isWhole(): boolean {
    return this.#readyTo === this.#parts.length;
  }

  #dateMs(nowMs: number): number {
    return this.#phase === 'playing' ? Math.min(this.#anchorDateMs + nowMs - this.#anchorAtMs, this.#readyToDateMs) : this.#anchorDateMs;
  }

  #grow(nowMs: number): void {
    const before = this.#readyTo;
    for (let next = this.#parts[before]; next && this.#isThere(next); next = this.#parts[this.#readyTo]) this.#readyTo++;
    if (this.#readyTo === before) return;
    if (this.#phase === 'starting' && before === this.#playedTo) this.#at(nowMs + DECODE_MS, (atMs) => this.#start(atMs));
    const bufferedMs = this.#readyToDateMs - this.#anchorDateMs;
    if (this.#phase === 'stalled' && (bufferedMs >= RESUME_BUFFER_MS || this.#isWhole)) this.#at(nowMs + APPEND_MS, (atMs) => this.#resume(atMs));
  }

  #start(nowMs: number): void {
    this.#anchorDateMs = this.#firstDateMs;
    this.#begunAtMs = nowMs;
    this.#go(nowMs);
    if (this.#hasStarted) this.#listener.sought(nowMs - this.#soughtAtMs);
    else this.#listener.started();
    this.#hasStarted = true;
    this.#tick(nowMs);
  }

  #go(nowMs: number): void {
    this.#phase = 'playing';
    this.#anchorAtMs = nowMs;
    this.#plan++;
    this.#watchBuffer(nowMs);
  }

  /** Looks again when all that is there now will have been played. */
  #watchBuffer(nowMs: number): void {
    this.#at(nowMs + Math.max(0, this.#readyToDateMs - this.#dateMs(nowMs)), (atMs) => {
      if (this.#dateMs(atMs) < this.#readyToDateMs - 0.001) this.#watchBuffer(atMs);
      else if (this.#isWhole) this.#end(atMs);
      else this.#stall(atMs);
    });
  }

  #stall(nowMs: number): void {
    this.#anchorDateMs = this.#dateMs(nowMs);
    this.#phase = 'stalled';
    this.#stalledAtMs = nowMs;
    this.#plan++;
    this.#listener.stallBegan();
    this.#tick(nowMs);
  }

  #resume(nowMs: number): void {
    if (this.#phase !== 'stalled') return;
    this.#listener.stallEnded(this.#stalledAtMs, nowMs);
    this.#go(nowMs);
    this.#tick(nowMs);
  }

  #end(nowMs: number): void {
    this.#settle(nowMs);
    this.#phase = 'closed';
    this.#plan++;
    this.#listener.ended();
  }

  /** What was played up to now is counted, and a standstill is over. */
  #settle(nowMs: number): void {
    this.#count(nowMs);
    if (this.#phase === 'stalled') this.#listener.stallEnded(this.#stalledAtMs, nowMs);
  }

  #tick(nowMs: number): void {
    this.#count(nowMs);
    this.#listener.playheadMoved(this.#dateMs(nowMs), this.#phase === 'playing' ? 1 : 0);
    const isBusy = this.#phase === 'stalled' || nowMs - this.#begunAtMs < START_MS;
    this.#at(nowMs + (isBusy ? BUSY_TICK_MS : TICK_MS), (atMs) => this.#tick(atMs));
  }

  #count(nowMs: number): void {
    if (this.#phase !== 'playing' && this.#phase !== 'stalled') return;
    const dateMs = this.#dateMs(nowMs);
    for (let next = this.#parts[this.#playedTo]; next && this.#playedTo < this.#readyTo; next = this.#parts[this.#playedTo]) {
      if (next.programDateTimeMs >= dateMs) return;
      this.#playedTo++;
      this.#listener.played(next);
    }
  }

  #at(atMs: number, happens: (atMs: number) => void): void {
    const plan = this.#plan;
    this.#queue.schedule(
      new Happening(() => {
        if (plan === this.#plan) happens(atMs);
      }, this.#peerIndex),
      atMs,
    );
  }
}

function endOf(header: ChunkHeader): number {
  return header.programDateTimeMs + header.durationUs / 1000;
}
