import { decodeHeaderBatch, segmentListSchema, unpackSegments } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openOrigin, type TestOrigin } from './server-fixture.js';

let origin: TestOrigin;

beforeEach(async () => {
  // The playlist holds 4 s: what is older is on the disk alone.
  origin = await openOrigin({ window: { playlistMs: 4_000, lateMs: 0, memoryBytes: 1_000_000 } });
  origin.begin();
});

afterEach(() => origin.close());

const get = (path: string) => origin.server.inject({ url: `/live/main/${path}` });

describe('what is kept of a stream', () => {
  it('OR6: is listed by whole segments, those on the disk too', async () => {
    origin.publish(104);
    const list = segmentListSchema.parse((await get('segments')).json());
    const segments = unpackSegments(list.runs)!;
    expect([list.isEnded, segments.length]).toEqual([false, 10]);
    expect(segments[3]).toMatchObject({ partCount: 10, durationUs: 2_000_000, sequence: segments[0]!.sequence + 30 });
    const later = segmentListSchema.parse((await get(`segments?after=${segments[7]!.mediaSequence}`)).json());
    expect(unpackSegments(later.runs)).toEqual(segments.slice(8));
    origin.publish(6);
    expect(unpackSegments(segmentListSchema.parse((await get('segments')).json()).runs)).toHaveLength(11);
  });

  it('PL19: an ended stream is a VOD playlist from its first segment to its last, cut short as it is', async () => {
    origin.publish(104);
    origin.live.end();
    expect((await get('index.m3u8')).body).toContain('0/recording.m3u8');
    const playlist = (await get('0/recording.m3u8')).body;
    expect(playlist).toContain('#EXT-X-PLAYLIST-TYPE:VOD');
    const names = playlist.split('\n').filter((line) => line.startsWith('segment-'));
    expect(names).toHaveLength(11);
    for (const name of [names[0], names[10]]) expect((await get(`0/${name}`)).statusCode).toBe(200);
  });

  it('OR7: the join answer of an ended stream names its first headers', async () => {
    origin.publish(104);
    origin.live.end();
    const answer = (await get('join?delayMs=600&media=1')).json<{ headers: string }>();
    const headers = decodeHeaderBatch(Buffer.from(answer.headers, 'base64'))!;
    expect(headers).toHaveLength(16);
    expect(headers[0]?.header).toMatchObject({ partIndex: 0, isIndependent: true, programDateTimeMs: 1_700_000_000_000 });
  });

  it.each(['segments?rendition=1', '1/recording.m3u8', 'segments?rendition=x', 'segments?after=-1'])('refuses %s', async (path) => {
    origin.publish(20);
    expect((await get(path)).statusCode).toBeGreaterThanOrEqual(400);
  });
});
