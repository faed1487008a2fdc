import { packSegments, renderRecordingPlaylist, type RecordedSegment, type RenditionId, type SegmentList } from '@p2ptv/protocol';

import { renderedText, type RenderedText } from './rendered-text.js';
import type { MediaLog, ServedStream } from './served-stream.js';

type Kept = { readonly version: string; readonly segments: readonly RecordedSegment[]; list?: RenderedText; playlist?: RenderedText };

/** What is kept of each rendition, listed once for each state of it: hours are thousands of segments, and every viewer asks. */
export class RecordingCache {
  readonly #stream: ServedStream;
  readonly #kept = new WeakMap<MediaLog, Kept>();

  constructor(stream: ServedStream) {
    this.#stream = stream;
  }

  /** The answer to `segments`; `after`: only what comes after that media sequence. */
  list(log: MediaLog, rendition: RenditionId, after: number | undefined): RenderedText {
    const kept = this.#of(log);
    if (after !== undefined) return renderedText(this.#listOf(rendition, kept.segments.filter(({ mediaSequence }) => mediaSequence > after)));
    return (kept.list ??= renderedText(this.#listOf(rendition, kept.segments)));
  }

  /** The media playlist by whole segments. */
  playlist(log: MediaLog): RenderedText {
    const kept = this.#of(log);
    const targetDurationSeconds = this.#stream.record?.targetDurationSeconds ?? 1;
    return (kept.playlist ??= renderedText(renderRecordingPlaylist(kept.segments, { targetDurationSeconds, isEnded: this.#isEnded })));
  }

  get #isEnded(): boolean {
    return this.#stream.record?.isEnded === true;
  }

  #of(log: MediaLog): Kept {
    const version = `${log.recordedVersion}/${this.#isEnded}`;
    const known = this.#kept.get(log);
    if (known?.version === version) return known;
    const kept: Kept = { version, segments: log.recorded() };
    this.#kept.set(log, kept);
    return kept;
  }

  #listOf(rendition: RenditionId, segments: readonly RecordedSegment[]): string {
    const list: SegmentList = { version: 1, rendition, isEnded: this.#isEnded, runs: packSegments(segments) };
    return JSON.stringify(list);
  }
}
