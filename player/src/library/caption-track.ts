import type { CaptionPiece } from './caption-pieces.js';

/** What stands there is shown for so long beyond what is known of it, s: the picture never gets there before more is known. */
const STANDS_ON_SECONDS = 10;
/** Two pieces so near to each other follow one another, s: less than a frame. */
const ROUNDING_SECONDS = 0.02;
/** Safari empties a track without an address when it is hidden. */
const EMPTY_TRACK = new Blob(['WEBVTT\n'], { type: 'text/vtt' });

/** The caption that nothing has ended yet, and how far it is known. */
type Open = { readonly cue: VTTCue; readonly piece: CaptionPiece; endSeconds: number };

/** Captions of one channel, as a text track of a media element. */
export class CaptionTrack {
  readonly #element: HTMLTrackElement;
  readonly #line: number | 'auto';
  /** In rising order of their beginnings, within what was read at a stretch. */
  #cues: VTTCue[] = [];
  #open: Open | undefined;

  /** @param options `line`: of captions in the lower half, as `VTTCue.line` counts; `next`: the track that it is put before, default: the end */
  constructor(media: HTMLMediaElement, options: { readonly label: string; readonly line: number | 'auto'; readonly next?: CaptionTrack | undefined }) {
    this.#line = options.line;
    this.#element = media.ownerDocument.createElement('track');
    this.#element.kind = 'captions';
    this.#element.label = options.label;
    this.#element.src = URL.createObjectURL(EMPTY_TRACK);
    this.#element.track.mode = 'hidden';
    media.insertBefore(this.#element, options.next ? options.next.#element : null);
  }

  /** Shows what follows what was shown last, or stands there still. */
  add(piece: CaptionPiece): void {
    const open = this.#open;
    if (open && open.piece.text === piece.text && Math.abs(open.endSeconds - piece.startSeconds) < ROUNDING_SECONDS) {
      open.endSeconds = piece.endSeconds;
      // Not each time: a browser draws a caption anew whose end is changed.
      if (open.cue.endTime < piece.endSeconds + STANDS_ON_SECONDS / 2) open.cue.endTime = piece.endSeconds + STANDS_ON_SECONDS;
      return;
    }
    this.close();
    const cue = new VTTCue(piece.startSeconds, piece.endSeconds + STANDS_ON_SECONDS, escaped(piece.text));
    cue.line = piece.isHigh ? 0 : this.#line;
    this.#element.track.addCue(cue);
    this.#cues.push(cue);
    this.#open = { cue, piece, endSeconds: piece.endSeconds };
  }

  /** All up to there has been read: what does not reach it has ended. */
  readUpTo(seconds: number): void {
    if (this.#open && this.#open.endSeconds < seconds - ROUNDING_SECONDS) this.close();
  }

  /** Nothing follows what stands there. */
  close(): void {
    if (this.#open) this.#open.cue.endTime = this.#open.endSeconds;
    this.#open = undefined;
  }

  /** What is known of a stretch is read anew. */
  forget(fromSeconds: number, toSeconds: number): void {
    for (const cue of this.#cues) {
      if (cue === this.#open?.cue) continue;
      if (cue.startTime < fromSeconds) cue.endTime = Math.min(cue.endTime, fromSeconds);
    }
    this.#drop((cue) => cue.startTime >= fromSeconds - ROUNDING_SECONDS && cue.startTime < toSeconds - ROUNDING_SECONDS);
  }

  /** The picture of a stretch is there no more. */
  flush(fromSeconds: number, toSeconds: number): void {
    this.#drop((cue) => cue.startTime >= fromSeconds && (cue === this.#open?.cue ? this.#open.endSeconds : cue.endTime) <= toSeconds);
  }

  remove(): void {
    this.#element.remove();
    URL.revokeObjectURL(this.#element.src);
  }

  #drop(isGone: (cue: VTTCue) => boolean): void {
    this.#cues = this.#cues.filter((cue) => {
      if (!isGone(cue)) return true;
      if (cue === this.#open?.cue) this.#open = undefined;
      this.#element.track.removeCue(cue);
      return false;
    });
  }
}

/** Cues are written in a markup (WebVTT, 3.2). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
