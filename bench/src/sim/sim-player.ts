import { DEFAULT_RATE_OPTIONS, DelayTarget, delayTargetOptions, nextRate } from '@p2ptv/player/playback-rules';
import { SimEvent } from './event-queue.js';

/** From a part that is ready to its first frame on the screen, ms. */
const DECODE_MS = 40;
/** A part can be played so long after it is ready, ms: hls.js appends it first. */
const APPEND_MS = 20;
/** How often the playhead is looked at, ms. A real player does so every 100 ms; nothing here changes as fast. */
const TICK_MS = 500;
/** The same while it stands still or has only just begun. */
const BUSY_TICK_MS = 100;
/** As in the player: how far behind its target it seeks instead of hurrying, ms; less right after the start. */
const SEEK_ERROR_MS = 1_000;
const START_SEEK_ERROR_MS = 400;
const START_MS = 1_500;
const LEAST_SEEK_MS = 300;
/** As in the player: in a longer stall it reports its playhead no more, and the engine's runs on. */
const STALL_PATIENCE_MS = 1_000;

/** Where a player's events wait for their time; a run's queue, or real time. */
export interface PlayerQueue {
  schedule(event: SimEvent, atMs: number): void;
}

/** What a player tells. Dates are capture times on the run's clock, ms. */
export interface PlayerListener {
  /** Where playback stands; rate 0 is never told, a stalled player means to go on. */
  playheadMoved(dateMs: number, rate: number): void;
  started(): void;
  stallBegan(): void;
  /** A standstill is over, or is counted up to the end of the run. */
  stallEnded(fromMs: number, toMs: number): void;
  /** Media between two dates were left out: they never came, or it was too late for them. */
  skipped(fromMs: number, toMs: number): void;
  /** A look at the delay, twice a second while the picture moves. */
  delaySampled(nowMs: number, delayMs: number): void;
}

type Phase = 'waiting' | 'starting' | 'playing' | 'stalled';

/**
 * A viewer's player: it begins with the first part, holds a target delay with the real player's
 * rules for rate and target, and stands still when the next part is not there.
 */
export class SimPlayer {
  readonly #queue: PlayerQueue;
  readonly #listener: PlayerListener;
  readonly #target: DelayTarget;
  readonly #partMs: number;
  readonly #tick: Wake;
  readonly #dry: Wake;
  #isTickSet = false;
  #isDrySet = false;
  #phase: Phase = 'waiting';
  #anchorAtMs = 0;
  #anchorDateMs = 0;
  #rate = 1;
  #firstDateMs = 0;
  /** Capture date up to which all can be played. */
  #readyToMs = -Infinity;
  /** Places where media are missing for good. */
  readonly #holes: { readonly fromMs: number; readonly toMs: number }[] = [];
  #startedAtMs = 0;
  #stalledAtMs = 0;
  #isClosed = false;

  constructor(
    options: { readonly targetMs: number; readonly partMs: number },
    ports: { readonly queue: PlayerQueue; readonly listener: PlayerListener; readonly peerIndex: number },
  ) {
    this.#tick = new Wake(ports.peerIndex, (nowMs) => this.#ticked(nowMs));
    this.#dry = new Wake(ports.peerIndex, (nowMs) => this.#ranDry(nowMs));
    this.#queue = ports.queue;
    this.#listener = ports.listener;
    this.#partMs = options.partMs;
    this.#target = new DelayTarget(delayTargetOptions(options.targetMs, options.partMs));
  }

  /** Capture date of the picture on the screen, ms; undefined before the first one. */
  dateMs(nowMs: number): number | undefined {
    if (this.#phase === 'waiting' || this.#phase === 'starting') return undefined;
    return this.#phase === 'stalled' ? this.#anchorDateMs : this.#anchorDateMs + (nowMs - this.#anchorAtMs) * this.#rate;
  }

  get isStalled(): boolean {
    return this.#phase === 'stalled';
  }

  /** The next part is in the timeline. */
  partReady(nowMs: number, part: { readonly fromMs: number; readonly toMs: number }): void {
    if (this.#isClosed) return;
    if (this.#phase === 'waiting') {
      this.#firstDateMs = part.fromMs;
      this.#readyToMs = part.toMs;
      this.#phase = 'starting';
      this.#set('tick', nowMs + DECODE_MS);
      return;
    }
    if (part.fromMs > this.#readyToMs + 1) this.#holes.push({ fromMs: this.#readyToMs, toMs: part.fromMs });
    this.#readyToMs = Math.max(this.#readyToMs, part.toMs);
    if (this.#phase === 'stalled') this.#set('dry', nowMs + APPEND_MS);
  }

  /** Ends playback: what is under way is counted. */
  close(nowMs: number): void {
    if (this.#phase === 'stalled') this.#listener.stallEnded(this.#stalledAtMs, nowMs);
    this.#isClosed = true;
  }

  get #playableToMs(): number {
    return this.#holes[0]?.fromMs ?? this.#readyToMs;
  }

  #ticked(nowMs: number): void {
    this.#isTickSet = false;
    if (this.#isClosed) return;
    if (this.#phase === 'starting') this.#start(nowMs);
    else if (this.#phase === 'playing') this.#steer(nowMs);
    this.#report(nowMs);
    const isBusy = this.#phase === 'stalled' || nowMs - this.#startedAtMs < START_MS;
    this.#set('tick', nowMs + (isBusy ? BUSY_TICK_MS : TICK_MS));
  }

  #start(nowMs: number): void {
    this.#phase = 'playing';
    this.#startedAtMs = nowMs;
    const wantedMs = Math.min(nowMs - this.#target.targetMs, this.#readyToMs - this.#partMs);
    this.#moveTo(nowMs, Math.max(this.#firstDateMs, wantedMs));
    this.#listener.started();
  }

  #steer(nowMs: number): void {
    const dateMs = this.dateMs(nowMs) ?? 0;
    const bufferedMs = this.#playableToMs - dateMs;
    this.#listener.delaySampled(nowMs, nowMs - dateMs);
    this.#target.observe(nowMs, bufferedMs);
    const { targetMs } = this.#target;
    const delayMs = nowMs - dateMs;
    const seekErrorMs = nowMs - this.#startedAtMs < START_MS ? START_SEEK_ERROR_MS : SEEK_ERROR_MS;
    if (delayMs - targetMs > seekErrorMs) {
      const liveMs = Math.min(nowMs - targetMs, this.#readyToMs - this.#partMs);
      if (liveMs - dateMs >= LEAST_SEEK_MS) {
        this.#holes.length = 0;
        this.#listener.skipped(dateMs, liveMs);
        this.#rate = 1;
        this.#moveTo(nowMs, liveMs);
        return;
      }
    }
    const rate = nextRate(this.#rate, { delayMs, targetMs, bufferedMs }, DEFAULT_RATE_OPTIONS);
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#moveTo(nowMs, dateMs);
  }

  #moveTo(nowMs: number, dateMs: number): void {
    this.#anchorAtMs = nowMs;
    this.#anchorDateMs = dateMs;
    this.#set('dry', this.#dryAtMs);
  }

  get #dryAtMs(): number {
    return this.#anchorAtMs + (this.#playableToMs - this.#anchorDateMs) / this.#rate;
  }

  /** The playhead may have come to the end of what there is. */
  #ranDry(nowMs: number): void {
    this.#isDrySet = false;
    if (this.#isClosed) return;
    if (this.#phase === 'stalled') this.#resume(nowMs);
    if (this.#phase !== 'playing') return;
    while (this.#holes[0] && nowMs >= this.#dryAtMs - 0.001) {
      const hole = this.#holes.shift() ?? { fromMs: 0, toMs: 0 };
      this.#listener.skipped(hole.fromMs, hole.toMs);
      this.#anchorAtMs = nowMs;
      this.#anchorDateMs = hole.toMs;
    }
    // A part that has only just come is not appended yet; that short a wait is no stall by itself.
    if (nowMs < this.#dryAtMs - 0.001) {
      this.#set('dry', this.#dryAtMs);
      return;
    }
    this.#anchorDateMs = this.#playableToMs;
    this.#anchorAtMs = nowMs;
    this.#phase = 'stalled';
    this.#stalledAtMs = nowMs;
    this.#target.stalled(nowMs);
    this.#listener.stallBegan();
    this.#report(nowMs);
    this.#set('tick', nowMs + BUSY_TICK_MS);
  }

  #resume(nowMs: number): void {
    if (this.#playableToMs <= this.#anchorDateMs + 0.001 && this.#holes.length === 0) return;
    this.#phase = 'playing';
    this.#anchorAtMs = nowMs;
    this.#listener.stallEnded(this.#stalledAtMs, nowMs);
    this.#report(nowMs);
  }

  #report(nowMs: number): void {
    const dateMs = this.dateMs(nowMs);
    if (dateMs === undefined) return;
    if (this.#phase === 'stalled' && nowMs - this.#stalledAtMs > STALL_PATIENCE_MS) return;
    this.#listener.playheadMoved(dateMs, this.#rate);
  }

  /** Each wake waits at most once: an earlier time than the one set replaces it when that one comes. */
  #set(which: 'tick' | 'dry', atMs: number): void {
    if (which === 'tick') {
      if (this.#isTickSet) return;
      this.#isTickSet = true;
      this.#queue.schedule(this.#tick, atMs);
    } else {
      if (this.#isDrySet) return;
      this.#isDrySet = true;
      this.#queue.schedule(this.#dry, atMs);
    }
  }
}

class Wake extends SimEvent {
  readonly #woken: (nowMs: number) => void;

  constructor(peerIndex: number, woken: (nowMs: number) => void) {
    super();
    this.peerIndex = peerIndex;
    this.#woken = woken;
  }

  override run(): void {
    this.#woken(this.atMs);
  }
}
