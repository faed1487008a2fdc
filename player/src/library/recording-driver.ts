import type Hls from 'hls.js';
import type { Clock } from '@p2ptv/protocol';
import type { Driver } from './driver.js';
import { bufferedAheadMs, placeAt, type DatedPlace } from './media-clock.js';
import type { PlaybackListener } from './playback-driver.js';
import type { PlaybackMeter } from './playback-meter.js';
import type { RecordedMedia } from './recorded-media.js';

/** How often the playhead is told, ms: deadlines are seconds away. */
const TICK_MS = 250;

/** What the driver needs of its surroundings. */
export type RecordingRuntime = {
  readonly clock: Clock;
  readonly listener: PlaybackListener;
  readonly meter: PlaybackMeter;
  readonly recorded: RecordedMedia;
};

/** Tells the engine where the playhead of a recording is. There is no edge here, and nothing to be held. */
export class RecordingDriver implements Driver {
  readonly #hls: Hls;
  readonly #runtime: RecordingRuntime;
  readonly #timer: ReturnType<typeof setInterval>;
  #media: HTMLMediaElement | undefined;
  #mediaCleanup: (() => void) | undefined;
  #hasStarted = false;

  constructor(hls: Hls, runtime: RecordingRuntime) {
    this.#hls = hls;
    this.#runtime = runtime;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  attachMedia(media: HTMLMediaElement): void {
    this.detachMedia();
    this.#media = media;
    const listeners: Partial<Record<keyof HTMLMediaElementEventMap, () => void>> = {
      timeupdate: () => this.#tick(),
      ratechange: () => this.#tick(),
      seeked: () => this.#tick(),
      pause: () => this.#tick(),
      play: () => this.#tick(),
      waiting: () => this.#waiting(),
      seeking: () => this.#endStall(),
      playing: () => this.#endStall(),
    };
    for (const [name, listener] of Object.entries(listeners)) media.addEventListener(name, listener);
    this.#mediaCleanup = () => {
      for (const [name, listener] of Object.entries(listeners)) media.removeEventListener(name, listener);
    };
  }

  detachMedia(): void {
    this.#mediaCleanup?.();
    this.#mediaCleanup = undefined;
    this.#media = undefined;
    this.#hasStarted = false;
  }

  started(): void {
    this.#hasStarted = true;
    this.#tick();
  }

  shown(): void {
    this.#tick();
  }

  get playheadMs(): number | undefined {
    return this.#hasStarted ? this.picture?.dateMs : undefined;
  }

  /** Where the picture stands, or is to go on after a seek; undefined before a playlist. */
  get picture(): DatedPlace | undefined {
    const details = this.#hls.latestLevelDetails;
    return details && this.#media ? placeAt(details, this.#media.currentTime) : undefined;
  }

  get bufferedMs(): number {
    const media = this.#media;
    return media ? bufferedAheadMs(media.buffered, media.currentTime) : 0;
  }

  /** Frees everything. */
  close(): void {
    clearInterval(this.#timer);
    this.detachMedia();
  }

  #tick(): void {
    const media = this.#media;
    if (!media) return;
    this.#runtime.meter.tick(this.#runtime.clock.nowMs(), media);
    // While it seeks what is wanted is where it goes, and the playhead is not there yet.
    const playhead = this.#hasStarted && !media.seeking ? this.picture : undefined;
    if (playhead) this.#runtime.recorded.moved(playhead, media.paused ? 0 : media.playbackRate);
  }

  #waiting(): void {
    const media = this.#media;
    if (!media || !this.#hasStarted || media.seeking || media.paused || media.ended) return;
    this.#runtime.meter.stalled(this.#runtime.clock.nowMs());
  }

  #endStall(): void {
    const stalledMs = this.#runtime.meter.ended(this.#runtime.clock.nowMs());
    if (stalledMs !== undefined) this.#runtime.listener.stallEnded(stalledMs);
  }
}
