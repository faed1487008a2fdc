import { captionSlotSchema, type CaptionSlot, type LiveCaptions } from '@p2ptv/protocol';
import { LINES_ABOVE_CONTROLS } from './captions-place.js';
import { requestJson } from './request-json.js';

/** The clock of what an element plays: dates of the media, ms since the Unix epoch, and media times, s; undefined while not known. */
export type PlayedClock = {
  dateAt(mediaTime: number): number | undefined;
  mediaTimeAt(dateMs: number): number | undefined;
};

/** How often is looked whether something is to be loaded, or stands elsewhere now, ms. */
const LOOK_EVERY_MS = 500;
/** When another time is played, perhaps on another clock, what stands there is looked at at once. */
const CLOCK_MOVES = ['emptied', 'seeking', 'seeked', 'loadedmetadata', 'playing'] as const;
/** What may still grow is asked for so often, ms: about a segment. */
const ASK_EVERY_MS = 2000;
/** Captions are there so long before they are shown, and stay so long after, ms. */
const AHEAD_MS = 6000;
const BEHIND_MS = 15_000;
/** Loaded captions are kept for so long around what is played, ms. */
const KEPT_MS = 180_000;
/** One cue, told twice, may differ by so much: its date follows the capture's clock, ms. */
const SAME_MS = 500;
/** A cue is put elsewhere when it stands wrong by more, s. */
const SHIFT_SECONDS = 0.05;
/** Safari empties a track without an address when it is hidden. */
const EMPTY_TRACK = new Blob(['WEBVTT\n'], { type: 'text/vtt' });

type Slot = CaptionSlot & { readonly askedAtMs: number };
type DatedCue = CaptionSlot['cues'][number];

/** Captions of a live stream in one language, as a text track of a media element; loaded from the origin only while they are shown. */
export class LiveCaptionTrack {
  readonly #media: HTMLMediaElement;
  readonly #element: HTMLTrackElement;
  readonly #clock: PlayedClock;
  readonly #from: { readonly path: string; readonly everyMs: number };
  readonly #slots = new Map<number, Slot>();
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #isAsking = false;
  #cues: VTTCue[] = [];

  constructor(media: HTMLMediaElement, { name, language, path }: LiveCaptions['tracks'][number], options: { readonly everyMs: number; readonly clock: PlayedClock }) {
    this.#media = media;
    this.#clock = options.clock;
    this.#from = { path, everyMs: options.everyMs };
    this.#element = media.ownerDocument.createElement('track');
    Object.assign(this.#element, { kind: 'captions', label: name, srclang: language, src: URL.createObjectURL(EMPTY_TRACK) });
    media.append(this.#element);
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    for (const name of CLOCK_MOVES) media.addEventListener(name, () => this.#look(), { signal: this.#abort.signal });
  }

  remove(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
    this.#element.remove();
    URL.revokeObjectURL(this.#element.src);
  }

  #look(): void {
    if (this.#element.track.mode !== 'showing') return;
    const nowMs = this.#clock.dateAt(this.#media.currentTime);
    // What was there stood on a clock that is no more.
    if (this.#media.readyState === HTMLMediaElement.HAVE_NOTHING) this.#clear();
    if (nowMs === undefined) return;
    void this.#ask(nowMs);
    this.#place(nowMs);
  }

  #clear(): void {
    for (const cue of this.#cues.splice(0)) this.#element.track.removeCue(cue);
  }

  /** What is shown now comes first. */
  async #ask(nowMs: number): Promise<void> {
    if (this.#isAsking) return;
    const slot = this.#wanted(nowMs);
    if (slot === undefined) return;
    this.#isAsking = true;
    const askedAtMs = performance.now();
    try {
      const told = captionSlotSchema.parse(await requestJson(this.#from.path.replace('{slot}', String(slot)), { signal: this.#abort.signal }));
      this.#slots.set(slot, { ...told, askedAtMs });
    } catch {
      // Asked again, later.
      this.#slots.set(slot, { ...(this.#slots.get(slot) ?? { cues: [] }), isWhole: false, askedAtMs });
    }
    this.#isAsking = false;
    if (!this.#abort.signal.aborted) this.#place(this.#clock.dateAt(this.#media.currentTime) ?? nowMs);
  }

  #wanted(nowMs: number): number | undefined {
    const { everyMs } = this.#from;
    for (const number of this.#slots.keys()) if (Math.abs(number * everyMs - nowMs) > KEPT_MS) this.#slots.delete(number);
    for (let number = Math.floor(nowMs / everyMs); number * everyMs < nowMs + AHEAD_MS; number++) {
      const known = this.#slots.get(number);
      if (!known || (!known.isWhole && performance.now() - known.askedAtMs >= ASK_EVERY_MS)) return number;
    }
    return undefined;
  }

  /** Puts the cues about now where their media are, which may have moved. */
  #place(nowMs: number): void {
    const wanted: { readonly cue: DatedCue; readonly start: number; readonly end: number }[] = [];
    for (const { cues } of this.#slots.values()) {
      for (const cue of cues) {
        if (cue.endMs < nowMs - BEHIND_MS || cue.startMs > nowMs + AHEAD_MS + this.#from.everyMs) continue;
        if (wanted.some((other) => other.cue.text === cue.text && Math.abs(other.cue.startMs - cue.startMs) < SAME_MS)) continue;
        const start = this.#clock.mediaTimeAt(cue.startMs);
        const end = start === undefined ? 0 : start + (cue.endMs - cue.startMs) / 1000;
        // One that began before the first of what is played begins with it.
        if (start !== undefined && end > 0) wanted.push({ cue, start: Math.max(0, start), end });
      }
    }
    const { track } = this.#element;
    const stays = (cue: VTTCue): boolean => wanted.some(({ cue: { text }, start, end }) => text === cue.text && Math.abs(start - cue.startTime) < SHIFT_SECONDS && Math.abs(end - cue.endTime) < SHIFT_SECONDS);
    const kept = this.#cues.filter(stays);
    for (const cue of this.#cues) if (!kept.includes(cue)) track.removeCue(cue);
    this.#cues = kept;
    for (const { cue, start, end } of wanted) {
      if (kept.some(({ text, startTime }) => text === cue.text && Math.abs(start - startTime) < SHIFT_SECONDS)) continue;
      const made = new VTTCue(start, end, cue.text);
      made.line = LINES_ABOVE_CONTROLS;
      track.addCue(made);
      this.#cues.push(made);
    }
  }
}
