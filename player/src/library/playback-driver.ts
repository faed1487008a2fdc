import type Hls from 'hls.js';
import type { Clock } from '@p2ptv/protocol';
import type { PeerSession } from '@p2ptv/peer';
import { DelayTarget, delayTargetOptions } from './delay-target.js';
import { EdgeClock } from './edge-clock.js';
import { START_PARTS } from './mesh-requests.js';
import type { Driver } from './driver.js';
import { bufferedAheadMs, mediaTimeAt, programDateTimeAt } from './media-clock.js';
import type { PlaybackMeter } from './playback-meter.js';
import { DEFAULT_RATE_OPTIONS, nextRate } from './rate-control.js';

/** What the driver reports. */
export type PlaybackListener = { stallEnded(stalledMs: number): void };

/** What the driver needs of its surroundings. */
export type PlaybackRuntime = {
  readonly clock: Clock;
  readonly listener: PlaybackListener;
  readonly meter: PlaybackMeter;
  /** Whether the page can be seen. */
  readonly isVisible: () => boolean;
};

/**
 * Parts behind the verified edge that are held when all is well: PART-HOLD-BACK and one more, which
 * a late part or a busy machine may take without a stall. Still well before hls.js by itself.
 */
const HELD_PARTS = 4;
/** Ticks of the rate rule; coarser than a frame, finer than a part. */
const TICK_MS = 100;
/** Further behind than this, ms, speeding up would take too long: seek. */
const SEEK_ERROR_MS = 1_000;
/** A stall for so long, ms, is no lateness any more: what is missing may never come. */
const STALL_PATIENCE_MS = 1_000;
/** Where a jump is expected anyway – when the page is shown again, and at the viewer's wish – it seeks from here on, ms. */
const EXPECTED_SEEK_ERROR_MS = 300;
/** At the start, when a jump also costs what has just been decoded, from here on. */
const START_SEEK_ERROR_MS = 400;
/** The start is so long, ms: by then the edge is known well. */
const START_MS = 1_500;

/**
 * Holds the playhead at the target delay behind the verified edge: by rate for small errors, by
 * seeking for large ones; and tells the engine where the playhead is, so that it knows deadlines.
 * A viewer who pauses or seeks back is left alone until he is back at the edge.
 */
export class PlaybackDriver implements Driver {
  readonly #hls: Hls;
  readonly #session: PeerSession;
  readonly #clock: Clock;
  readonly #listener: PlaybackListener;
  readonly #isVisible: () => boolean;
  readonly #edge = new EdgeClock();
  readonly #cleanups: (() => void)[] = [];
  #media: HTMLMediaElement | undefined;
  #mediaCleanup: (() => void) | undefined;
  #target: DelayTarget | undefined;
  #isFollowing = true;
  #hasStarted = false;
  #isPausedByViewer = false;
  #rate = 1;
  #startedAtMs: number | undefined;
  #seekTarget: number | undefined;
  /** Where the playhead was last seen, s; undefined: nowhere in this medium. */
  #position: number | undefined;
  #seekedAtMs = 0;
  readonly #meter: PlaybackMeter;

  constructor(hls: Hls, session: PeerSession, runtime: PlaybackRuntime) {
    this.#hls = hls;
    this.#session = session;
    this.#clock = runtime.clock;
    this.#listener = runtime.listener;
    this.#meter = runtime.meter;
    this.#isVisible = runtime.isVisible;
    this.#cleanups.push(
      session.on('joined', ({ record }) => {
        const { partTargetMs } = record;
        this.#target = new DelayTarget(delayTargetOptions(partTargetMs * HELD_PARTS, partTargetMs));
      }),
      session.on('partReady', ({ header }) => {
        this.#edge.partReady(header, this.#clock.nowMs());
        // The page's own timers may be throttled; parts keep coming.
        this.#tick();
      }),
    );
    const timer = setInterval(() => this.#tick(), TICK_MS);
    this.#cleanups.push(() => clearInterval(timer));
  }

  /** Sets where hls.js starts: nearer than the target, because the time to the first frame is added to it. */
  chooseStart(heldMs: number): void {
    const partMs = this.#session.record?.partTargetMs ?? 0;
    // Strictly within what is held: before it stands a gap.
    this.#hls.targetLatency = Math.min(partMs * START_PARTS, heldMs - partMs / 2) / 1000;
  }

  /** Takes the element that hls.js plays in. */
  attachMedia(media: HTMLMediaElement): void {
    this.detachMedia();
    this.#media = media;
    const listeners: Partial<Record<keyof HTMLMediaElementEventMap, () => void>> = {
      timeupdate: () => this.#tick(),
      ratechange: () => this.#report(),
      waiting: () => this.#waiting(),
      playing: () => this.#endStall(),
      seeking: () => this.#seeking(),
      pause: () => this.#paused(),
      play: () => this.#played(),
    };
    for (const [name, listener] of Object.entries(listeners)) media.addEventListener(name, listener);
    this.#mediaCleanup = () => {
      for (const [name, listener] of Object.entries(listeners)) media.removeEventListener(name, listener);
    };
  }

  /** Lets go of the element. */
  detachMedia(): void {
    this.#mediaCleanup?.();
    if (this.#media && this.#rate !== 1) this.#media.playbackRate = 1;
    this.#rate = 1;
    this.#media = undefined;
    this.#position = undefined;
    this.#hasStarted = false;
  }

  /** The first frame has been painted: from now on the delay is held. */
  started(): void {
    this.#hasStarted = true;
    this.#startedAtMs ??= this.#clock.nowMs();
  }

  /** The page is shown again: whatever was lost while hidden is skipped. */
  shown(): void {
    this.#tick();
    if (this.#isFollowing && (this.#errorMs() ?? 0) > EXPECTED_SEEK_ERROR_MS) this.#seekToLive();
  }

  /** Goes to the live position and stays there. */
  goLive(): void {
    this.#isFollowing = true;
    this.#isPausedByViewer = false;
    if ((this.#errorMs() ?? 0) > EXPECTED_SEEK_ERROR_MS) this.#seekToLive();
  }

  /** False when the viewer has paused or gone back further than the driver corrects. */
  get isFollowingLive(): boolean {
    const isBehind = this.#media?.paused === true && (this.#errorMs() ?? 0) > SEEK_ERROR_MS;
    return this.#isFollowing && !isBehind;
  }

  /** The delay to hold behind the verified edge, ms; undefined before the stream is known. */
  get targetDelayMs(): number | undefined {
    return this.#target?.targetMs;
  }

  /** How far the playhead is behind the verified edge, ms. */
  get edgeDelayMs(): number | undefined {
    const edgeMs = this.#edge.edgeMs(this.#clock.nowMs());
    const playheadMs = this.playheadMs;
    return edgeMs === undefined || playheadMs === undefined ? undefined : edgeMs - playheadMs;
  }

  /** Program date-time of the playhead, ms since the Unix epoch. */
  get playheadMs(): number | undefined {
    const details = this.#hls.latestLevelDetails;
    if (!details || !this.#media || !this.#hasStarted) return undefined;
    return programDateTimeAt(details, this.#media.currentTime);
  }

  /** Media ahead of the playhead, ms. */
  get bufferedMs(): number {
    const media = this.#media;
    return media ? bufferedAheadMs(media.buffered, media.currentTime) : 0;
  }

  /** Frees everything. */
  close(): void {
    this.detachMedia();
    for (const cleanup of this.#cleanups) cleanup();
  }

  #errorMs(): number | undefined {
    const delayMs = this.edgeDelayMs;
    return delayMs === undefined || !this.#target ? undefined : delayMs - this.#target.targetMs;
  }

  #tick(): void {
    const media = this.#media;
    const target = this.#target;
    if (!media || !target || !this.#hasStarted) return;
    if (!media.seeking) this.#position = media.currentTime;
    const nowMs = this.#clock.nowMs();
    this.#meter.tick(nowMs, media);
    this.#report();
    const isMoving = !media.paused && !media.seeking && this.#meter.stalledSinceMs === undefined;
    const errorMs = this.#errorMs();
    if (errorMs === undefined || !this.#isFollowing || media.paused || media.seeking) {
      this.#setRate(media, 1);
      return;
    }
    const { bufferedMs } = this;
    if (isMoving) target.observe(nowMs, bufferedMs);
    this.#hls.config.liveSyncDuration = target.targetMs / 1000;
    // A start that took long is behind by as much, and nobody misses what he has hardly seen.
    const isStart = nowMs - (this.#startedAtMs ?? nowMs) < START_MS;
    if (errorMs > (isStart ? START_SEEK_ERROR_MS : SEEK_ERROR_MS)) {
      this.#seekToLive();
      return;
    }
    const delayMs = errorMs + target.targetMs;
    const input = { delayMs, targetMs: target.targetMs, bufferedMs };
    this.#setRate(media, nextRate(this.#rate, input, DEFAULT_RATE_OPTIONS));
  }

  #setRate(media: HTMLMediaElement, rate: number): void {
    // A rate that is not the driver's own is the viewer's wish.
    if (media.playbackRate !== this.#rate && media.playbackRate !== 1) return;
    this.#rate = rate;
    if (media.playbackRate !== rate) media.playbackRate = rate;
  }

  #seekToLive(): void {
    const media = this.#media;
    const details = this.#hls.latestLevelDetails;
    const edgeMs = this.#edge.edgeMs(this.#clock.nowMs());
    const nowMs = this.#clock.nowMs();
    if (!media || !details || edgeMs === undefined || !this.#target || nowMs - this.#seekedAtMs < 1_000) return;
    const liveTime = mediaTimeAt(details, edgeMs - this.#target.targetMs);
    // Beyond what is listed there is nothing to seek to, when the edge itself stands still.
    const lastTime = details.edge - details.partTarget;
    const time = Math.min(liveTime ?? lastTime, lastTime);
    if (time - media.currentTime < EXPECTED_SEEK_ERROR_MS / 1000) return;
    this.#seekTarget = time;
    this.#seekedAtMs = nowMs;
    this.#setRate(media, 1);
    media.currentTime = time;
  }

  #seeking(): void {
    const media = this.#media;
    if (!media || !this.#hasStarted) return;
    const isOwn = this.#seekTarget !== undefined && Math.abs(media.currentTime - this.#seekTarget) < 0.01;
    // hls.js seeks too: to its start, over holes, and where nothing moves. It goes forward, and is far behind on a slow machine.
    const isBack = media.currentTime < (this.#position ?? 0);
    this.#seekTarget = undefined;
    this.#position = media.currentTime;
    if (!isOwn) this.#isFollowing = (this.#isFollowing && !isBack) || (this.#errorMs() ?? 0) < SEEK_ERROR_MS;
    this.#report();
  }

  #paused(): void {
    // What stops while the page is hidden was stopped by the browser, and should be live when shown.
    this.#isPausedByViewer = this.#isVisible();
    this.#report();
  }

  #played(): void {
    if (this.#isPausedByViewer) this.#isFollowing &&= (this.#errorMs() ?? 0) < SEEK_ERROR_MS;
    this.#isPausedByViewer = false;
    this.#report();
  }

  #waiting(): void {
    const media = this.#media;
    if (!media || !this.#hasStarted || media.seeking || media.paused) return;
    const nowMs = this.#clock.nowMs();
    if (this.#meter.stalled(nowMs)) this.#target?.stalled(nowMs);
  }

  #endStall(): void {
    const stalledMs = this.#meter.ended(this.#clock.nowMs());
    if (stalledMs !== undefined) this.#listener.stallEnded(stalledMs);
  }

  #report(): void {
    const { playheadMs } = this;
    const media = this.#media;
    if (playheadMs === undefined || !media) return;
    const nowMs = this.#clock.nowMs();
    // The engine's own playhead runs on from the last report: in a long stall it must pass what does not
    // come, or chunk and playhead would wait for each other for ever.
    const { stalledSinceMs } = this.#meter;
    if (stalledSinceMs !== undefined && nowMs - stalledSinceMs > STALL_PATIENCE_MS) return;
    const edgeMs = this.#edge.edgeMs(nowMs);
    if (media.paused && !this.#isPausedByViewer && this.#isFollowing && edgeMs !== undefined && this.#target) {
      // Browsers stop a muted video in a hidden page. It will be wanted at live when shown, and others
      // are to be served meanwhile: the engine goes on as if it played.
      this.#session.setPlayback({ playheadMs: edgeMs - this.#target.targetMs, rate: 1 });
      return;
    }
    this.#session.setPlayback({ playheadMs, rate: media.paused ? 0 : media.playbackRate });
  }
}
