import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { LiveStream } from '../../src/package/live-stream.js';
import { startImport } from '../../src/recording/file-import.js';
import { Recorder } from '../../src/recording/recorder.js';
import { UploadDesk } from '../../src/recording/upload-desk.js';
import { openRecordings, type Recordings } from '../../src/server/recordings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { fakeInit, fakePart, publisher } from '../package/stream-fixture.js';

const CLIP = fileURLToPath(new URL('../../media/clip.mp4', import.meta.url));
const DISK_MB = 4;
const PART_BYTES = 40_000;

/** A file system of a few megabytes; undefined where we may not have one. */
function mountSmallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'p2ptv-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'p2ptv-test', path], { stdio: 'ignore' });
    return path;
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
}

function unmount(path: string): void {
  execFileSync('umount', ['--lazy', path]);
  rmSync(path, { recursive: true });
}

const probe = mountSmallDisk();
if (probe !== undefined) unmount(probe);

// Only root may mount one; what is then shown by the operating system itself no imitation shows.
describe.skipIf(probe === undefined)('a disk that is full', () => {
  let disk: string;
  let store: SqliteStore;
  let recordings: Recordings;
  let lines: { level: number; msg: string }[];
  let wallMs: number;
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as { level: number; msg: string }) });
  const clock = { nowMs: () => performance.now(), wallMs: () => wallMs };

  beforeEach(() => {
    disk = mountSmallDisk()!;
    lines = [];
    wallMs = 1_700_000_000_000;
    store = SqliteStore.open(join(disk, 'state.db'));
    recordings = openRecordings(store.recordings, { dataFolder: disk, publisher, gate: undefined, wallMs: clock.wallMs, logger });
  });
  afterEach(() => {
    recordings.close();
    store.close();
    unmount(disk);
  });

  function openChannel(): { readonly live: LiveStream; readonly publish: (from: number, to: number) => void } {
    const settings = channelSettingsSchema.parse({ slug: 'main', title: 'A title', isRecorded: true });
    const recorder = new Recorder({ library: recordings.library, settings: () => settings, wallMs: clock.wallMs, logger });
    const live: LiveStream = new LiveStream({
      publisher,
      slug: 'main',
      title: 'A title',
      folder: join(disk, 'streams/main'),
      archiveMs: 600_000,
      wallMs: clock.wallMs,
      notice: (notice) => {
        if ('message' in notice) logger.error(notice.message);
      },
      fileClosed: (rendition, file) => recorder.keep(rendition, file, live),
    });
    live.onChange((change) => recorder.follow(live, change));
    const publish = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        wallMs += 200;
        live.publish(fakePart(index, PART_BYTES));
      }
    };
    return { live, publish };
  }

  const fill = (): void => writeFileSync(join(disk, 'filler'), Buffer.alloc(statfsSync(disk).bavail * statfsSync(disk).bsize, 1));
  const makeRoom = (): void => rmSync(join(disk, 'filler'));
  const warnings = (): string[] => lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);

  it('while something is live: it goes on, the log says so, and what was recorded before can be watched', () => {
    const { live, publish } = openChannel();
    live.beginSession([fakeInit()]);
    publish(0, 200);
    expect(live.log.last?.sequence).toBe(199);
    expect(warnings()).toEqual([expect.stringMatching(/^Recording to .* pauses, because the disk is nearly full; the live stream goes on/)]);
    live.goOffline();
    const [recording] = store.recordings.search({ offset: 0, limit: 10 }).recordings;
    expect(recording).toMatchObject({ state: 'ready' });
    expect(recordings.library.get(recording!.id)!.live.log.recorded().length).toBeGreaterThan(5);
    // Whoever administers can make room.
    expect(store.recordings.update(recording!.id, { title: 'Another' })).toBeDefined();
    live.close();
  });

  it('when something goes live: it is live without a recording, with a warning; when there is room again, one begins', () => {
    const { live, publish } = openChannel();
    fill();
    live.beginSession([fakeInit()]);
    publish(0, 20);
    expect(live.log.last?.sequence).toBe(19);
    expect(live.state).toBe('live');
    expect(warnings()).toContain('The stream is live without a recording, because the disk is full.');
    expect(store.recordings.search({ offset: 0, limit: 10 }).total).toBe(0);
    makeRoom();
    wallMs += 30_000;
    publish(20, 50);
    live.goOffline();
    expect(store.recordings.search({ offset: 0, limit: 10 }).recordings).toMatchObject([{ state: 'ready' }]);
    live.close();
  });

  it('refuses a file in one sentence, before and while it is made a recording, and leaves nothing of it', async () => {
    const ports = { dataFolder: disk, library: recordings.library, publisher, ffmpeg: await locateFfmpeg(), clock, logger };
    const request = { file: CLIP, title: 'Skies', description: '', tags: [], isPrivate: false, ladder: [90] };
    const sentence = /^"Skies" cannot be added, because the disk is (nearly )?full: make room, and add it again\.$/;
    const refused = { code: 'NO_ROOM', message: expect.stringMatching(sentence) as unknown };
    const before = statfsSync(disk).bavail;
    fill();
    await expect(startImport(request, ports)).rejects.toMatchObject(refused);
    makeRoom();
    writeFileSync(join(disk, 'filler'), Buffer.alloc(statfsSync(disk).bavail * statfsSync(disk).bsize - 700_000, 1));
    const running = await startImport(request, ports);
    await expect(running.done).rejects.toMatchObject(refused);
    makeRoom();
    expect(store.recordings.search({ offset: 0, limit: 10 }).total).toBe(0);
    // A page or two of the database's log.
    expect(before - statfsSync(disk).bavail).toBeLessThan(40);
  });

  it('refuses an upload in one sentence, and keeps nothing of what had come', async () => {
    const desk = new UploadDesk({ dataFolder: disk, library: recordings.library, publisher, clock, logger, maxBytes: 1e9, reserveBytes: 0 });
    const body = Readable.from(Array.from({ length: 8 }, () => Buffer.alloc(1_000_000, 1)));
    const refusal = await desk.receive(body, { fileName: 'film.mp4', byteLength: undefined, title: 'Film', description: '', tags: [], isPrivate: false }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'NO_ROOM', message: 'There is no room for "film.mp4", because the disk is full: delete recordings, or make room.' });
    expect(statfsSync(disk).bavail * statfsSync(disk).bsize).toBeGreaterThan(3e6);
    await desk.close();
  });
});
