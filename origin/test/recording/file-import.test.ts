import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { startImport } from '../../src/recording/file-import.js';
import { openRecordings, type Recordings } from '../../src/server/recordings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { publisher, temporaryFolder } from '../package/stream-fixture.js';

const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
const logger = pino({ level: 'silent' });
let folder: ReturnType<typeof temporaryFolder>;
let store: SqliteStore;
let recordings: Recordings;

beforeEach(() => {
  folder = temporaryFolder();
  store = SqliteStore.open(join(folder.path, 'state.db'));
  recordings = openRecordings(store.recordings, { dataFolder: folder.path, publisher, gate: undefined, wallMs: clock.wallMs, logger });
});
afterEach(() => {
  recordings.close();
  store.close();
  folder.remove();
});

const ports = async () => ({ dataFolder: folder.path, library: recordings.library, publisher, ffmpeg: await locateFfmpeg(), clock, logger });

describe('a file that is added', () => {
  it('RC9, RC10: is a recording with a ladder and its captions, as long as the file, dated by its own time; progress rises to the end; pictures that it lacks are made at the next start', async () => {
    const file = join(folder.path, 'clip.mkv');
    const { ffmpeg, ...others } = await ports();
    const titles = join(folder.path, 'titles.srt');
    writeFileSync(titles, '1\n00:00:01,500 --> 00:00:03,000\nGood <i>evening</i>\n');
    const subtitles = ['-map', '0', '-map', '1', '-map', '2', '-map', '2', '-map', '2', '-c:s', 'srt', '-metadata:s:s:0', 'language=eng', '-metadata:s:s:2', 'language=eng'];
    await promisify(execFile)(ffmpeg.path, ['-f', 'lavfi', '-i', 'testsrc=s=320x180:r=30:d=7', '-f', 'lavfi', '-i', 'sine=d=7', '-i', titles, ...subtitles, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', file]);
    const progress: number[] = [];
    const running = await startImport({ file, title: 'Über Land', description: '', tags: [], isPrivate: false, ladder: [180, 90] }, { ...others, ffmpeg, onProgress: (ratio) => progress.push(ratio) });
    expect(store.recordings.get(running.id)).toMatchObject({ state: 'importing', title: 'Über Land' });
    await running.done;
    expect(running.id).toMatch(/^uber-land-\d{8}-\d{6}$/);
    const recording = store.recordings.get(running.id)!;
    expect(recording).toMatchObject({ state: 'ready', width: 320, height: 180 });
    expect(Math.abs(recording.durationMs - 7000)).toBeLessThan(250);
    expect(progress).toEqual([...progress].sort((left, right) => left - right));
    expect(progress.at(-1)).toBeGreaterThan(0.95);
    const { live } = recordings.library.get(running.id)!;
    expect(live.record?.renditions.map(({ height }) => height)).toEqual([180, 90]);
    const [first, second] = live.log.recorded();
    expect(second!.programDateTimeMs - first!.programDateTimeMs).toBe(2000);
    expect(live.captions).toEqual([{ language: 'en', name: 'English' }, { language: 'und', name: 'Captions 2' }, { language: 'en', name: 'English 2' }]);
    expect(await live.recordedCaptions?.text(0)).toMatch(/^WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:01\.5\d\d --> 00:00:03\.0\d\d\nGood <i>evening<\/i>\n/);
    expect(await live.recordedCaptions?.text(3)).toBeUndefined();
    expect(readdirSync(join(folder.path, 'streams'))).toEqual([]);

    // As if the origin had been killed before it came to draw.
    await recordings.keeper.settled();
    recordings.close();
    rmSync(join(recordings.library.folderOf(running.id).path, 'previews.json'));
    store.recordings.update(running.id, { hasThumbnail: false });
    recordings = openRecordings(store.recordings, { dataFolder: folder.path, publisher, gate: undefined, wallMs: clock.wallMs, logger });
    await recordings.keeper.recover();
    await recordings.keeper.settled();
    expect(recordings.library.folderOf(running.id).describedPreviews()).toMatchObject({ count: 4, columns: 4 });
    expect(store.recordings.get(running.id)?.hasThumbnail).toBe(true);
  });

  it('and is a song: a recording of its sound, without pictures', async () => {
    const file = join(folder.path, 'song.mp3');
    const { ffmpeg, ...others } = await ports();
    await promisify(execFile)(ffmpeg.path, ['-f', 'lavfi', '-i', 'sine=d=5', '-c:a', 'libmp3lame', file]);
    const running = await startImport({ file, title: 'Song', description: '', tags: [], isPrivate: false }, { ...others, ffmpeg });
    await running.done;
    await recordings.keeper.settled();
    const recording = store.recordings.get(running.id)!;
    expect(recording).toMatchObject({ state: 'ready', width: 0, height: 0, hasThumbnail: false });
    expect(Math.abs(recording.durationMs - 5000)).toBeLessThan(100);
    expect(recordings.library.get(running.id)!.live.record?.renditions.map(({ codecs }) => codecs)).toEqual(['mp4a.40.2']);
    expect(recordings.library.folderOf(running.id).describedPreviews()).toBeUndefined();
  });

  it('of which the end is missing is a recording of what there is, and the log says so', async () => {
    const file = join(folder.path, 'film.mp4');
    const { ffmpeg, ...others } = await ports();
    await promisify(execFile)(ffmpeg.path, ['-f', 'lavfi', '-i', 'testsrc=s=320x180:r=30:d=8', '-c:v', 'libx264', '-preset', 'ultrafast', '-movflags', '+faststart', file]);
    const told: string[] = [];
    const listening = pino({ level: 'warn' }, { write: (line: string) => void told.push(line) });
    const add = async (): Promise<void> => (await startImport({ file, title: 'Film', description: '', tags: [], isPrivate: false, ladder: [180] }, { ...others, ffmpeg, logger: listening })).done;
    await add();
    expect(told).toEqual([]);
    truncateSync(file, Math.floor(statSync(file).size / 2));
    await add();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/Of \\"Film\\" only \d s can be played, where the file says that it has 8 s/);
  });

  it('that is no media file is refused, and nothing is left of it', async () => {
    const file = join(folder.path, 'note.txt');
    writeFileSync(file, 'not a film');
    await expect(startImport({ file, title: 'Note', description: '', tags: [], isPrivate: false }, await ports())).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(existsSync(join(folder.path, 'recordings'))).toBe(false);
  });
});
