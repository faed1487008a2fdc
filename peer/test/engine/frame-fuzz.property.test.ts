import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameFuzz } from './frame-fuzz.js';

const FRAMES_PER_RUN = 500;
/** As many frames as the environment says, else what a test run can afford. */
const FRAMES = Number(process.env['P2PTV_FUZZ_FRAMES'] ?? 40_000);

describe('an engine whose neighbours send any frame', () => {
  it('IN17: never throws, passes on nothing unverified, keeps its state bounded and comes to rest', { timeout: 7_200_000 }, () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.noBias(fc.nat(0x7fff_ffff)), (seed) => {
        const fuzz = new FrameFuzz(seed);
        fuzz.run(FRAMES_PER_RUN);
        messages += fuzz.messages;
      }),
      { numRuns: Math.max(1, Math.ceil(FRAMES / FRAMES_PER_RUN)), seed: 20_261_121 },
    );
    expect(messages / FRAMES).toBeGreaterThan(0.5);
  });
});
