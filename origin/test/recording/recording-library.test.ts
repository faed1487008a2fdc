import { cpSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { randomInteger, seededRandom } from '@p2ptv/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { LiveStream } from '../../src/package/live-stream.js';
import { Recorder } from '../../src/recording/recorder.js';
import { openRecordings, type Recordings } from '../../src/server/recordings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { fakeInit, fakePart, publisher, temporaryFolder } from '../package/stream-fixture.js';

let folder: ReturnType<typeof temporaryFolder>;
let wallMs: number;
const logger = pino({ level: 'silent' });

beforeEach(() => {
  folder = temporaryFolder();
  wallMs = 1_700_000_000_000;
});
afterEach(() => folder.remove());

type Opened = { readonly store: SqliteStore; readonly recordings: Recordings; readonly live: LiveStream; readonly publish: (count: number, from?: number) => void; readonly close: () => void };

/** An origin's recordings with one channel of imaginary parts. */
async function open(path: string, retention = {}): Promise<Opened> {
  mkdirSync(path, { recursive: true });
  const store = SqliteStore.open(join(path, 'state.db'));
  const recordings = openRecordings(store.recordings, { dataFolder: path, publisher, gate: undefined, wallMs: () => wallMs, retention, logger });
  await recordings.library.recover();
  const settings = channelSettingsSchema.parse({ slug: 'main', title: 'A title', isRecorded: true });
  const recorder = new Recorder({ library: recordings.library, settings: () => settings, wallMs: () => wallMs, logger });
  const live: LiveStream = new LiveStream({
    publisher,
    slug: 'main',
    title: 'A title',
    folder: join(path, 'streams/main'),
    // Less than is published: the recording has what the archive has dropped.
    archiveMs: 60_000,
    window: { playlistMs: 10_000, lateMs: 0, memoryBytes: 10_000_000 },
    bootId: 'boot 1',
    wallMs: () => wallMs,
    notice: () => undefined,
    fileClosed: (rendition, file) => recorder.keep(rendition, file, live),
  });
  live.onChange((change) => recorder.follow(live, change));
  return {
    store,
    recordings,
    live,
    publish: (count, from = 0) => {
      if (from === 0) live.beginSession([fakeInit()]);
      for (let index = from; index < from + count; index++) live.publish(fakePart(index));
    },
    close: () => {
      live.close();
      recordings.close();
      store.close();
    },
  };
}

const newest = ({ store }: Opened) => store.recordings.search({ offset: 0, limit: 10 }).recordings;

describe('recordings of a channel', () => {
  it('RC2: keeps what the archive has dropped, and reads it as it was published', async () => {
    const origin = await open(folder.path);
    origin.publish(1_000);
    origin.live.goOffline();
    const [recording] = newest(origin);
    expect(recording).toMatchObject({ state: 'ready', durationMs: 200_000 });
    expect(origin.live.log.recorded().length).toBeLessThan(80);
    const { log } = origin.recordings.library.get(recording!.id)!.live;
    expect(log.recorded()).toHaveLength(100);
    for (const sequence of [0, 299, 300, 999]) expect(Buffer.from((await log.read(sequence as never))!.bytes)).toEqual(fakePart(sequence).bytes);
    const headers = await log.headersFrom(fakePart(297).programDateTimeMs, 10);
    expect(headers.map(({ header }) => header.sequence)).toEqual(Array.from({ length: 10 }, (_, index) => 295 + index));
    origin.close();
  });

  it('RC1: what is shorter than a second is none', async () => {
    const origin = await open(folder.path);
    origin.publish(4);
    origin.live.goOffline();
    expect(newest(origin)).toEqual([]);
    origin.close();
  });

  it('RC2: what a session still brings after its publisher was given up is no recording, nor the beginning of the next one', async () => {
    const origin = await open(folder.path);
    origin.publish(20);
    origin.live.goOffline();
    wallMs += 60_000;
    origin.publish(10, 20);
    expect(newest(origin)).toHaveLength(1);
    origin.publish(15);
    origin.live.goOffline();
    expect(newest(origin).map(({ state, durationMs }) => [state, durationMs])).toEqual([['ready', 3000], ['ready', 4000]]);
    origin.close();
  });

  it('RC5: interrupted at 20 moments, with torn tails and indexes that are missing or garbled, all but the torn record is there (seed 7)', async () => {
    const random = seededRandom(7);
    for (let attempt = 0; attempt < 20; attempt++) {
      const path = join(folder.path, `attempt-${attempt}`);
      const first = await open(path);
      const count = 10 + randomInteger(random, 900);
      first.publish(count);
      // As the death of the process would leave it.
      const dead = `${path}-dead`;
      cpSync(path, dead, { recursive: true });
      first.close();
      const lost = harm(dead, random);
      const second = await open(dead);
      const [recording] = newest(second);
      expect(recording, `attempt ${attempt}: ${count} parts`).toMatchObject({ state: 'ready', durationMs: (count - lost) * 200 });
      const log = second.recordings.library.get(recording!.id)!.live.log;
      expect(log.recorded().reduce((sum, { partCount }) => sum + partCount, 0)).toBe(count - lost);
      const last = count - lost - 1;
      expect(Buffer.from((await log.read(last as never))!.bytes)).toEqual(fakePart(last).bytes);
      second.close();
    }
  });

  it('RC6: of more than is to be kept the oldest go, with their files', async () => {
    const origin = await open(folder.path, { maxBytes: 500_000, maxAgeMs: 86_400_000 });
    for (let day = 0; day < 3; day++) {
      origin.publish(400);
      origin.live.goOffline();
      wallMs += 3_600_000;
    }
    await origin.recordings.library.expire();
    const kept = newest(origin);
    expect(kept.map(({ startedAtMs }) => startedAtMs)).toEqual([1_700_007_200_000, 1_700_003_600_000]);
    expect(readdirSync(join(folder.path, 'recordings')).sort()).toEqual(kept.map(({ id }) => id).sort());
    wallMs += 2 * 86_400_000;
    await origin.recordings.library.expire();
    expect(newest(origin)).toEqual([]);
    origin.close();
  });

  it('a change of the title is in the record; what grows is not removed', async () => {
    const origin = await open(folder.path);
    origin.publish(100);
    const [growing] = newest(origin);
    expect(await origin.recordings.library.remove(growing!.id)).toBe('growing');
    origin.live.goOffline();
    origin.recordings.library.get(growing!.id);
    origin.recordings.library.update(growing!.id, { title: 'Another' });
    expect(origin.recordings.library.get(growing!.id)!.live.record?.title).toBe('Another');
    expect(await origin.recordings.library.remove(growing!.id)).toBe('removed');
    expect(origin.recordings.library.get(growing!.id)).toBeUndefined();
    origin.close();
  });
});

/** Tears the record that was being written, and some of the indexes; returns how many chunks are lost. */
function harm(path: string, random: ReturnType<typeof seededRandom>): number {
  const indexes = readdirSync(join(path, 'recordings'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.index'));
  for (const name of indexes) {
    const choice = randomInteger(random, 3);
    if (choice === 0) rmSync(join(path, 'recordings', name));
    if (choice === 1) writeFileSync(join(path, 'recordings', name), 'garbled');
  }
  const archive = join(path, 'streams/main');
  const last = readdirSync(archive).filter((name) => name.startsWith('chunks-')).sort().at(-1)!;
  const size = statSync(join(archive, last)).size;
  if (random.next() < 0.5) return 0;
  truncateSync(join(archive, last), size - 1 - randomInteger(random, 100));
  return 1;
}
