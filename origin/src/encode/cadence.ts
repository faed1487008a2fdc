import { framesPerSecond, type FrameRate } from './frame-rate.js';

/** What the operator asks for; the cadence is the nearest that whole frames allow. */
export type CadenceRequest = {
  readonly frameRate: FrameRate;
  /** Wanted duration of a part, ms. */
  readonly partMs: number;
  /** Wanted distance between key frames, ms. Default 1000. */
  readonly gopMs?: number;
  /** Wanted duration of a segment, ms. Default 2000. */
  readonly segmentMs?: number;
};

/** Parts, GOPs and segments in whole frames: a part divides the GOP, a GOP divides the segment. */
export type Cadence = {
  readonly frameRate: FrameRate;
  readonly framesPerPart: number;
  readonly framesPerGop: number;
  readonly framesPerSegment: number;
  /** Exact duration of a part in ms, as a fraction. Every part has it, a session's last excepted. */
  readonly partDurationMs: { readonly numerator: number; readonly denominator: number };
  /** PART-TARGET in ms: the longest part, rounded up to the microsecond so that no part ever exceeds it. */
  readonly partTargetMs: number;
  /** Whether the part is another number of frames than the one nearest to `partMs`. */
  readonly isPartAdjusted: boolean;
  /** One sentence for the log, with the reason where the part was adjusted. */
  readonly message: string;
};

/** Beyond this distance from the wanted part, a GOP of one frame more or less is tried too. */
const PART_TOLERANCE_RATIO = 0.25;
/** So far a part may be from the wanted one where the GOP is given: delay grows with it, and requests with its opposite. */
const GIVEN_TOLERANCE_RATIO = 0.6;

/**
 * Chooses the part as the whole number of frames nearest to `partMs` that divides the GOP.
 *
 * RFC 8216bis wants every part but a segment's last to be at least 85 % of PART-TARGET; parts that
 * divide the GOP are all equal, so the rule holds at any frame rate. Where no divisor is near (25 fps
 * and 100 ms: 1 or 5 frames), the GOP gives way by one frame instead.
 *
 * @throws RangeError when a duration is not a positive number
 */
export function planCadence(request: CadenceRequest): Cadence {
  const { frameRate, partMs, gopMs = 1000, segmentMs = 2000 } = request;
  for (const [name, value] of Object.entries({ partMs, gopMs, segmentMs, frameRate: framesPerSecond(frameRate) })) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name} must be a positive number, not ${value}`);
  }
  const framesPerMs = framesPerSecond(frameRate) / 1000;
  const wantedFrames = partMs * framesPerMs;
  const gopFrames = Math.max(1, Math.round(gopMs * framesPerMs));
  return cadenceOf(request, { ...choosePart(wantedFrames, gopFrames), wantedFrames, segmentMs });
}

/**
 * The cadence of an input whose key frames stand where they stand: parts divide the distance between them.
 *
 * @returns undefined when no such part is near enough to what is wanted
 */
export function cadenceOfGop(request: CadenceRequest, framesPerGop: number): Cadence | undefined {
  const { frameRate, partMs, segmentMs = 2000 } = request;
  const wantedFrames = (partMs * framesPerSecond(frameRate)) / 1000;
  const framesPerPart = nearestDivisor(framesPerGop, wantedFrames);
  if (Math.abs(framesPerPart - wantedFrames) / wantedFrames > GIVEN_TOLERANCE_RATIO) return undefined;
  return cadenceOf(request, { framesPerPart, framesPerGop, wantedFrames, segmentMs });
}

/** What sound is encoded at: samples a second, and in a frame of AAC. */
export const SOUND_SAMPLE_RATE = 48_000;
export const SOUND_FRAME_SAMPLES = 1024;

/**
 * The cadence of an input without a picture: its frames are those of AAC (21.3 ms), any of which a decoder can
 * begin with, so every part is a GOP.
 */
export function planSoundCadence({ partMs, segmentMs = 2000 }: Pick<CadenceRequest, 'partMs' | 'segmentMs'>): Cadence {
  const frameRate = { numerator: SOUND_SAMPLE_RATE, denominator: SOUND_FRAME_SAMPLES };
  const wantedFrames = (partMs * framesPerSecond(frameRate)) / 1000;
  const framesPerPart = Math.max(1, Math.round(wantedFrames));
  const cadence = cadenceOf({ frameRate, partMs }, { framesPerPart, framesPerGop: framesPerPart, wantedFrames, segmentMs });
  return { ...cadence, message: `There is no picture: parts are ${framesPerPart} frames of sound, ${Number(cadence.partTargetMs.toFixed(3))} ms.` };
}

function cadenceOf(
  { frameRate, partMs }: CadenceRequest,
  chosen: { readonly framesPerPart: number; readonly framesPerGop: number; readonly wantedFrames: number; readonly segmentMs: number },
): Cadence {
  const { framesPerPart, framesPerGop, wantedFrames, segmentMs } = chosen;
  const framesPerMs = framesPerSecond(frameRate) / 1000;
  const gopsPerSegment = Math.max(1, Math.round((segmentMs * framesPerMs) / framesPerGop));
  const partDurationMs = { numerator: framesPerPart * frameRate.denominator * 1000, denominator: frameRate.numerator };
  const exactPartMs = partDurationMs.numerator / partDurationMs.denominator;
  const isPartAdjusted = framesPerPart !== Math.max(1, Math.round(wantedFrames));
  return {
    frameRate,
    framesPerPart,
    framesPerGop,
    framesPerSegment: gopsPerSegment * framesPerGop,
    partDurationMs,
    // The epsilon keeps a whole number of microseconds from being pushed up by a rounding error.
    partTargetMs: Math.ceil(exactPartMs * 1000 - 1e-6) / 1000,
    isPartAdjusted,
    message: describe(partMs, exactPartMs, { framesPerPart, framesPerGop, isPartAdjusted, frameRate }),
  };
}

function choosePart(wantedFrames: number, gopFrames: number): { framesPerPart: number; framesPerGop: number } {
  let best = { framesPerPart: nearestDivisor(gopFrames, wantedFrames), framesPerGop: gopFrames };
  const offBy = (frames: number): number => Math.abs(frames - wantedFrames) / wantedFrames;
  if (offBy(best.framesPerPart) <= PART_TOLERANCE_RATIO) return best;
  for (const framesPerGop of [gopFrames - 1, gopFrames + 1]) {
    if (framesPerGop < 1) continue;
    const framesPerPart = nearestDivisor(framesPerGop, wantedFrames);
    if (offBy(framesPerPart) < offBy(best.framesPerPart)) best = { framesPerPart, framesPerGop };
  }
  return best;
}

/** Of two equally near, the smaller: less delay. */
function nearestDivisor(whole: number, wanted: number): number {
  let nearest = 1;
  for (let divisor = 2; divisor <= whole; divisor++) {
    if (whole % divisor === 0 && Math.abs(divisor - wanted) < Math.abs(nearest - wanted)) nearest = divisor;
  }
  return nearest;
}

function describe(
  partMs: number,
  exactPartMs: number,
  plan: Pick<Cadence, 'framesPerPart' | 'framesPerGop' | 'isPartAdjusted' | 'frameRate'>,
): string {
  const fps = Number(framesPerSecond(plan.frameRate).toFixed(3));
  const part = `${Number(exactPartMs.toFixed(3))} ms (${plan.framesPerPart} of ${plan.framesPerGop} frames at ${fps} fps)`;
  if (!plan.isPartAdjusted) return `Parts are ${part}.`;
  return `Parts are ${part} instead of ${partMs} ms, because a whole number of parts must fill the ${plan.framesPerGop} frames between key frames.`;
}
