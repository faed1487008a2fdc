import { appendFileSync, readFileSync } from 'node:fs';

import { captionTrackSchema, type CaptionTrack, type RecordedSegment } from '@p2ptv/protocol';
import * as z from 'zod';

import { MAX_TRACKS } from './feed-captions.js';
import type { DatedCue } from './live-captions.js';
import type { RecordedTrack } from './recorded-captions.js';
import { timestampMap, writeCues, type TextCue } from './text-cue.js';

/** What is noted of captions while a recording grows: which tracks there are from now on, or cues of them. */
export type CaptionEntry = { readonly tracks: readonly CaptionTrack[] } | { readonly cues: readonly DatedCue[] };

const entrySchema = z.union([
  z.object({ tracks: z.array(captionTrackSchema).max(MAX_TRACKS) }),
  z.object({ cues: z.array(z.object({ track: z.int(), startMs: z.number(), endMs: z.number(), mediaMs: z.number(), text: z.string() })) }),
]);

/** Appends to a recording's journal of captions, a line each. @throws the system's error */
export function noteCaptions(path: string, entry: CaptionEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

/** What was noted; a line that a crash has torn is passed over. */
export function readCaptionJournal(path: string): CaptionEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return entrySchema.parse(JSON.parse(line));
    } catch {
      return [];
    }
  });
}

type Placed = { readonly segment: RecordedSegment; /** Since the recording's beginning, ms. */ readonly fromMs: number };
type Joined = RecordedTrack & { readonly text: string };

/**
 * Makes the captions of a recording of what was noted while it grew: its cues by language, on the recording's clock. Of a
 * language that two inputs brought, one after the other, there is one track.
 *
 * @param segments of the recording's best rendition, in their order
 */
export function joinCaptions(entries: readonly CaptionEntry[], segments: readonly RecordedSegment[]): Joined[] {
  let fromMs = 0;
  /** Where the media of each epoch end. */
  const endsMs = new Map<number, number>();
  const placed: Placed[] = segments.map((segment) => {
    const at = { segment, fromMs };
    fromMs += segment.durationUs / 1000;
    endsMs.set(segment.epoch, fromMs);
    return at;
  });
  const tracks = new Map<string, { readonly track: CaptionTrack; readonly cues: TextCue[]; readonly clocks: Map<number, number> }>();
  let current: readonly CaptionTrack[] = [];
  for (const entry of entries) {
    if ('tracks' in entry) {
      current = entry.tracks;
      continue;
    }
    for (const cue of entry.cues) {
      const track = current[cue.track];
      const at = track && placeOf(cue.startMs, placed);
      if (!track || !at) continue;
      const key = `${track.language} ${track.name}`;
      const joined = tracks.get(key) ?? { track, cues: [], clocks: new Map<number, number>() };
      tracks.set(key, joined);
      const startMs = at.fromMs + cue.startMs - at.segment.programDateTimeMs;
      joined.cues.push({ startMs, endMs: Math.min(endsMs.get(at.segment.epoch) ?? fromMs, startMs + cue.endMs - cue.startMs), text: cue.text });
      if (!joined.clocks.has(at.segment.epoch)) joined.clocks.set(at.segment.epoch, cue.mediaMs - startMs);
    }
  }
  return [...tracks.values()].slice(0, MAX_TRACKS).map(({ track, cues, clocks }) => {
    const sorted = cues.sort((some, other) => some.startMs - other.startMs);
    const stretches = stretchesOf(placed, clocks);
    const [first] = stretches;
    return { ...track, stretches, text: writeCues(sorted, first ? [timestampMap(first.mediaMs, 0)] : []) };
  });
}

/** The segment that a date is in; undefined for one that was not recorded. */
function placeOf(dateMs: number, placed: readonly Placed[]): Placed | undefined {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.segment.programDateTimeMs ?? Infinity) <= dateMs) low = middle + 1;
    else high = middle;
  }
  const found = placed[low - 1];
  // Dates follow the capture's clock, and segments their frames: the two may differ by some ms.
  return found && dateMs < found.segment.programDateTimeMs + found.segment.durationUs / 1000 + CLOCK_TOLERANCE_MS ? found : undefined;
}

const CLOCK_TOLERANCE_MS = 200;

/** Runs of segments of one epoch. @param clocks by epoch, what its media's clock says at the recording's beginning */
function stretchesOf(placed: readonly Placed[], clocks: ReadonlyMap<number, number>): NonNullable<RecordedTrack['stretches']> {
  const runs: { readonly epoch: number; readonly fromMs: number; durationMs: number }[] = [];
  for (const { segment, fromMs } of placed) {
    const last = runs.at(-1);
    if (last?.epoch === segment.epoch) last.durationMs += segment.durationUs / 1000;
    else runs.push({ epoch: segment.epoch, fromMs, durationMs: segment.durationUs / 1000 });
  }
  return runs.map(({ epoch, fromMs, durationMs }) => ({ fromMs, durationMs, mediaMs: Math.max(0, fromMs + (clocks.get(epoch) ?? 0)) }));
}
