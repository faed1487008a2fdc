import { Cta608Parser, type CaptionScreen } from '@svta/cml-608';
import { captionChannelOf, type CaptionChannel, type CaptionPair } from '@p2ptv/protocol';

/** What stands on the screen for a while. */
export type CaptionPiece = {
  readonly channel: CaptionChannel;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Rows, from the top. */
  readonly text: string;
  /** In the upper half of the picture. */
  readonly isHigh: boolean;
};

/** What the pictures of a stretch of time carry. */
export type CarriedPairs = { readonly startSeconds: number; readonly pairs: readonly CaptionPair[] };

/** A caption that nothing takes away is taken away after so long without a word, s (ANSI/CTA-608, C.9). */
const LONGEST_SILENCE_SECONDS = 16;
/** Commands of channels; below are those of other services (ANSI/CTA-608, 8.4, 9). */
const FIRST_COMMAND = 0x10;
const LAST_COMMAND = 0x1f;
const XDS_END = 0x0f;
const TEXT_RESTART = 0x2a;
const TEXT_RESUME = 0x2b;
const ROWS_ABOVE_MIDDLE = 7;
/** About a part, s. */
const STEP_SECONDS = 0.25;

/** What the pairs of a field are for, as far as they have come. */
type Field = { isSecond: boolean; isOtherService: boolean; readonly isText: [boolean, boolean] };

/**
 * Reads captions in the picture (CTA-608) stretch by stretch, so that what stands there is known while it still stands: live, its
 * end is to come only when the picture has passed it.
 */
export class CaptionPieces {
  #pieces: CaptionPiece[] = [];
  #fields: Record<1 | 2, Field> = { 1: newField(), 2: newField() };
  #lastWordSeconds = -Infinity;
  readonly #parsers: Record<1 | 2, Cta608Parser>;

  constructor() {
    this.#parsers = {
      1: new Cta608Parser(1, this.#taker('CC1'), this.#taker('CC2')),
      2: new Cta608Parser(3, this.#taker('CC3'), this.#taker('CC4')),
    };
  }

  /** Reads the stretch that follows; gives what stands on the screen in it, in rising order within a channel. */
  read(carried: readonly CarriedPairs[], endSeconds: number): CaptionPiece[] {
    this.#pieces = [];
    for (const { startSeconds, pairs } of carried) {
      if (pairs.length > 0) this.#lastWordSeconds = startSeconds;
      for (const field of [1, 2] as const) {
        const bytes = pairs.filter((pair) => pair.field === field && this.#isOfCaptions(pair)).flatMap(({ first, second }) => [first, second]);
        if (bytes.length > 0) this.#parsers[field].addData(startSeconds, bytes);
      }
    }
    if (endSeconds - this.#lastWordSeconds > LONGEST_SILENCE_SECONDS) this.reset();
    for (const field of [1, 2] as const) this.#parsers[field].cueSplitAtTime(endSeconds);
    return this.#pieces.map((piece) => ({ ...piece, endSeconds: Math.min(piece.endSeconds, endSeconds) })).filter((piece) => piece.startSeconds < piece.endSeconds);
  }

  /** What comes next does not follow what came last. */
  reset(): void {
    for (const field of [1, 2] as const) this.#parsers[field].reset();
    this.#fields = { 1: newField(), 2: newField() };
  }

  /** A field carries captions, text services and, the second one, descriptions of the programme (XDS) in turn. */
  #isOfCaptions(pair: CaptionPair): boolean {
    const { field, first, second } = pair;
    const state = this.#fields[field];
    if (first > 0 && first < FIRST_COMMAND) {
      state.isOtherService = first !== XDS_END;
      return false;
    }
    if (first >= FIRST_COMMAND && first <= LAST_COMMAND) {
      state.isOtherService = false;
      state.isSecond = (first & 8) !== 0;
      if ((first & 0x76) === 0x14 && (second === TEXT_RESTART || second === TEXT_RESUME)) state.isText[state.isSecond ? 1 : 0] = true;
      else if (captionChannelOf(pair)) state.isText[state.isSecond ? 1 : 0] = false;
    }
    return !state.isOtherService && !state.isText[state.isSecond ? 1 : 0];
  }

  /** What is written letter by letter is shown in steps. */
  #take(piece: CaptionPiece): void {
    const index = this.#pieces.findLastIndex(({ channel }) => channel === piece.channel);
    const before = this.#pieces[index];
    const isOneStep = before && piece.endSeconds - before.startSeconds <= STEP_SECONDS && piece.text.startsWith(before.text);
    if (isOneStep) this.#pieces[index] = { ...piece, startSeconds: before.startSeconds };
    else this.#pieces.push(piece);
  }

  #taker(channel: CaptionChannel): { newCue: (start: number | null, end: number, screen: CaptionScreen) => void } {
    return {
      newCue: (start, end, screen) => {
        const rows = screen.rows.map((row) => row.getTextString().trim());
        const text = rows.filter((row) => row !== '').join('\n');
        const lowest = rows.findLastIndex((row) => row !== '');
        if (start !== null && text !== '') this.#take({ channel, startSeconds: start, endSeconds: end, text, isHigh: lowest < ROWS_ABOVE_MIDDLE });
      },
    };
  }
}

function newField(): Field {
  return { isSecond: false, isOtherService: false, isText: [false, false] };
}
