import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { PeerSession } from '@p2ptv/peer';
import { createNodePeer } from '@p2ptv/peer/node';
import { decodeHeaderBatch, decodeStreamRecord, parseStreamLink, recordingListingSchema, recordingListSchema, segmentListSchema, streamListingSchema, streamListSchema, unpackSegments, type RecordingListing, type StreamLink } from '@p2ptv/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import type { Source, SourceFeed } from '../../src/ingest/source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { Volunteer } from '../../src/seed/volunteer.js';
import { Origin } from '../../src/server/origin.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { until } from '../publish/server-fixture.js';
import { inputsOf, ON_LOOPBACK } from '../server/origin-fixture.js';

/** In real time, but nobody watches how fast it is encoded: on a busy machine a rendition would be dropped, as it should, and never come. */
class UnwatchedTestCard extends TestCardSource {
  override async open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    const feed = await super.open(signal);
    return feed && { ...feed, isPaced: false };
  }
}

/** Two renditions of a small test card, published twice by one channel. */
let folder: ReturnType<typeof temporaryFolder>;
let store: SqliteStore;
let origin: Origin;
let base: string;
const liveHashes = new Map<string, string>();
let source: Pick<Source, 'open'> = new UnwatchedTestCard({ width: 320, height: 180 });

async function startOrigin(): Promise<Origin> {
  return Origin.start({
    dataFolder: folder.path,
    channels: [channelSettingsSchema.parse({ slug: 'main', title: 'A concert', description: 'In the open', tags: ['music'], dvrMinutes: 1, isRecorded: true, ladder: [180, 90] })],
    ...ON_LOOPBACK,
    inputs: inputsOf(() => ({ kind: 'testCard', label: 'test card', open: (signal) => source.open(signal), close: () => Promise.resolve() })),
    store,
    logger: pino({ level: 'silent' }),
  });
}

const text = async (path: string): Promise<string> => (await fetch(`${base}${path}`)).text();
const recordings = async (query = '') => recordingListSchema.parse(JSON.parse(await text(`/api/recordings${query}`)));

/** Publishes until so many segments have begun in both renditions, and remembers what was live. */
async function publish(segments: number): Promise<void> {
  const channel = origin.channels.require('main');
  const begun = [new Set<number>(), new Set<number>()];
  const unsubscribe = channel.live.onChange((change) => {
    if (change.kind !== 'published') return;
    const { header } = change.chunk.signed;
    begun[header.rendition]!.add(header.mediaSequence);
    liveHashes.set(`${header.rendition}/${header.sequence}`, Buffer.concat(header.blockHashes).toString('hex'));
  });
  await channel.start();
  await until(() => begun.every((numbers) => numbers.size >= segments));
  await channel.stop();
  unsubscribe();
}

/** Width and height of a picture. */
async function sizeOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', `${base}${path}`]);
  return stdout.trim();
}

beforeAll(async () => {
  folder = temporaryFolder();
  store = SqliteStore.open(join(folder.path, 'state.db'));
  origin = await startOrigin();
  base = `http://127.0.0.1:${origin.port}`;
  await publish(3);
  await publish(2);
}, 60_000);

afterAll(async () => {
  await origin.close();
  store.close();
  folder.remove();
});

describe('a live stream that has ended', () => {
  it('RC1: is a recording at once, and what comes after it another one', async () => {
    const { total, recordings: list } = await recordings('?order=oldest');
    expect(total).toBe(2);
    expect(list.map(({ title, channel, state, width, height }) => ({ title, channel, state, width, height }))).toEqual(
      Array.from({ length: 2 }, () => ({ title: 'A concert', channel: 'main', state: 'ready', width: 320, height: 180 })),
    );
    expect(list[0]!.durationMs).toBeGreaterThan(4000);
    expect(list[0]!.byteLength).toBeGreaterThan(10_000);
    expect((await recordings('?text=conc&tag=music')).total).toBe(2);
    expect((await recordings('?text=nothing')).total).toBe(0);
  });

  it('RC2: its chunks have the ids, hashes and signatures that they had live', async () => {
    const { recordings: list } = await recordings('?order=oldest');
    const seen = new Set<string>();
    for (const { id } of list) {
      for (const rendition of [0, 1]) {
        const answer = await fetch(`${base}/live/${id}/headers?rendition=${rendition}&at=0&count=1000`);
        for (const { header } of decodeHeaderBatch(new Uint8Array(await answer.arrayBuffer()))!) {
          const key = `${header.rendition}/${header.sequence}`;
          expect(header.streamId).toBe(origin.channels.require('main').streamId);
          expect(liveHashes.get(key)).toBe(Buffer.concat(header.blockHashes).toString('hex'));
          seen.add(key);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(40);
    expect([...liveHashes.keys()].filter((key) => !seen.has(key))).toEqual([]);
  });

  it('RC3: has a record of its own, a join answer, segments, and media by Range', async () => {
    const { recordings: list } = await recordings('?order=oldest');
    const { id } = list[0]!;
    const join = JSON.parse(await text(`/live/${id}/join`)) as { record: string; headers: string };
    const { publisher, channels } = origin;
    const record = decodeStreamRecord(join.record, { streamId: channels.require('main').streamId, publicKey: publisher.publicKey })!;
    expect(record).toMatchObject({ isEnded: true, slug: 'main', title: 'A concert' });
    expect(record.renditions.map(({ height }) => height)).toEqual([180, 90]);
    expect(decodeHeaderBatch(Buffer.from(join.headers, 'base64'))!.length).toBeGreaterThan(0);
    const segments = unpackSegments(segmentListSchema.parse(JSON.parse(await text(`/live/${id}/segments`))).runs)!;
    const part = await fetch(`${base}/live/${id}/0/part-${segments[0]!.sequence}.m4s`, { headers: { range: 'bytes=0-7' } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 8]);
  });

  it.each([0, 1])('RC3: rendition %i plays in any player from its playlist, whole', async (rendition) => {
    const { id, durationMs } = (await recordings('?order=oldest')).recordings[0]!;
    expect(await text(`/live/${id}/index.m3u8`)).toContain(`${rendition}/recording.m3u8`);
    const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-count_packets', '-show_entries', 'format=duration:stream=nb_read_packets', '-of', 'json', `${base}/live/${id}/${rendition}/recording.m3u8`]);
    const probed = JSON.parse(stdout) as { format: { duration: string }; streams: { nb_read_packets: string }[] };
    expect(Math.abs(Number(probed.format.duration) - durationMs / 1000)).toBeLessThan(0.3);
    expect(Number(probed.streams[0]!.nb_read_packets)).toBeGreaterThan(25 * (durationMs / 1000));
  }, 20_000);

  it('RC4: gets a thumbnail', async () => {
    const { id } = (await recordings()).recordings[0]!;
    await until(() => store.recordings.get(id)?.hasThumbnail === true);
    const picture = await fetch(`${base}/api/recordings/${id}/thumbnail.jpg`);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  });

  it('RC9: gets pictures for a seek bar, on one sheet, told of where it is asked for by name', async () => {
    const { id } = (await recordings('?order=oldest')).recordings[0]!;
    let listing: RecordingListing;
    do listing = recordingListingSchema.parse(JSON.parse(await text(`/api/recordings/${id}`)));
    while (!listing.previews);
    const { path, width, height, columns, count } = listing.previews;
    expect({ width, height, count }).toEqual({ width: 160, height: 90, count: columns });
    expect(count).toBeGreaterThanOrEqual(3);
    expect(await sizeOf(path)).toBe(`${width * count},${height}`);
    const sheet = await fetch(`${base}${path}`);
    await sheet.arrayBuffer();
    expect((await fetch(`${base}${path}`, { headers: { 'if-none-match': sheet.headers.get('etag') ?? '' } })).status).toBe(304);
    expect((await recordings()).recordings.every(({ previews }) => previews === undefined)).toBe(true);
  });

  it('RC9: what is kept of the live stream has pictures by date, made once for all who look', async () => {
    const { previews, keptFromMs = 0 } = streamListingSchema.parse(JSON.parse(await text('/api/streams/main')));
    expect(previews).toMatchObject({ width: 160, height: 90, columns: 10, everyMs: 10_000 });
    expect(streamListSchema.parse(JSON.parse(await text('/api/streams'))).streams[0]!.previews).toBeUndefined();
    const sheet = Math.floor(keptFromMs / 100_000);
    const pathOf = (number: number): string => previews!.path.replace('{sheet}', String(number)).replace('{newest}', '0');
    expect(await sizeOf(pathOf(sheet))).toBe('1600,90');
    // What is older than what is kept shows the oldest of it, so all up to now have a picture.
    const { stdout: luma } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', `${base}${pathOf(sheet)}`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'], { encoding: 'buffer' });
    const isDrawn = (column: number): boolean => luma.subarray(column * 160, (column + 1) * 160).some((level) => level > 40);
    const kept = Array.from({ length: Math.floor((keptFromMs % 100_000) / 10_000) + 1 }, (_, column) => column);
    expect(kept.filter((column) => !isDrawn(column))).toEqual([]);
    const looks = await Promise.all([1, 2, 3].map(() => fetch(`${base}${pathOf(sheet)}`)));
    expect(looks.map((look) => [look.status, look.headers.get('content-type'), look.headers.get('etag')])).toEqual(Array.from({ length: 3 }, () => [200, 'image/jpeg', looks[0]!.headers.get('etag')]));
    for (const path of [pathOf(sheet - 2), pathOf(sheet + 2), '/api/streams/main/previews/x.jpg', '/api/streams/none/previews/1.jpg']) expect((await fetch(`${base}${path}`)).status, path).toBe(404);
  });

  it('RC4: while it is one there is a picture of the newest key frame, made once for all who look', async () => {
    const { thumbnailPath = '' } = streamListSchema.parse(JSON.parse(await text('/api/streams'))).streams[0]!;
    const looks = await Promise.all(Array.from({ length: 5 }, async () => Buffer.from(await (await fetch(`${base}${thumbnailPath}`)).arrayBuffer())));
    expect(new Set(looks.map((look) => look.toString('base64'))).size).toBe(1);
    expect(await sizeOf(thumbnailPath)).toBe('320,180');
    expect((await fetch(`${base}/api/streams/none/thumbnail.jpg`)).status).toBe(404);
  });

  it('RC11: a volunteer gets it whole, serves viewers from its disk, and has it after a restart', async () => {
    const [recording] = (await recordings('?order=oldest')).recordings;
    const { seeders: seedersBefore } = recording!;
    const link = parseStreamLink(recording!.link) as StreamLink;
    const volunteer = (): PeerSession => {
      const session = createNodePeer({ link, role: 'seeder', seeds: { folder: join(folder.path, 'seeds'), quotaBytes: 1e9 }, engine: { fill: { bitsPerSecond: 1e9 } } });
      session.start();
      return session;
    };
    const first = volunteer();
    await until(() => first.stats().kept?.isComplete === true);
    expect(first.stats().originReceived.media).toBeGreaterThanOrEqual(recording!.byteLength * 0.9);
    expect((await recordings('?order=oldest')).recordings[0]!.seeders).toBe(seedersBefore + 1);
    const { chunks } = first.stats().kept!;
    await new Promise<void>((resolve) => first.close(resolve));

    const second = volunteer();
    await until(() => second.stats().kept?.isComplete === true);
    expect(second.stats().kept!.chunks).toBe(chunks);
    expect(second.stats().originReceived.media).toBe(0);
    const viewer = createNodePeer({ link, role: 'viewer', engine: { onDemand: { reserveMs: 0 } } });
    // Paused: nothing but the first part is due, however long links take.
    viewer.on('playbackPlaced', ({ header }) => viewer.setPlayback({ playheadMs: header.programDateTimeMs, rate: 0 }));
    viewer.start();
    await until(() => viewer.stats().chunksVerified === chunks / 2);
    const { verifiedBytes } = viewer.stats();
    expect(second.stats().sentBytes).toBeGreaterThanOrEqual(verifiedBytes.peerBytes);
    expect(verifiedBytes.peerBytes).toBeGreaterThan(verifiedBytes.originBytes);
    viewer.close();
    second.close();
  }, 30_000);

  it('RC11: a volunteer on the channel’s link keeps the recording when media flow no more, and turns back when they flow again', async () => {
    const channel = origin.channels.require('main');
    const { streams } = streamListSchema.parse(JSON.parse(await text('/api/streams')));
    const link = parseStreamLink(streams[0]!.link) as StreamLink;
    await channel.start();
    await until(() => channel.state === 'live');
    const open = (served: StreamLink): PeerSession =>
      createNodePeer({ link: served, role: 'seeder', seeds: { folder: join(folder.path, 'follows'), quotaBytes: 1e9 }, engine: { fill: { bitsPerSecond: 1e9 } } });
    const told: string[] = [];
    const volunteer = new Volunteer({ link, open, logger: { info: (...words: unknown[]) => void told.push(String(words[0])), warn: () => undefined } });
    const joins = (): number => told.filter((line) => line === 'Seeding "A concert"').length;
    await until(() => joins() === 1);
    expect(volunteer.stats.kept).toBeUndefined();
    const firstMs = channel.live.log.last!.programDateTimeMs;
    await until(() => channel.live.log.last!.programDateTimeMs > firstMs + 1500);
    await channel.stop();

    await until(() => volunteer.stats.kept?.isComplete === true);
    const newest = (await recordings('?order=newest&limit=1')).recordings[0]!;
    expect(volunteer.link.origins).toEqual((parseStreamLink(newest.link) as StreamLink).origins);
    expect(volunteer.stats.kept!.bytes).toBeGreaterThanOrEqual(newest.byteLength * 0.9);

    await channel.start();
    await until(() => joins() === 3);
    expect(volunteer.link).toEqual(link);
    await volunteer.close();
    await channel.stop();
  }, 60_000);

  it('RC5: is there after a restart, under its link, without its channel having media', async () => {
    const { recordings: list } = await recordings('?order=oldest');
    await origin.close();
    origin = await startOrigin();
    base = `http://127.0.0.1:${origin.port}`;
    const segments = segmentListSchema.parse(JSON.parse(await text(`/live/${list[0]!.id}/segments?rendition=1`)));
    expect(unpackSegments(segments.runs)!.length).toBeGreaterThanOrEqual(3);
  });

  it('RC3: a rendition that is dropped on the way leaves a recording without a hole, of the sizes that it had', async () => {
    // Two renditions, then one in place of the best: what an encoder does on a machine that is too slow.
    const sessions = [180, 90].map((height) => new TestCardSource({ width: (height * 16) / 9, height, isPaced: false, durationSeconds: 3 }));
    const channel = origin.channels.require('main');
    await channel.stop();
    source = { open: async (signal) => sessions.shift()?.open(signal) };
    await channel.start();
    await until(() => channel.state === 'ended');
    const { id, durationMs } = (await recordings('?order=newest&limit=1')).recordings[0]!;
    expect(durationMs).toBe(6000);
    const renditions = [...(await text(`/live/${id}/index.m3u8`)).matchAll(/RESOLUTION=(\S+?),|^(\d)\/recording\.m3u8/gm)].map(([, size, rendition]) => size ?? rendition);
    expect(renditions).toEqual(['160x90', '0']);
    const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-count_packets', '-select_streams', 'v', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', `${base}/live/${id}/0/recording.m3u8`]);
    expect(Number.parseInt(stdout, 10)).toBe(180);
    source = new UnwatchedTestCard({ width: 320, height: 180 });
  }, 20_000);

  it('RC7: of a private channel it is private, and the channel’s viewer token opens it', async () => {
    await origin.channels.update('main', { isPrivate: true });
    await publish(2);
    const found = store.recordings.search({ isPrivate: true, offset: 0, limit: 10 });
    expect(found.total).toBe(1);
    const { id } = found.recordings[0]!;
    expect((await recordings()).recordings.map((listed) => listed.id)).not.toContain(id);
    const path = `/live/${id}/0/recording.m3u8`;
    expect((await fetch(`${base}${path}`)).status).toBe(401);
    const token = await origin.tokens.issue('main', { lifetimeMs: 60_000 });
    expect((await fetch(`${base}${path}?token=${token}`)).status).toBe(200);
    const other = await origin.tokens.issue('other', { lifetimeMs: 60_000 });
    expect((await fetch(`${base}${path}?token=${other}`)).status).toBe(403);
  }, 60_000);
});
