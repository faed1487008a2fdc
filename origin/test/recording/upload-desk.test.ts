import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PassThrough, Readable } from 'node:stream';
import { promisify } from 'node:util';

import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { UploadDesk, type UploadDeskPorts, type UploadRequest } from '../../src/recording/upload-desk.js';
import { openRecordings, type Recordings } from '../../src/server/recordings.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { publisher, temporaryFolder } from '../package/stream-fixture.js';
import { until } from '../publish/server-fixture.js';

const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
const logger = pino({ level: 'silent' });
const shared = temporaryFolder();
let clip: Buffer;
/** Takes so long to encode that others come meanwhile. */
let longClip: Buffer;
let folder: ReturnType<typeof temporaryFolder>;
let store: SqliteStore;
let recordings: Recordings;
let desk: UploadDesk;

beforeAll(async () => {
  const { path } = await locateFfmpeg();
  const make = async (seconds: number): Promise<Buffer> => {
    const file = join(shared.path, `clip-${seconds}.mkv`);
    await promisify(execFile)(path, ['-f', 'lavfi', '-i', `testsrc=s=160x90:r=30:d=${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '50k', file]);
    return readFileSync(file);
  };
  [clip, longClip] = [await make(3), await make(60)];
});
afterAll(() => shared.remove());

beforeEach(() => {
  folder = temporaryFolder();
  store = SqliteStore.open(join(folder.path, 'state.db'));
  recordings = openRecordings(store.recordings, { dataFolder: folder.path, publisher, gate: undefined, wallMs: clock.wallMs, logger });
  desk = openDesk();
});
afterEach(async () => {
  await desk.close();
  recordings.close();
  store.close();
  folder.remove();
});

function openDesk(options: Partial<UploadDeskPorts> = {}): UploadDesk {
  return new UploadDesk({ dataFolder: folder.path, library: recordings.library, publisher, clock, logger, maxBytes: 1e6, reserveBytes: 0, ...options });
}

const request = (more: Partial<UploadRequest> = {}): UploadRequest => ({ fileName: 'clip.mkv', byteLength: undefined, title: 'Clip', description: '', tags: [], isPrivate: false, ladder: [90], ...more });
const body = (content: Uint8Array | string): Readable => Readable.from([content].map((piece) => Buffer.from(piece as Uint8Array)));

/** What there is of files that were not taken. */
function leftovers(): string[] {
  const names = ['uploads', 'streams', 'recordings'].flatMap((name) => (existsSync(join(folder.path, name)) ? readdirSync(join(folder.path, name)) : []));
  return [...names, ...store.recordings.search({ offset: 0, limit: 10 }).recordings.map(({ id }) => id)];
}

describe('a file that is uploaded', () => {
  it('becomes a recording, tells how far it is, and does not stay itself', async () => {
    const sent = new PassThrough();
    const received = desk.receive(sent, request({ byteLength: clip.length }));
    sent.write(clip.subarray(0, 1000));
    await until(() => desk.list()[0]?.receivedBytes === 1000);
    expect(desk.list()).toMatchObject([{ fileName: 'clip.mkv', state: 'receiving', byteLength: clip.length }]);
    sent.end(clip.subarray(1000));
    const { id } = await received;
    const ratios = new Set<number>();
    await until(() => {
      const [upload] = desk.list();
      ratios.add(upload!.encodedRatio);
      return upload!.state !== 'waiting' && upload!.state !== 'encoding';
    });
    const [upload] = desk.list();
    expect(upload).toMatchObject({ id, state: 'ready', problem: undefined });
    expect([...ratios].at(-1)).toBeGreaterThan(0.9);
    expect(store.recordings.get(upload!.recordingId!)).toMatchObject({ state: 'ready', title: 'Clip', height: 90 });
    expect(readdirSync(join(folder.path, 'uploads'))).toEqual([]);
    expect(desk.dismiss(id)).toBe(true);
    expect(desk.list()).toEqual([]);
  });

  it.each([
    ['is too large by what it says', () => [body('x'), request({ byteLength: 1_000_001 })] as const, 'TOO_LARGE'],
    ['is too large by what comes', () => [Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(60_000))), request()] as const, 'TOO_LARGE'],
    ['is no film', () => [body('a letter'), request({ fileName: 'letter.mp4' })] as const, 'NO_MEDIA'],
    ['is empty', () => [Readable.from([]), request()] as const, 'NO_MEDIA'],
    ['names other files', () => [body(`ffconcat version 1.0\nfile ${shared.path}/clip.mkv\n`), request()] as const, 'NO_MEDIA'],
  ])('that %s is refused in a sentence which names it, and nothing is left of it', async (_what, sent, code) => {
    const [stream, asked] = sent();
    const refusal: unknown = await desk.receive(stream, asked).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    expect((refusal as Error).message).toMatch(new RegExp(`"${asked.fileName}".*\\.$`));
    expect((refusal as Error).message).not.toContain(folder.path);
    expect(leftovers()).toEqual([]);
  });

  it('that breaks off leaves nothing; who has sent it can still be answered where it was refused', async () => {
    const broken = new PassThrough();
    const received = desk.receive(broken, request({ byteLength: clip.length }));
    broken.write(clip.subarray(0, 1000));
    await until(() => desk.list()[0]?.receivedBytes === 1000);
    broken.destroy(new Error('aborted'));
    await expect(received).rejects.toMatchObject({ code: 'BROKEN_OFF', message: '"clip.mkv" did not come whole.' });
    const refused = new PassThrough();
    const refusal = desk.receive(refused, request());
    refused.write(Buffer.alloc(1_100_000));
    await expect(refusal).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(refused.destroyed).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it('is refused while the disk has no room to spare for it, before it is sent', async () => {
    desk = openDesk({ reserveBytes: Number.MAX_SAFE_INTEGER });
    expect(desk.roomBytes).toBe(0);
    await expect(desk.receive(body(clip), request())).rejects.toMatchObject({ code: 'NO_ROOM', message: 'There is no room for "clip.mkv": the disk has 0.0 MB to spare. Delete recordings, or make room.' });
    expect(leftovers()).toEqual([]);
  });

  it('is refused while three others come', async () => {
    const others = Array.from({ length: 3 }, () => new PassThrough());
    const received = others.map((other) => desk.receive(other, request()).catch((error: unknown) => error));
    await expect(desk.receive(body(clip), request())).rejects.toMatchObject({ code: 'BUSY' });
    for (const other of others) other.destroy(new Error('aborted'));
    await Promise.all(received);
  });

  it('can be given up while it is encoded, and while it waits', async () => {
    const first = await desk.receive(body(longClip), request());
    const second = await desk.receive(body(clip), request());
    expect(desk.list()[0]).toMatchObject({ id: second.id, state: 'waiting' });
    desk.dismiss(second.id);
    desk.dismiss(first.id);
    await until(() => desk.list().every(({ state }) => state === 'failed'));
    expect(desk.list().map(({ problem }) => problem)).toEqual(['Adding "Clip" was given up.', 'Adding "Clip" was given up.']);
    expect(leftovers()).toEqual([]);
  });

  it('that a crash has left is removed at the next start', () => {
    mkdirSync(join(folder.path, 'uploads'), { recursive: true });
    writeFileSync(join(folder.path, 'uploads', 'left'), clip);
    desk = openDesk();
    expect(leftovers()).toEqual([]);
  });
});
