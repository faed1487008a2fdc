import { readFile } from 'node:fs/promises';

import { captionTrackSchema } from '@p2ptv/protocol';
import * as z from 'zod';

import { readCues, timestampMap, writeCues } from './text-cue.js';

/** A stretch of a recording whose media have one clock. */
const stretchSchema = z.object({
  /** Since the recording's beginning, ms. */
  fromMs: z.number(),
  durationMs: z.number(),
  /** What the clock of the media says at its beginning, ms. */
  mediaMs: z.number(),
});

/** A track of captions as a recording keeps it. */
export const recordedTrackSchema = z.object({
  ...captionTrackSchema.shape,
  /** Left out of a film: all of it has one clock, which begins with it. */
  stretches: z.array(stretchSchema).optional(),
});
/** See {@link recordedTrackSchema}. */
export type RecordedTrack = z.infer<typeof recordedTrackSchema>;

/** The captions of a recording, as players ask for them. */
export class RecordedCaptions {
  readonly #tracks: readonly RecordedTrack[];
  readonly #fileOf: (track: number) => string;

  /** @param fileOf where the WebVTT of a track is */
  constructor(tracks: readonly RecordedTrack[], fileOf: (track: number) => string) {
    this.#tracks = tracks;
    this.#fileOf = fileOf;
  }

  /** All of a track; undefined for one that there is not. */
  async text(track: number): Promise<string | undefined> {
    return this.#tracks[track] && readFile(this.#fileOf(track), 'utf8');
  }

  /** A segment for each clock that the media have: captions of a film are a hundred kilobytes. */
  playlist(track: number, seconds: number): string | undefined {
    if (!this.#tracks[track]) return undefined;
    const { stretches = [] } = this.#tracks[track];
    const segments = stretches.length === 0 ? [{ seconds, name: 'captions.vtt' }] : stretches.map(({ durationMs }, index) => ({ seconds: durationMs / 1000, name: `stretch-${index}.vtt` }));
    const longest = Math.max(...segments.map((segment) => segment.seconds));
    const lines = ['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${Math.ceil(longest)}`, '#EXT-X-PLAYLIST-TYPE:VOD'];
    for (const [index, segment] of segments.entries()) lines.push(...(index > 0 ? ['#EXT-X-DISCONTINUITY'] : []), `#EXTINF:${segment.seconds.toFixed(3)},`, segment.name);
    return `${[...lines, '#EXT-X-ENDLIST'].join('\n')}\n`;
  }

  /** One of these segments. */
  async stretch(track: number, index: number): Promise<string | undefined> {
    const stretch = this.#tracks[track]?.stretches?.[index];
    const text = stretch && (await this.text(track));
    if (!stretch || text === undefined) return undefined;
    const { fromMs, durationMs, mediaMs } = stretch;
    const cues = readCues(text).filter(({ startMs, endMs }) => startMs < fromMs + durationMs && endMs > fromMs);
    return writeCues(cues, [timestampMap(mediaMs, fromMs)]);
  }
}
