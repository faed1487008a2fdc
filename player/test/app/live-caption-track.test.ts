import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveCaptionTrack } from '../../src/app/live-caption-track.js';

const BEGAN_MS = 1_700_000_000_000;

/** As much of a cue as is used. */
class FakeCue {
  line: number | 'auto' = 'auto';
  constructor(
    readonly startTime: number,
    readonly endTime: number,
    readonly text: string,
  ) {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('VTTCue', FakeCue);
  vi.stubGlobal('HTMLMediaElement', { HAVE_NOTHING: 0 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A track that is shown on what has been played for a second; what begins and ends is noted. */
function shown(cues: readonly { startMs: number; endMs: number; text: string }[]): { readonly track: LiveCaptionTrack; readonly cues: FakeCue[]; readonly changes: string[] } {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ isWhole: true, cues }))));
  const there: FakeCue[] = [];
  const changes: string[] = [];
  const track = {
    mode: 'showing',
    addCue: (cue: FakeCue) => {
      there.push(cue);
      changes.push(`+ ${cue.text}`);
    },
    removeCue: (cue: FakeCue) => {
      there.splice(there.indexOf(cue), 1);
      changes.push(`- ${cue.text}`);
    },
  };
  const element = { track, remove: () => undefined };
  const media = { currentTime: 1, readyState: 4, ownerDocument: { createElement: () => element }, append: () => undefined, addEventListener: () => undefined };
  const clock = { dateAt: (mediaTime: number) => BEGAN_MS + mediaTime * 1000, mediaTimeAt: (dateMs: number) => (dateMs - BEGAN_MS) / 1000 };
  return { track: new LiveCaptionTrack(media as unknown as HTMLMediaElement, { language: 'en', name: 'English', path: '/{slot}' }, { everyMs: 10_000, clock }), cues: there, changes };
}

it('a caption that began before what is played stands there once, and does not blink', async () => {
  const { track, cues, changes } = shown([
    { startMs: BEGAN_MS - 3000, endMs: BEGAN_MS + 4000, text: 'before' },
    { startMs: BEGAN_MS + 5000, endMs: BEGAN_MS + 6000, text: 'after' },
    { startMs: BEGAN_MS - 3000, endMs: BEGAN_MS - 1000, text: 'over' },
  ]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(changes).toEqual(['+ before', '+ after']);
  expect(cues.map(({ startTime, endTime }) => [startTime, endTime])).toEqual([[0, 4], [5, 6]]);
  track.remove();
});
