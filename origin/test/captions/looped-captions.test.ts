import { describe, expect, it } from 'vitest';

import { LoopedCaptions, type ReadCaptions } from '../../src/captions/looped-captions.js';

const cue = (startMs: number, endMs: number, text = `at ${startMs}`) => ({ startMs, endMs, text });
const read = (turnMs: number): ReadCaptions => ({
  tracks: [
    { language: 'en', name: 'English', cues: [cue(500, 1500), cue(4000, 5600), cue(9000, 9500)] },
    { language: 'de', name: 'Deutsch', cues: [cue(600, 900)] },
  ],
  turnMs,
});
const opened = async (turnMs: number): Promise<LoopedCaptions> => {
  const captions = new LoopedCaptions(Promise.resolve(read(turnMs)));
  await Promise.resolve();
  return captions;
};

describe('captions of a file', () => {
  it('come once each, turn after turn at ffmpeg’s own length of a turn, ended by its end; what lies beyond it never comes', async () => {
    const captions = await opened(5038.733);
    expect(captions.tracks).toEqual([{ language: 'en', name: 'English' }, { language: 'de', name: 'Deutsch' }]);
    const taken = [3000, 4000, 4001, 20_000, 20_000].map((untilMs) => captions.take(untilMs).filter(({ track }) => track === 0));
    expect(taken.map((cues) => cues.map(({ startMs }) => startMs))).toEqual([[500], [], [4000], [5539, 9039, 10_577, 14_077, 15_616, 19_116], []]);
    expect(taken[2]?.[0]?.endMs).toBe(5039);
    const later = captions.take(1_000_000).filter(({ track }) => track === 1);
    expect(later.at(-1)?.startMs).toBe(Math.round(600 + 198 * 5038.733));
  });

  it('come once where the file does', async () => {
    const captions = await opened(Infinity);
    expect(captions.take(100_000).map(({ startMs }) => startMs)).toEqual([500, 4000, 9000, 600]);
    expect(captions.take(200_000)).toEqual([]);
  });

  it('are none until it has been read, then all from its beginning; and none if it cannot be', async () => {
    let resolve = (_read: ReadCaptions): void => undefined;
    const late = new LoopedCaptions(new Promise((done) => (resolve = done)));
    expect([late.tracks, late.take(2000)]).toEqual([[], []]);
    resolve(read(Infinity));
    await Promise.resolve();
    expect(late.take(3000).map(({ startMs }) => startMs)).toEqual([500, 600]);
    const broken = new LoopedCaptions(Promise.reject(new Error('no such file')));
    await Promise.resolve();
    expect([broken.tracks, broken.take(2000)]).toEqual([[], []]);
  });
});
