import {
  decodeHeaderBatch,
  decodeStreamRecord,
  JOIN_LENGTH_BYTES,
  JOIN_WITH_MEDIA_TYPE,
  joinAnswerFromOriginSchema,
  type ChunkSequence,
  type RenditionId,
} from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { fakeInit, fakePart, publisher } from '../package/stream-fixture.js';
import { openOrigin, until, type TestOrigin } from './server-fixture.js';

let origin: TestOrigin;
beforeEach(async () => {
  origin = await openOrigin();
});
afterEach(() => origin.close());

const sequencesOf = (batch: Uint8Array): number[] => decodeHeaderBatch(batch)!.map(({ header }) => header.sequence);

describe('headers?at=', () => {
  beforeEach(() => {
    origin.begin();
    origin.publish(25);
  });

  async function sequencesAt(query: string): Promise<number[]> {
    const response = await origin.server.inject(`/live/main/headers?${query}`);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/octet-stream');
    return sequencesOf(response.rawPayload);
  }

  it('gives headers from the last independent part at or before the date on', async () => {
    const chunks = origin.published.live.rendition(0)!.headersAfter(-1, 100);
    const independent = chunks.filter(({ header }) => header.isIndependent).map(({ header }) => header);
    const entry = independent[2]!;
    const isBefore = independent[1]!;
    expect(await sequencesAt(`at=${entry.programDateTimeMs}&count=4`)).toEqual([0, 1, 2, 3].map((index) => entry.sequence + index));
    expect((await sequencesAt(`at=${entry.programDateTimeMs + 1}`))[0]).toBe(entry.sequence);
    expect((await sequencesAt(`at=${entry.programDateTimeMs - 1}`))[0]).toBe(isBefore.sequence);
  });

  it('gives the oldest for a date before all, and the last ones for one after all, at once', async () => {
    expect((await sequencesAt('at=0&count=3'))).toEqual([0, 1, 2]);
    const last = await sequencesAt('at=999999999999999');
    expect(last.at(-1)).toBe(24);
    expect(last.length).toBeLessThan(10);
  });

  it('gives no more than a receiver would read', async () => {
    origin.publish(200);
    expect(await sequencesAt('at=0&count=9999')).toHaveLength(128);
  });

  it.each(['at=', 'at=x', 'at=-1', 'at=1&at=2', 'at=1&count=x'])('400 for "%s"', async (query) => {
    const response = await origin.server.inject(`/live/main/headers?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json<{ error: string }>().error).toMatch(/^\w.*\.$/);
  });

  it('404 for a rendition that is not there', async () => {
    expect((await origin.server.inject('/live/main/headers?at=1&rendition=1')).statusCode).toBe(404);
  });
});

describe('headers?after=', () => {
  beforeEach(() => {
    origin.begin();
    origin.publish(25);
  });

  it('gives the headers after a sequence at once', async () => {
    const response = await origin.server.inject('/live/main/headers?rendition=0&after=20');
    expect(sequencesOf(response.rawPayload)).toEqual([21, 22, 23, 24]);
    expect(response.headers['content-type']).toBe('application/octet-stream');
    expect(response.headers['cache-control']).toBe('no-store');
  });

  it('begins at the newest independent part when no sequence is given', async () => {
    const response = await origin.server.inject('/live/main/headers?rendition=0');
    expect(sequencesOf(response.rawPayload)).toEqual([20, 21, 22, 23, 24]);
  });

  it('waits for the next where there is none, and for one that lies ahead', async () => {
    const next = origin.server.inject('/live/main/headers?after=24').then((response) => response);
    const ahead = origin.server.inject('/live/main/headers?after=26').then((response) => response);
    await until(() => origin.published.waiters.size === 2);
    origin.publish(1);
    expect(sequencesOf((await next).rawPayload)).toEqual([25]);
    expect(origin.published.waiters.size).toBe(1);
    origin.publish(2);
    expect(sequencesOf((await ahead).rawPayload)).toEqual([27]);
  });

  it('answers with no header when the wait is over', async () => {
    const response = await origin.server.inject('/live/main/headers?after=24&wait=10');
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload.length).toBe(0);
  });

  it('gives no more than a receiver would read', async () => {
    origin.publish(200);
    const response = await origin.server.inject('/live/main/headers?after=0');
    expect(sequencesOf(response.rawPayload)).toHaveLength(128);
    expect(sequencesOf(response.rawPayload)[0]).toBe(1);
  });

  it.each(['after=x', 'after=-1', 'after=1&wait=x', 'after=1&after=2', 'after=99999999999'])('400 for "%s"', async (query) => {
    const response = await origin.server.inject(`/live/main/headers?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json<{ error: string }>().error).toMatch(/^\w.*\.$/);
  });

  it('410 for a rendition that is made no longer, once all of it is known: also to who waits already', async () => {
    const waiting = origin.server.inject('/live/main/headers?after=24').then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    const rendition = 1 as RenditionId;
    origin.live.beginSession([{ ...fakeInit('another'), rendition }]);
    origin.live.publish({ ...fakePart(0), rendition });
    expect((await waiting).statusCode).toBe(410);
    expect((await origin.server.inject('/live/main/headers')).statusCode).toBe(410);
    expect(sequencesOf((await origin.server.inject('/live/main/headers?after=22')).rawPayload)).toEqual([23, 24]);
  });

  it('404 for a rendition that is not there', async () => {
    expect((await origin.server.inject('/live/main/headers?after=1&rendition=1')).statusCode).toBe(404);
  });
});

describe('join', () => {
  it('OR2: gives all that a first frame needs but the media', async () => {
    origin.begin();
    origin.publish(28);
    const response = await origin.server.inject('/live/main/join?rendition=0&delayMs=1000');
    expect(response.headers['cache-control']).toBe('no-store');
    const answer = joinAnswerFromOriginSchema.parse(response.json());
    const record = decodeStreamRecord(answer.record, { streamId: origin.live.streamId, publicKey: publisher.publicKey });
    expect(record?.renditions[0]?.initHash).toBe(answer.initHash);
    expect(Buffer.from(answer.init, 'base64').toString()).toBe('init segment first');
    // The edge is at 28 parts; 1 s before lies part 23; the last independent one before that is 20.
    expect(sequencesOf(Buffer.from(answer.headers, 'base64'))).toEqual([20, 21, 22, 23, 24, 25, 26, 27]);
    expect(answer.warmPeers).toHaveLength(1);
  });

  it('OR4: brings the parts that it names when they are asked for', async () => {
    origin.begin();
    origin.publish(28);
    const [plain, response] = await Promise.all(['', '&media=1'].map((media) => origin.server.inject(`/live/main/join?delayMs=1000${media}`)));
    expect(response!.headers).toMatchObject({ 'content-type': JOIN_WITH_MEDIA_TYPE, 'cache-control': 'no-store' });
    const body = response!.rawPayload;
    const mediaFrom = JOIN_LENGTH_BYTES + body.readUInt32BE(0);
    expect(JSON.parse(body.subarray(JOIN_LENGTH_BYTES, mediaFrom).toString())).toEqual(plain!.json());
    const log = origin.live.rendition(0)!;
    const chunks = await Promise.all([20, 21, 22, 23, 24, 25, 26, 27].map((sequence) => log.read(sequence as ChunkSequence)));
    const parts = Buffer.concat(chunks.map((chunk) => chunk!.bytes));
    expect(Buffer.compare(body.subarray(mediaFrom), parts)).toBe(0);
  });

  it('OR4: leaves them to a crowd that can feed newcomers', async () => {
    const crowded = await openOrigin({ warmPeers: 4 });
    onTestFinished(() => crowded.close());
    crowded.begin();
    crowded.publish(10);
    const response = await crowded.server.inject('/live/main/join?delayMs=600&media=1');
    expect(response.headers['content-type']).toContain('application/json');
    expect(joinAnswerFromOriginSchema.safeParse(response.json()).success).toBe(true);
  });

  it('OR4: brings none where they are more than a client takes', async () => {
    origin.begin();
    origin.publish(5, 4 * 1024 * 1024);
    const response = await origin.server.inject('/live/main/join?delayMs=1000&media=1');
    expect(response.headers['content-type']).toContain('application/json');
    expect(sequencesOf(Buffer.from(response.json<{ headers: string }>().headers, 'base64'))).toEqual([0, 1, 2, 3, 4]);
  });

  it('waits for a stream that is about to begin', async () => {
    const pending = origin.server.inject('/live/main/join').then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.begin();
    origin.publish(1);
    expect((await pending).statusCode).toBe(200);
  });

  it('names one init segment for all its parts, right after a discontinuity too', async () => {
    origin.begin('first');
    origin.publish(20);
    origin.begin('second');
    origin.publish(2);
    const answer = joinAnswerFromOriginSchema.parse((await origin.server.inject('/live/main/join?delayMs=3000')).json());
    expect(Buffer.from(answer.init, 'base64').toString()).toBe('init segment second');
    expect(sequencesOf(Buffer.from(answer.headers, 'base64'))).toEqual([20, 21]);
  });
});
