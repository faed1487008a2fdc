import type { Clock } from '@p2ptv/protocol';

import type { FeedCaptions } from '../captions/feed-captions.js';
import type { AssembledInit, AssembledPart } from '../fragment/part-assembler.js';
import type { MediaDescription, Source, SourceFeed } from '../ingest/source.js';
import { TypedEvents } from '../ingest/typed-events.js';
import { cadenceOfGop, planCadence, planSoundCadence, type Cadence, type CadenceRequest } from './cadence.js';
import { CaptureClock } from './capture-clock.js';
import type { EncoderRun, EncodingOptions } from './encoder-arguments.js';
import { planLadder, SINGLE_RENDITION, type PlannedRendition } from './ladder.js';
import { startEncoderSession, type EncoderSession, type SessionEnd, type SessionListener } from './encoder-session.js';
import type { Ffmpeg } from './ffmpeg-location.js';
import { LOOK_EVERY_MS, SpeedWatch } from './speed-watch.js';
import { processTimer, type StartTimer } from './start-timer.js';

/** Events of an {@link Encoder}. Sessions are numbered from 0; each is an epoch, and begins with its own init segment. */
export type EncoderEvents = {
  /** A session begins: the input is there and ffmpeg has been started. */
  readonly sessionStarted: { readonly sessionIndex: number; readonly cadence: Cadence; readonly renditions: readonly PlannedRendition[]; readonly media: MediaDescription; readonly captions?: FeedCaptions | undefined };
  /** Once a session, before its first part: all renditions, best first. */
  readonly init: AssembledInit & { readonly sessionIndex: number };
  readonly part: EncodedPart;
  /**
   * For five seconds the session has lost ground against its input. The best rendition is dropped, and
   * a new session makes the others; with only one left it goes on, told again every minute.
   */
  readonly tooSlow: {
    readonly sessionIndex: number;
    /** Below 1, the natural speed. */
    readonly speed: number;
    readonly dropped: PlannedRendition | undefined;
  };
  /** The input's own picture cannot be passed on; it is encoded instead, from now on. `reason` is a clause. */
  readonly unfit: { readonly sessionIndex: number; readonly reason: string };
  /** The input has ended, for now or for ever (then `exhausted` follows). */
  readonly sessionEnded: { readonly sessionIndex: number };
  /** ffmpeg has died, or could not be started; it is started again after `restartInMs`. */
  readonly died: {
    readonly sessionIndex: number;
    /** Null when a signal ended it or it never ran. */
    readonly exitCode: number | null;
    /** The last that it said, newest last. */
    readonly lastLines: readonly string[];
    readonly restartInMs: number;
  };
  /** The source gives nothing more; the encoder has stopped. */
  readonly exhausted: Readonly<Record<string, never>>;
};

/** One part as it leaves the encoder. */
export type EncodedPart = AssembledPart & {
  readonly sessionIndex: number;
  /** Wall clock when its last byte came, ms since the Unix epoch. */
  readonly arrivedAtMs: number;
  /** Wall clock at which its first frame was captured, whole ms since the Unix epoch. Never runs backwards, not even over sessions. */
  readonly programDateTimeMs: number;
};

/** Options of an {@link Encoder}. */
export type EncoderOptions = {
  readonly ffmpeg: Ffmpeg;
  readonly source: Source;
  /** Wanted durations; the frame rate is the input's. */
  readonly cadence: Omit<CadenceRequest, 'frameRate'>;
  readonly encoding?: EncodingOptions;
  readonly clock: Clock;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer;
  /** Default: an ffmpeg process. */
  readonly startSession?: (run: EncoderRun, clock: Clock, listener: SessionListener) => EncoderSession;
};

const FIRST_RESTART_MS = 500;
/** Longer would leave viewers without a picture for no reason; each attempt costs a process start. */
const MAX_RESTART_MS = 30_000;
/** A session that lived so long was sound, and the next restart begins at the shortest delay again. */
const SOUND_SESSION_MS = 10_000;

/** How often it is said that a single rendition is too much. */
const SLOW_AGAIN_MS = 60_000;
/** No rendition is further behind another: a pipe holds less. */
const DATES_KEPT = 64;

type EncoderState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'opening' }
  /** `isReplaced`: it is being ended for another in its place. */
  | { readonly kind: 'encoding'; readonly session: EncoderSession; readonly isReplaced?: true }
  | { readonly kind: 'backingOff'; readonly cancel: () => void }
  | { readonly kind: 'stopped' };

/** What is looked at while a session runs. */
type BegunSession = { readonly sessionIndex: number; readonly renditions: readonly PlannedRendition[]; readonly partMs: number };

/**
 * Keeps a source encoded: one ffmpeg process after the other, each a session of its own.
 *
 * A session that dies is reported with its last lines and started again, after 0.5 s at first and
 * twice as long each further time. When the input itself ends, the source is asked for the next at once.
 */
export class Encoder {
  readonly #options: EncoderOptions;
  readonly #events = new TypedEvents<EncoderEvents>();
  readonly #captureClock = new CaptureClock();
  readonly #abort = new AbortController();
  /** Dates of the newest parts, by decode time. */
  readonly #dates = new Map<number, number>();
  #state: EncoderState = { kind: 'idle' };
  readonly #speed = new SpeedWatch();
  #cancelLook: (() => void) | undefined;
  #slowToldAtMs = -Infinity;
  /** What is left of the ladder, and the rate of its best rendition. */
  #heights: readonly number[];
  #videoBitrateKbps: number | undefined;
  /** Whether the input's picture is passed on as it is. */
  #isPassedOn: boolean;
  #sessionIndex = -1;
  #failuresInRow = 0;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#heights = options.encoding?.ladder ?? SINGLE_RENDITION;
    this.#videoBitrateKbps = options.encoding?.videoBitrateKbps;
    this.#isPassedOn = options.encoding?.isPassedOn === true;
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof EncoderEvents>(name: Name, listener: (payload: EncoderEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Begins; a second call does nothing. */
  start(): void {
    if (this.#state.kind === 'idle') void this.#openNext();
  }

  /** Ends ffmpeg and tells nothing more; resolves when the process is gone. The source is left open. */
  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'stopped' };
    this.#abort.abort();
    this.#cancelLook?.();
    if (state.kind === 'backingOff') state.cancel();
    if (state.kind === 'encoding') await state.session.stop();
  }

  async #openNext(): Promise<void> {
    this.#state = { kind: 'opening' };
    let feed: SourceFeed | undefined;
    try {
      feed = await this.#options.source.open(this.#abort.signal);
    } catch (error) {
      if (this.#isStopped()) return;
      this.#sessionIndex++;
      this.#restartLater({ exitCode: null, lastLines: [error instanceof Error ? error.message : String(error)] });
      return;
    }
    if (this.#isStopped()) return;
    if (feed === undefined) {
      this.#state = { kind: 'stopped' };
      this.#events.emit('exhausted', {});
      return;
    }
    this.#startSession(feed);
  }

  #startSession(feed: SourceFeed): void {
    const { ffmpeg, encoding = {}, clock, startSession = startEncoderSession } = this.#options;
    const sessionIndex = ++this.#sessionIndex;
    const request = { ...this.#options.cadence, frameRate: feed.media.frameRate };
    const { hasVideo } = feed.media;
    const cadence = hasVideo ? planCadence(request) : planSoundCadence(request);
    const planned = planLadder({ heights: this.#heights, media: feed.media, cadence, videoBitrateKbps: this.#videoBitrateKbps });
    const renditions = this.#isPassedOn ? planned.slice(0, 1) : planned;
    const cadenceOf = this.#isPassedOn && hasVideo ? (framesPerGop: number) => cadenceOfGop(request, framesPerGop) : undefined;
    const startedAtMs = clock.nowMs();
    this.#captureClock.restart();
    this.#dates.clear();
    this.#events.emit('sessionStarted', { sessionIndex, cadence, renditions, media: feed.media, captions: feed.captions });
    if (this.#isStopped()) return;
    const session = startSession({ ffmpeg, feed, cadence, renditions, encoding, cadenceOf, startTimer: this.#options.startTimer }, clock, {
      onInit: (init) => this.#events.emit('init', { ...init, sessionIndex }),
      onPart: (part, arrivedAtMs) => this.#emitPart(part, { sessionIndex, arrivedAtMs }),
      onEnd: (end) => {
        if (clock.nowMs() - startedAtMs >= SOUND_SESSION_MS) this.#failuresInRow = 0;
        this.#handleEnd(end, sessionIndex);
      },
    });
    this.#state = { kind: 'encoding', session };
    this.#speed.reset();
    if (feed.isPaced) this.#lookLater(session, { sessionIndex, renditions, partMs: cadence.partTargetMs });
  }

  #lookLater(session: EncoderSession, begun: BegunSession): void {
    const startTimer = this.#options.startTimer ?? processTimer;
    this.#cancelLook = startTimer(LOOK_EVERY_MS, () => {
      this.#lookLater(session, begun);
      const nowMs = this.#options.clock.nowMs();
      const speed = this.#speed.look(nowMs, { isInputWaiting: session.isInputWaiting, partMs: begun.partMs });
      if (speed !== undefined) this.#lighten(session, { ...begun, speed });
    });
  }

  /** The machine does not carry what it is to encode. */
  #lighten(session: EncoderSession, { sessionIndex, renditions, speed }: BegunSession & { readonly speed: number }): void {
    const [best, ...others] = renditions;
    const nowMs = this.#options.clock.nowMs();
    if (others.length === 0) {
      if (nowMs - this.#slowToldAtMs < SLOW_AGAIN_MS) return;
      this.#slowToldAtMs = nowMs;
      this.#events.emit('tooSlow', { sessionIndex, speed, dropped: undefined });
      return;
    }
    this.#heights = others.map(({ bounds }) => bounds.height);
    this.#videoBitrateKbps = others[0]?.videoBitrateKbps;
    this.#cancelLook?.();
    this.#state = { kind: 'encoding', session, isReplaced: true };
    this.#events.emit('tooSlow', { sessionIndex, speed, dropped: best });
    void session.stop().then(() => {
      if (!this.#isStopped()) void this.#openNext();
    });
  }

  #emitPart(part: AssembledPart, at: { readonly sessionIndex: number; readonly arrivedAtMs: number }): void {
    if (this.#isStopped()) return;
    const programDateTimeMs = this.#dateOf({ ...part, ...at });
    this.#speed.came({ mediaEndMs: (part.decodeTimeUs + part.durationUs) / 1000, atMs: this.#options.clock.nowMs() });
    this.#events.emit('part', { ...part, ...at, programDateTimeMs });
  }

  /** The same in all renditions: that of the first to come. */
  #dateOf(part: AssembledPart & { readonly arrivedAtMs: number }): number {
    const known = this.#dates.get(part.decodeTimeUs);
    if (known !== undefined) return known;
    const dateMs = this.#captureClock.date(part);
    this.#dates.set(part.decodeTimeUs, dateMs);
    for (const oldest of this.#dates.keys()) {
      if (this.#dates.size <= DATES_KEPT) break;
      this.#dates.delete(oldest);
    }
    return dateMs;
  }

  #handleEnd(end: SessionEnd, sessionIndex: number): void {
    this.#cancelLook?.();
    if (this.#isStopped() || this.#isReplaced()) return;
    switch (end.kind) {
      case 'finished':
        this.#failuresInRow = 0;
        this.#events.emit('sessionEnded', { sessionIndex });
        if (!this.#isStopped()) void this.#openNext();
        break;
      case 'died':
        if (this.#isPassedOn) this.#encodeInstead(end, sessionIndex);
        else this.#restartLater(end);
        break;
    }
  }

  /** What cannot be passed on once will not be the next time. */
  #encodeInstead({ lastLines, exitCode }: Extract<SessionEnd, { kind: 'died' }>, sessionIndex: number): void {
    // A signal says nothing about the input.
    if (exitCode === null && lastLines.length === 0) {
      this.#restartLater({ lastLines, exitCode });
      return;
    }
    this.#isPassedOn = false;
    this.#events.emit('unfit', { sessionIndex, reason: lastLines.at(-1) ?? 'ffmpeg does not take it' });
    if (!this.#isStopped()) void this.#openNext();
  }

  #restartLater({ exitCode, lastLines }: { readonly exitCode: number | null; readonly lastLines: readonly string[] }): void {
    const restartInMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#failuresInRow);
    this.#failuresInRow++;
    const startTimer = this.#options.startTimer ?? processTimer;
    this.#state = { kind: 'backingOff', cancel: startTimer(restartInMs, () => void this.#openNext()) };
    this.#events.emit('died', { sessionIndex: this.#sessionIndex, exitCode, lastLines, restartInMs });
  }

  #isReplaced(): boolean {
    return this.#state.kind === 'encoding' && this.#state.isReplaced === true;
  }

  /** A method, because the state changes during an await, which the compiler cannot see. */
  #isStopped(): boolean {
    return this.#state.kind === 'stopped';
  }
}
