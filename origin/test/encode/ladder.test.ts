import { describe, expect, it } from 'vitest';

import { planCadence } from '../../src/encode/cadence.js';
import { DEFAULT_LADDER_HEIGHTS, planLadder, type LadderInput } from '../../src/encode/ladder.js';

const frameRate = { numerator: 30, denominator: 1 };
const cadence = planCadence({ frameRate, partMs: 200 });

function planned(width: number | undefined, height: number | undefined, more: Partial<LadderInput> = {}): { rendition: number; height: number; kbps: number }[] {
  const media = { width, height, frameRate, hasVideo: true, hasAudio: true };
  const plan = planLadder({ heights: DEFAULT_LADDER_HEIGHTS, media, cadence, videoBitrateKbps: undefined, ...more });
  return plan.map(({ rendition, bounds, videoBitrateKbps }) => ({ rendition, height: bounds.height, kbps: videoBitrateKbps }));
}

describe('the ladder', () => {
  it('has all rungs of an input that is large enough, with rates by size', () => {
    expect(planned(1920, 1080)).toEqual([
      { rendition: 0, height: 720, kbps: 2425 },
      { rendition: 1, height: 480, kbps: 1268 },
      { rendition: 2, height: 240, kbps: 418 },
    ]);
  });

  it('makes nothing twice of a small input: the best rung shrinks to it, and numbers stay without a gap', () => {
    expect(planned(640, 360)).toEqual([
      { rendition: 0, height: 720, kbps: 800 },
      { rendition: 1, height: 240, kbps: 418 },
    ]);
    expect(planned(320, 180).map(({ rendition }) => rendition)).toEqual([0]);
  });

  it('leaves out a rung that is hardly smaller than the one above', () => {
    expect(planned(910, 512).map(({ height }) => height)).toEqual([720, 240]);
  });

  it('has one rung where there is no picture', () => {
    const media = { width: 0, height: 0, frameRate, hasVideo: false, hasAudio: true };
    expect(planned(0, 0, { media })).toEqual([{ rendition: 0, height: 0, kbps: 0 }]);
  });

  it('measures a picture that stands upright by its height', () => {
    expect(planned(720, 1280).map(({ rendition }) => rendition)).toEqual([0, 1, 2]);
  });

  it('makes all of an input of unknown size', () => {
    expect(planned(undefined, undefined).map(({ rendition }) => rendition)).toEqual([0, 1, 2]);
  });

  it('takes a rate that was given for the best one, and scales the others by it', () => {
    expect(planned(1280, 720, { videoBitrateKbps: 1000 }).map(({ kbps }) => kbps)).toEqual([1000, 523, 172]);
  });
});
