import {
  encodeHeaderBatch,
  HEADERS_WAIT_MS,
  joinAnswerFromOriginSchema,
  STREAM_PATHS,
  streamListSchema,
  type RenditionId,
} from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { headerWith, signHeader } from './arbitraries.js';

const answer = {
  version: 1,
  record: 'payload.signature',
  rendition: 0,
  initHash: 'ab'.repeat(32),
  init: 'AAAA',
  headers: Buffer.from(encodeHeaderBatch([signHeader(headerWith())])).toString('base64'),
  warmPeers: [{ peerId: 'cd'.repeat(16), role: 'viewer', uplinkBitsPerSecond: 0 }],
  wallMs: 1,
};

const listing = {
  slug: 'main',
  streamId: 'ef'.repeat(20),
  title: 'News',
  state: 'live',
  viewers: 3,
  width: 640,
  height: 360,
  link: 'magnet:?',
  watchPath: '/watch/main',
  startedAtMs: 1,
  description: '',
  tags: [],
  seeders: 1,
  heights: [360],
};

function isRead(schema: { safeParse: (value: unknown) => { success: boolean } }, value: unknown): boolean {
  return schema.safeParse(value).success;
}

describe('origin contract', () => {
  it('OR1: paths are those of the table, relative to stream and playlist', () => {
    const base = 'https://a.example/live/main/';
    const playlist = new URL(STREAM_PATHS.mediaPlaylist(2 as RenditionId), base);
    const at = (path: string): string => new URL(path, playlist).href;
    expect(new URL(STREAM_PATHS.multivariantPlaylist, base).href).toBe(`${base}index.m3u8`);
    expect(playlist.href).toBe(`${base}2/live.m3u8`);
    expect(at(STREAM_PATHS.part(4_294_967_295))).toBe(`${base}2/part-4294967295.m4s`);
    expect(at(STREAM_PATHS.segment(3, 17))).toBe(`${base}2/segment-3-17.m4s`);
    expect(at(STREAM_PATHS.init('ab'))).toBe(`${base}2/init-ab.mp4`);
    expect(new URL(STREAM_PATHS.headers, base).href).toBe(`${base}headers`);
    expect(new URL(STREAM_PATHS.join, base).href).toBe(`${base}join`);
  });

  it('OR1: headers are waited for 5 s', () => {
    expect(HEADERS_WAIT_MS).toBe(5000);
  });

  it('OR2: a join answer is read, unknown fields dropped', () => {
    expect(joinAnswerFromOriginSchema.parse({ ...answer, later: 1 })).toEqual(answer);
  });

  it.each([
    ['version', 2],
    ['record', 'x'.repeat(16_385)],
    ['rendition', 16],
    ['rendition', '0'],
    ['initHash', 'ab'],
    ['init', 'A'.repeat(524_289)],
    ['headers', 'A'.repeat(524_289)],
    ['headers', undefined],
    ['warmPeers', Array.from({ length: 33 }, () => answer.warmPeers[0])],
    ['wallMs', null],
  ])('OR2 VR1: a join answer with another %s is refused', (field, value) => {
    expect(isRead(joinAnswerFromOriginSchema, { ...answer, [field]: value })).toBe(false);
  });

  it('OR3: a list of streams is read', () => {
    expect(streamListSchema.parse({ streams: [listing] })).toEqual({ streams: [listing] });
    for (const state of ['live', 'offline', 'ended'])
      expect(isRead(streamListSchema, { streams: [{ ...listing, state }] })).toBe(true);
  });

  it.each([
    ['state', 'paused'],
    ['viewers', -1],
    ['width', 1.5],
    ['title', undefined],
  ])('OR3: a listing with %s %j is refused', (field, value) => {
    expect(isRead(streamListSchema, { streams: [{ ...listing, [field]: value }] })).toBe(false);
  });
});
