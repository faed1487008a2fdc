import { describe, expect, it } from 'vitest';
import { seekTarget, seekTimelineOf } from '../../src/app/seek-timeline.js';

const nowMs = 1_000_000;
const live = { stats: { recording: undefined, playoutDelayMs: 800 }, keptFromMs: nowMs - 60_000, isOnDemand: false, nowMs };
const recording = { fromMs: 100_000, toMs: 400_000, positionMs: 150_000 };

describe('seek timeline', () => {
  it('of a live stream goes from what is kept to the picture, at its end', () => {
    expect(seekTimelineOf(live)).toEqual({ fromMs: nowMs - 60_000, toMs: nowMs - 800, positionMs: nowMs - 800, isLive: true });
  });

  it('is none where nothing is known or next to nothing is kept', () => {
    expect(seekTimelineOf({ ...live, stats: undefined })).toBeUndefined();
    expect(seekTimelineOf({ ...live, keptFromMs: undefined })).toBeUndefined();
    expect(seekTimelineOf({ ...live, keptFromMs: nowMs - 5000 })).toBeUndefined();
  });

  it('of a recording is what was recorded; of a live stream, seen later, it ends now', () => {
    const stats = { recording, playoutDelayMs: undefined };
    expect(seekTimelineOf({ ...live, stats, isOnDemand: true })).toEqual({ ...recording, isLive: false });
    expect(seekTimelineOf({ ...live, stats })).toEqual({ ...recording, toMs: nowMs, isLive: true });
  });

  it('leads back to the live edge near its end, and never beyond what there is', () => {
    const timeline = { ...recording, isLive: true };
    expect(seekTarget(timeline, 399_000)).toBe('live');
    expect(seekTarget(timeline, 200_000)).toBe(200_000);
    expect(seekTarget(timeline, 5)).toBe(100_000);
    expect(seekTarget({ ...timeline, isLive: false }, 999_000)).toBe(400_000);
  });
});
