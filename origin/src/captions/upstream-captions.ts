import type { CaptionTrack } from '@p2ptv/protocol';

import { processTimer, type StartTimer } from '../encode/start-timer.js';
import type { FeedCaptions, TrackCue } from './feed-captions.js';
import { readCues } from './text-cue.js';
import { offeredSegments, offeredTracks, type OfferedSegment, type OfferedSegments, type OfferedTrack } from './upstream-playlist.js';
import { fetchText } from './upstream-text.js';

/** What is asked of an upstream. */
export type UpstreamCaptionsOptions = {
  /** Of the multivariant playlist. */
  readonly url: string;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer | undefined;
};

/** A pull begins so many segments before the edge of what is live. */
const SEGMENTS_BEFORE_EDGE = 3;
/** Of a playlist that is whole already, so many segments are taken at a time: more than are played meanwhile. */
const SEGMENTS_AT_ONCE = 4;
const LEAST_PAUSE_MS = 500;
/** Whatever a playlist says; timers know no more than 24 days. */
const MOST_PAUSE_MS = 3_600_000;
const RETRY_MS = 5000;
/** Of a live track's segments, the newest whose cues are kept for a session that begins while the pull goes on: older ones are shown no more, and half a turn of the clock later they would pass for new. */
const KEPT_SEGMENTS = 30;
/** Of all tracks: a film of three hours may have one segment for each language. Bounds memory. */
const MAX_CUES = 20_000;
/** MPEG-2's clock has 33 bits, at 90 kHz. */
const CLOCK_TURN_MS = 2 ** 33 / 90;
const TIMESTAMP_MAP = /^X-TIMESTAMP-MAP=(.*)$/m;

/** A cue on the upstream's own clock. */
type UpstreamCue = TrackCue;
/** `segment`: the newest that has it. */
type NotedCue = { readonly cue: UpstreamCue; readonly segment: number };
type Reading = { readonly tracks: readonly OfferedTrack[]; readonly abort: AbortController; readonly cues: Map<string, NotedCue>; feed: UpstreamFeed | undefined };

/**
 * The captions that an upstream HLS has as WebVTT renditions. ffmpeg, which pulls its picture, passes them over, so they are fetched
 * beside it. Whatever they are, the picture goes on.
 */
export class UpstreamCaptions {
  readonly #url: string;
  readonly #startTimer: StartTimer;
  #abort: AbortController | undefined;
  /** Undefined while it is not known which there are. */
  #reading: Reading | undefined;
  #feed: UpstreamFeed | undefined;

  constructor({ url, startTimer = processTimer }: UpstreamCaptionsOptions) {
    this.#url = url;
    this.#startTimer = startTimer;
  }

  /** A pull begins, perhaps anew: so do its captions. */
  begin(): void {
    this.close();
    this.#feed = undefined;
    this.#abort = new AbortController();
    void this.#read(this.#abort);
  }

  /**
   * The captions of an encoder session.
   *
   * @param zeroMs what the upstream's clock says at the session's beginning, ms; undefined while it is not known
   */
  open(zeroMs: () => number | undefined): FeedCaptions {
    const feed = new UpstreamFeed(() => this.#reading?.tracks ?? [], zeroMs);
    if (this.#reading) {
      this.#reading.feed = feed;
      for (const { cue } of this.#reading.cues.values()) feed.add(cue);
    }
    this.#feed = feed;
    return feed;
  }

  close(): void {
    this.#abort?.abort();
    this.#reading = undefined;
  }

  async #read(abort: AbortController): Promise<void> {
    const tracks = await this.#untilThere(abort, async () => {
      const { text, baseUrl } = await fetchText(this.#url, abort.signal);
      return offeredTracks(text, baseUrl);
    });
    if (!tracks || tracks.length === 0 || abort.signal.aborted) return;
    const reading: Reading = { tracks, abort, cues: new Map(), feed: this.#feed };
    this.#reading = reading;
    await Promise.all(tracks.map((offered, track) => this.#follow(reading, { url: offered.url, track })));
  }

  /** Reads a track's playlist again and again, and each of its segments once. */
  async #follow(reading: Reading, { url, track }: { readonly url: string; readonly track: number }): Promise<void> {
    const { signal } = reading.abort;
    let readUpTo = -1;
    let begun: OfferedSegment | undefined;
    for (;;) {
      const playlist = await this.#untilThere(reading.abort, async () => {
        const { text, baseUrl } = await fetchText(url, signal);
        return offeredSegments(text, baseUrl);
      });
      if (!playlist) return;
      begun ??= firstPulled(playlist);
      const next = wanted(playlist, readUpTo);
      for (const segment of next) {
        if (signal.aborted) return;
        // Another clock begins behind a discontinuity, and where it stands only the media tell.
        if (begun && segment.discontinuity > begun.discontinuity) return;
        readUpTo = segment.mediaSequence;
        if (begun && segment.mediaSequence < begun.mediaSequence && segment.discontinuity < begun.discontinuity) continue;
        const text = await fetchText(segment.url, signal).then((answer) => answer.text, () => '');
        for (const cue of upstreamCues(text)) note(reading, { ...cue, track }, segment.mediaSequence);
        if (!playlist.isEnded) forget(reading, { track, before: segment.mediaSequence - KEPT_SEGMENTS });
      }
      if (playlist.isEnded && next.length === 0) return;
      await this.#pause(Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, playlist.targetSeconds * 1000)), signal);
      if (signal.aborted) return;
    }
  }

  /** Undefined when it was given up. */
  async #untilThere<Value>({ signal }: AbortController, get: () => Promise<Value>): Promise<Value | undefined> {
    while (!signal.aborted) {
      try {
        return await get();
      } catch {
        await this.#pause(RETRY_MS, signal);
      }
    }
    return undefined;
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        // A pull may go on for weeks.
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#startTimer(ms, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

/** What comes while a session encodes. */
class UpstreamFeed implements FeedCaptions {
  readonly #tracks: () => readonly CaptionTrack[];
  readonly #zeroMs: () => number | undefined;
  #coming: UpstreamCue[] = [];

  constructor(tracks: () => readonly CaptionTrack[], zeroMs: () => number | undefined) {
    this.#tracks = tracks;
    this.#zeroMs = zeroMs;
  }

  get tracks(): readonly CaptionTrack[] {
    return this.#tracks();
  }

  add(cue: UpstreamCue): void {
    this.#coming.push(cue);
    if (this.#coming.length > MAX_CUES) this.#coming.shift();
  }

  take(untilMs: number): readonly TrackCue[] {
    const zeroMs = this.#zeroMs();
    if (zeroMs === undefined) return [];
    const due: TrackCue[] = [];
    this.#coming = this.#coming.filter((cue) => {
      const startMs = nearest(cue.startMs - zeroMs, untilMs);
      if (startMs >= untilMs) return true;
      const endMs = Math.round(startMs + cue.endMs - cue.startMs);
      if (endMs > 0) due.push({ ...cue, startMs: Math.max(0, Math.round(startMs)), endMs });
      return false;
    });
    return due;
  }
}

/** Each once: one that is shown in several segments is in all of them. */
function note({ cues, feed }: Reading, cue: UpstreamCue, segment: number): void {
  const key = `${cue.track} ${cue.startMs} ${cue.endMs} ${cue.text}`;
  if (!cues.has(key)) feed?.add(cue);
  cues.set(key, { cue, segment });
  const [oldest] = cues.keys();
  if (cues.size > MAX_CUES && oldest !== undefined) cues.delete(oldest);
}

function forget({ cues }: Reading, old: { readonly track: number; readonly before: number }): void {
  for (const [key, { cue, segment }] of cues) if (cue.track === old.track && segment < old.before) cues.delete(key);
}

/** Where ffmpeg begins. */
function firstPulled({ segments, isEnded }: OfferedSegments): OfferedSegment | undefined {
  return segments[isEnded ? 0 : Math.max(0, segments.length - SEGMENTS_BEFORE_EDGE)];
}

function wanted(playlist: OfferedSegments, readUpTo: number): OfferedSegment[] {
  // One before what is pulled first: what it has may still be shown.
  const from = readUpTo < 0 ? (firstPulled(playlist)?.mediaSequence ?? 0) - 1 : readUpTo + 1;
  const next = playlist.segments.filter(({ mediaSequence }) => mediaSequence >= from);
  return playlist.isEnded ? next.slice(0, SEGMENTS_AT_ONCE) : next;
}

/** The cues of a segment on the clock of its media (RFC 8216bis section 3.1.4). */
function upstreamCues(text: string): Omit<UpstreamCue, 'track'>[] {
  if (!/^\uFEFF?WEBVTT/.test(text)) return [];
  const map = TIMESTAMP_MAP.exec(text)?.[1] ?? '';
  const ticks = Number(/MPEGTS:(\d{1,15})/.exec(map)?.[1] ?? 0);
  const local = /LOCAL:([\d:.]+)/.exec(map)?.[1] ?? '00:00.000';
  const [localMs = 0] = readCues(`WEBVTT\n\n${local} --> 9999:00:00.000\nx`).map(({ startMs }) => startMs);
  const offsetMs = ticks / 90 - localMs;
  return readCues(text).map(({ startMs, endMs, text: words }) => ({ startMs: startMs + offsetMs, endMs: endMs + offsetMs, text: words }));
}

/** The clock begins anew every 26.5 hours. */
function nearest(ms: number, aboutMs: number): number {
  return ms - Math.round((ms - aboutMs) / CLOCK_TURN_MS) * CLOCK_TURN_MS;
}
