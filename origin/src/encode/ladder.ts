import type { RenditionId } from '@p2ptv/protocol';

import type { MediaDescription } from '../ingest/source.js';
import type { Cadence } from './cadence.js';
import { framesPerSecond } from './frame-rate.js';

/** Pixels. */
export type Frame = { readonly width: number; readonly height: number };

/** A rendition as ffmpeg is to make it. */
export type PlannedRendition = {
  /** Its place in what is made: 0 is the best. */
  readonly rendition: RenditionId;
  /** The picture is shrunk into this. */
  readonly bounds: Frame;
  /** kb/s. */
  readonly videoBitrateKbps: number;
};

/** What a rung of the ladder is chosen from. */
export type LadderInput = {
  /** Heights, pixels, the largest first: the picture is shrunk to them, into 16:9 where it is wider. */
  readonly heights: readonly number[];
  readonly media: MediaDescription;
  readonly cadence: Cadence;
  /** Of the best one, kb/s; undefined: by size. */
  readonly videoBitrateKbps: number | undefined;
};

/** Heights that a channel is encoded at where nobody says otherwise. */
export const DEFAULT_LADDER_HEIGHTS: readonly number[] = [720, 480, 240];

/** What is encoded where there is no ladder. */
export const SINGLE_RENDITION: readonly number[] = [720];

/** A width that no height makes smaller. */
const LEAST_BOUND_WIDTH = 1280;
/** A rung that is not at least this much smaller than the one above it would only cost. */
const LEAST_STEP_RATIO = 0.9;
/** Neighbouring pixels resemble each other the more, the more there are. */
const RATE_EXPONENT = 0.8;

/**
 * The renditions to make of an input: the best one always, the others as far as they are smaller than
 * the one before, so that nothing is enlarged or made twice. Of an input whose size is not known all are made.
 * Without a picture there is one, of sound. They are numbered by place: whoever watches the best one goes on with the best one, whatever that comes to be.
 */
export function planLadder({ heights, media, cadence, videoBitrateKbps }: LadderInput): PlannedRendition[] {
  if (!media.hasVideo) return [{ rendition: 0 as RenditionId, bounds: { width: 0, height: 0 }, videoBitrateKbps: 0 }];
  const planned: PlannedRendition[] = [];
  let previous: Frame | undefined;
  let best: { readonly pixels: number; readonly kbps: number } | undefined;
  for (const height of heights) {
    const bounds = boundsOf(height);
    const size = shrunk(media, bounds);
    if (previous && size.height > previous.height * LEAST_STEP_RATIO) continue;
    const pixels = size.width * size.height;
    const kbps = best
      ? Math.round(best.kbps * (pixels / best.pixels) ** RATE_EXPONENT)
      : (videoBitrateKbps ?? defaultVideoBitrateKbps(size.width, size.height, framesPerSecond(cadence.frameRate)));
    best ??= { pixels, kbps };
    previous = size;
    planned.push({ rendition: planned.length as RenditionId, bounds, videoBitrateKbps: kbps });
  }
  return planned;
}

/** The video's rate in kb/s that a picture of this size gets when nobody says otherwise. */
export function defaultVideoBitrateKbps(width: number, height: number, framesASecond: number): number {
  const pixelRatio = (width * height) / (640 * 360);
  // Neighbouring frames too resemble each other the more, the more there are.
  return Math.round(800 * pixelRatio ** RATE_EXPONENT * (framesASecond / 30) ** 0.5);
}

/** The height is obeyed; the width bounds only pictures that are wider than 16:9. */
function boundsOf(height: number): Frame {
  return { width: Math.max(LEAST_BOUND_WIDTH, Math.ceil((height * 16) / 9)), height };
}

function shrunk(media: MediaDescription, bounds: Frame): Frame {
  const { width = bounds.width, height = bounds.height } = media;
  const shrink = Math.min(1, bounds.width / width, bounds.height / height);
  return { width: width * shrink, height: height * shrink };
}
