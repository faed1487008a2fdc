import type { CaptionTrack } from '@p2ptv/protocol';

import type { FeedCaptions, TrackCue } from './feed-captions.js';
import type { FileTrack } from './file-captions.js';

/** What is known of a file's captions. */
export type ReadCaptions = {
  readonly tracks: readonly FileTrack[];
  /** How long a turn of the file is, ms; Infinity: it is played once, or it is not known how long. */
  readonly turnMs: number;
};

/** The captions of a file that is played once, or turn after turn. */
export class LoopedCaptions implements FeedCaptions {
  #read: ReadCaptions = { tracks: [], turnMs: Infinity };
  #takenUntilMs = 0;

  /** @param reading resolves when the file has been read; until then there are none */
  constructor(reading: Promise<ReadCaptions>) {
    reading.then(
      (read) => (this.#read = read),
      // A film without captions is better than none.
      () => undefined,
    );
  }

  get tracks(): readonly CaptionTrack[] {
    return this.#read.tracks.map(({ language, name }) => ({ language, name }));
  }

  take(untilMs: number): readonly TrackCue[] {
    const { tracks, turnMs } = this.#read;
    const fromMs = this.#takenUntilMs;
    if (tracks.length === 0 || untilMs <= fromMs) return [];
    this.#takenUntilMs = untilMs;
    const found: TrackCue[] = [];
    for (let turn = Math.floor(fromMs / turnMs); turn * turnMs < untilMs || turn === 0; turn++) {
      const offsetMs = turn === 0 ? 0 : turn * turnMs;
      for (const [track, { cues }] of tracks.entries()) {
        for (const { startMs, endMs, text } of cues) {
          const at = startMs + offsetMs;
          if (at < fromMs || at >= untilMs || startMs >= turnMs) continue;
          // The next turn begins without it.
          found.push({ track, startMs: Math.round(at), endMs: Math.round(Math.min(endMs, turnMs) + offsetMs), text });
        }
      }
      if (turnMs === Infinity) break;
    }
    return found;
  }
}
