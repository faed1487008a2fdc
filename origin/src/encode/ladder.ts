import type { RenditionId } from '@p2ptv/protocol';

import type { MediaDescription } from '../ingest/source.js';
import type { Cadence } from './cadence.js';
import { framesPerSecond } from './frame-rate.js';

/** A rendition as the operator wants it. */
export type LadderRung = {
  readonly rendition: RenditionId;
  /** The picture is shrunk to this height, or into 1280x720 where none is given; never enlarged. Pixels. */
  readonly height: number | undefined;
};

/** Pixels. */
export type Frame = { readonly width: number; readonly height: number };

/** A rendition as ffmpeg is to make it. */
export type PlannedRendition = {
  readonly rendition: RenditionId;
  /** The picture is shrunk into this. */
  readonly bounds: Frame;
  /** kb/s. */
  readonly videoBitrateKbps: number;
};

/** What a rung of the ladder is chosen from. */
export type LadderInput = {
  /** Best first. */
  readonly ladder: readonly LadderRung[];
  readonly media: MediaDescription;
  readonly cadence: Cadence;
  /** Of the best one, kb/s; undefined: by size. */
  readonly videoBitrateKbps: number | undefined;
};

/** Heights that a channel is encoded at where nobody says otherwise. */
export const DEFAULT_LADDER_HEIGHTS: readonly number[] = [720, 480, 240];

const DEFAULT_FRAME: Frame = { width: 1280, height: 720 };
/** A rung that is not at least this much smaller than the one above it would only cost. */
const LEAST_STEP_RATIO = 0.9;
/** Neighbouring pixels resemble each other the more, the more there are. */
const RATE_EXPONENT = 0.8;

/** A ladder of these heights, best first; its renditions are numbered from 0, whatever becomes of single ones. */
export function ladderOf(heights: readonly (number | undefined)[]): LadderRung[] {
  return heights.map((height, index) => ({ rendition: index as RenditionId, height }));
}

/**
 * The renditions to make of an input: the best one always, the others as far as they are smaller than
 * the one before, so that nothing is enlarged or made twice. Of an input whose size is not known all are made.
 */
export function planLadder({ ladder, media, cadence, videoBitrateKbps }: LadderInput): PlannedRendition[] {
  const planned: PlannedRendition[] = [];
  let previous: Frame | undefined;
  let best: { readonly pixels: number; readonly kbps: number } | undefined;
  for (const { rendition, height } of ladder) {
    const bounds = boundsOf(height);
    const size = shrunk(media, bounds);
    if (previous && size.height > previous.height * LEAST_STEP_RATIO) continue;
    const pixels = size.width * size.height;
    const kbps = best
      ? Math.round(best.kbps * (pixels / best.pixels) ** RATE_EXPONENT)
      : (videoBitrateKbps ?? defaultVideoBitrateKbps(size.width, size.height, framesPerSecond(cadence.frameRate)));
    best ??= { pixels, kbps };
    previous = size;
    planned.push({ rendition, bounds, videoBitrateKbps: kbps });
  }
  return planned;
}

/** The video's rate in kb/s that a picture of this size gets when nobody says otherwise. */
export function defaultVideoBitrateKbps(width: number, height: number, framesASecond: number): number {
  const pixelRatio = (width * height) / (640 * 360);
  // Neighbouring frames too resemble each other the more, the more there are.
  return Math.round(800 * pixelRatio ** RATE_EXPONENT * (framesASecond / 30) ** 0.5);
}

/** An explicit height is obeyed; the width then bounds only pictures that are wider than 16:9, and never below the default. */
function boundsOf(height: number | undefined): Frame {
  if (height === undefined) return DEFAULT_FRAME;
  return { width: Math.max(DEFAULT_FRAME.width, Math.ceil((height * 16) / 9)), height };
}

function shrunk(media: MediaDescription, bounds: Frame): Frame {
  const { width = bounds.width, height = bounds.height } = media;
  const shrink = Math.min(1, bounds.width / width, bounds.height / height);
  return { width: width * shrink, height: height * shrink };
}
