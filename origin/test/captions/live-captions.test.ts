import { mkdirSync, appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CaptionTrack } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { joinCaptions, noteCaptions, readCaptionJournal, type CaptionEntry } from '../../src/captions/caption-journal.js';
import type { FeedCaptions, TrackCue } from '../../src/captions/feed-captions.js';
import { SLOT_MS } from '../../src/captions/live-captions.js';
import { RecordedCaptions } from '../../src/captions/recorded-captions.js';
import { readCues } from '../../src/captions/text-cue.js';
import { fakeInit, fakePart, openStream, temporaryFolder, type OpenedStream, type OpenOptions } from '../package/stream-fixture.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

const ENGLISH: CaptionTrack = { language: 'en', name: 'English' };
const DEUTSCH: CaptionTrack = { language: 'de', name: 'Deutsch' };
/** Date of the first part. */
const BEGAN_MS = 1_700_000_000_000;

/** An input whose captions are added while it runs. */
class FakeFeed implements FeedCaptions {
  tracks: readonly CaptionTrack[];
  #cues: TrackCue[] = [];

  constructor(tracks: readonly CaptionTrack[] = [ENGLISH]) {
    this.tracks = tracks;
  }

  add(startMs: number, endMs: number, { text = `at ${startMs}`, track = 0 } = {}): this {
    this.#cues.push({ track, startMs, endMs, text });
    return this;
  }

  take(untilMs: number): readonly TrackCue[] {
    const taken = this.#cues.filter(({ startMs }) => startMs < untilMs);
    this.#cues = this.#cues.filter((cue) => !taken.includes(cue));
    return taken;
  }
}

type Captioned = Pick<OpenedStream, 'live'> & {
  readonly begin: (feed: FeedCaptions | undefined) => void;
  readonly publish: (count: number) => void;
  readonly cuesIn: (epoch: number, mediaSequence: number, track?: number) => string[] | undefined;
  readonly playlist: (track?: number) => string | undefined;
};

/** A stream of segments of 2 s; dates go on over sessions, media times do not. */
function openCaptioned(options: OpenOptions = {}): Captioned {
  const { live } = openStream(folder.path, options);
  let [inSession, inAll] = [0, 0];
  return {
    live,
    begin: (feed) => {
      inSession = 0;
      live.beginSession([fakeInit()], feed);
    },
    publish: (count) => {
      for (let published = 0; published < count; published++) {
        live.publish({ ...fakePart(inSession), decodeTimeUs: inSession * 200_000, programDateTimeMs: BEGAN_MS + inAll * 200 });
        inSession++;
        inAll++;
      }
    },
    cuesIn: (epoch, mediaSequence, track = 0) => {
      const text = live.textCaptions.segment(track, { epoch, mediaSequence }, 2);
      return text === undefined ? undefined : readCues(text).map((cue) => cue.text);
    },
    playlist: (track = 0) => {
      const listed = live.log.timeline.segments.map(({ epoch, mediaSequence, parts, durationUs, isComplete }) => ({ epoch, mediaSequence, dateMs: parts[0]?.programDateTimeMs ?? 0, durationMs: durationUs / 1000, isComplete }));
      return live.textCaptions.playlist(track, { listed, targetDurationSeconds: 2, isEnded: false });
    },
  };
}

describe('captions of a live stream', () => {
  it('PL22: are in every segment in which they are shown, on the clock of the media, and in the one to come', () => {
    const { live, begin, publish, cuesIn, playlist } = openCaptioned();
    begin(new FakeFeed().add(500, 1500).add(1900, 4100, { text: 'long' }).add(6500, 7000));
    publish(25);
    expect(live.captions).toEqual([ENGLISH]);
    expect([cuesIn(1, 0), cuesIn(1, 1), cuesIn(1, 2), cuesIn(1, 3)]).toEqual([['at 500', 'long'], ['long'], ['long'], ['at 6500']]);
    expect([cuesIn(1, 4), cuesIn(1, 0, 1), cuesIn(7, 0)]).toEqual([undefined, undefined, []]);
    expect(live.textCaptions.segment(0, { epoch: 1, mediaSequence: 1 }, 2)).toBe('WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:180000,LOCAL:00:00:02.000\n\n00:00:01.900 --> 00:00:04.100\nlong\n');
    expect(playlist()?.match(/segment-.*/g)).toEqual(['segment-1-0.vtt', 'segment-1-1.vtt', 'segment-1-2.vtt', 'segment-1-3.vtt']);
    expect(playlist()?.match(/EXTINF.*/g)).toEqual(Array(4).fill('EXTINF:2.000,'));
    expect(playlist()).toContain('#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26.000Z\n#EXTINF:2.000,\nsegment-1-3.vtt');
    expect(playlist(1)).toBeUndefined();
    live.close();
  });

  it('PL22: that come late are in the segment that comes then', () => {
    const { live, begin, publish, cuesIn } = openCaptioned();
    const feed = new FakeFeed();
    begin(feed);
    publish(15);
    feed.add(500, 1000, { text: 'late' });
    publish(6);
    expect([cuesIn(1, 0), cuesIn(1, 1), cuesIn(1, 2)]).toEqual([['late'], ['late'], []]);
    live.close();
  });

  it('PL22: end with their session; another one’s count from its own beginning, behind a discontinuity', () => {
    const { live, begin, publish, cuesIn, playlist } = openCaptioned();
    begin(new FakeFeed().add(500, 9000, { text: 'cut' }).add(2500, 3000, { text: 'never' }));
    publish(10);
    begin(new FakeFeed().add(600, 1000, { text: 'anew' }));
    publish(2);
    expect([cuesIn(1, 0), cuesIn(2, 1)]).toEqual([['cut'], ['anew']]);
    expect(live.textCaptions.segment(0, { epoch: 1, mediaSequence: 0 }, 2)).toContain('00:00:00.500 --> 00:00:02.000');
    expect(playlist()).toMatch(/segment-1-0\.vtt\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:.*\n#EXTINF:2\.000,\nsegment-2-1\.vtt/);
    live.close();
  });

  it('PL22: are dropped with the media, and with their track where another input brings others', () => {
    const { live, begin, publish } = openCaptioned({ archiveMs: 4000, window: { playlistMs: 4000, lateMs: 1000, memoryBytes: 1e6 } });
    begin(new FakeFeed([ENGLISH, DEUTSCH]).add(500, 1500).add(120_500, 121_000, { text: 'Wort', track: 1 }));
    publish(610);
    const slotOf = (mediaMs: number): number => Math.floor((BEGAN_MS + mediaMs) / SLOT_MS);
    expect(live.textCaptions.slot(0, slotOf(500))?.cues).toEqual([]);
    expect(live.textCaptions.slot(1, slotOf(120_500))?.cues).toEqual([{ startMs: BEGAN_MS + 120_500, endMs: BEGAN_MS + 121_000, text: 'Wort' }]);
    begin(undefined);
    publish(1);
    expect(live.captions).toEqual([ENGLISH, DEUTSCH]);
    const changes: string[] = [];
    live.onChange(({ kind }) => changes.push(kind));
    begin(new FakeFeed([DEUTSCH]));
    publish(1);
    expect(live.captions).toEqual([DEUTSCH]);
    expect(changes).toContain('captionsChanged');
    expect(live.textCaptions.slot(0, slotOf(120_500))?.cues).toEqual([]);
    live.close();
  });

  it('PL22: are dropped with the media behind a segment that its session did not finish, too', () => {
    const { live, begin, publish } = openCaptioned({ archiveMs: 4000, window: { playlistMs: 4000, lateMs: 1000, memoryBytes: 1e6 } });
    begin(new FakeFeed());
    publish(13);
    begin(new FakeFeed().add(500, 1500));
    publish(600);
    expect(live.textCaptions.slot(0, Math.floor((BEGAN_MS + 2600 + 500) / SLOT_MS))?.cues).toEqual([]);
    live.close();
  });

  it('PL22: are others at once when other tracks become known within a segment', () => {
    const { live, begin, publish } = openCaptioned();
    begin(new FakeFeed());
    publish(12);
    const feed = new FakeFeed([]);
    begin(feed);
    publish(1);
    const { version } = live.textCaptions;
    feed.tracks = [DEUTSCH];
    publish(1);
    expect(live.captions).toEqual([DEUTSCH]);
    expect(live.textCaptions.version).toBeGreaterThan(version);
    live.close();
  });

  it('PL23: are told by date, and whole once no more can come', () => {
    const { live, begin, publish } = openCaptioned();
    const slot = Math.floor(BEGAN_MS / SLOT_MS);
    begin(new FakeFeed().add(9500, 10_500, { text: 'over two' }).add(1000, 2000));
    publish(1);
    const over = { startMs: BEGAN_MS + 9500, endMs: BEGAN_MS + 10_500, text: 'over two' };
    expect(live.textCaptions.slot(0, slot)).toEqual({ isWhole: false, cues: [{ startMs: BEGAN_MS + 1000, endMs: BEGAN_MS + 2000, text: 'at 1000' }, over] });
    publish(120);
    expect(live.textCaptions.slot(0, slot)?.isWhole).toBe(true);
    expect(live.textCaptions.slot(0, slot + 1)).toEqual({ isWhole: false, cues: [over] });
    expect(live.textCaptions.slot(1, slot)).toBeUndefined();
    live.close();
  });
});

describe('captions of a recording of what was live', () => {
  it('RC13: are noted as their media pass, and joined on its own clock; media of another epoch are another segment', async () => {
    const { live, begin, publish } = openCaptioned();
    const path = join(folder.path, 'recording', 'captions.jsonl');
    mkdirSync(dirname(path));
    begin(new FakeFeed([ENGLISH, DEUTSCH]).add(1500, 2500, { text: 'before' }).add(4500, 9000, { text: 'cut' }).add(30_000, 31_000, { text: 'never' }));
    publish(20);
    noteCaptions(path, { tracks: live.captions });
    live.textCaptions.listen({ cuesPassed: (cues) => noteCaptions(path, { cues }) });
    publish(10);
    begin(new FakeFeed([ENGLISH, DEUTSCH]).add(200, 700, { text: 'Wort', track: 1 }).add(1000, 1500, { text: 'anew' }));
    publish(10);
    live.goOffline();
    appendFileSync(path, '{"cues":[{"tr');
    // It began with the second segment.
    const segments = live.log.recorded().slice(1);
    const joined = joinCaptions(readCaptionJournal(path), segments);
    expect(joined.map(({ name, text }) => [name, readCues(text)])).toEqual([
      ['English', [{ startMs: 2500, endMs: 4000, text: 'cut' }, { startMs: 5000, endMs: 5500, text: 'anew' }]],
      ['Deutsch', [{ startMs: 4200, endMs: 4700, text: 'Wort' }]],
    ]);
    expect(joined[0]?.stretches).toEqual([{ fromMs: 0, durationMs: 4000, mediaMs: 2000 }, { fromMs: 4000, durationMs: 2000, mediaMs: 0 }]);
    const recorded = new RecordedCaptions(joined, () => path);
    expect(recorded.playlist(0, 6)).toBe('#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:4.000,\nstretch-0.vtt\n#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\nstretch-1.vtt\n#EXT-X-ENDLIST\n');
    expect(await recorded.stretch(0, 2)).toBeUndefined();
    live.close();
  });

  it('RC13: end with their epoch, though that ended after they had been noted', () => {
    const cue = { track: 0, startMs: BEGAN_MS + 500, endMs: BEGAN_MS + 3500, mediaMs: 500, text: 'cut' };
    const [first, second] = [1, 2].map((epoch) => ({ mediaSequence: epoch, epoch, initHash: '', sequence: epoch * 10, partCount: 10, durationUs: 2_000_000, programDateTimeMs: BEGAN_MS + epoch * 2000 - 2000 }));
    const [joined] = joinCaptions([{ tracks: [ENGLISH] }, { cues: [cue] }], [first!, second!]);
    expect(readCues(joined?.text ?? '')).toEqual([{ startMs: 500, endMs: 2000, text: 'cut' }]);
  });

  it('RC13: what lies outside of it is left out, and a journal that says nonsense too', () => {
    const cue = { track: 0, startMs: BEGAN_MS - 500, endMs: BEGAN_MS, mediaMs: 0, text: 'before' };
    const entries: CaptionEntry[] = [{ cues: [cue] }, { tracks: [ENGLISH] }, { cues: [cue, { ...cue, track: 7 }] }];
    const segment = { mediaSequence: 0, epoch: 1, initHash: '', sequence: 0, partCount: 10, durationUs: 2_000_000, programDateTimeMs: BEGAN_MS };
    expect(joinCaptions(entries, [segment])).toEqual([]);
    expect(readCaptionJournal(join(folder.path, 'none'))).toEqual([]);
  });
});
