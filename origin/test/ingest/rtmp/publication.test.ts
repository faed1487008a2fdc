import { describe, expect, it } from 'vitest';

import { FlvReader, type FlvTag } from '../../../src/fragment/flv-reader.js';
import { Publication } from '../../../src/ingest/rtmp/publication.js';
import type { SourceFeed } from '../../../src/ingest/source.js';

const videoConfiguration: FlvTag = { kind: 'video', timestampMs: 0, body: Uint8Array.of(0x17, 0, 0, 0, 0, 1, 2) };
const audioConfiguration: FlvTag = { kind: 'audio', timestampMs: 0, body: Uint8Array.of(0xaf, 0, 0x12, 0x10) };
const key = (timestampMs: number): FlvTag => ({ kind: 'video', timestampMs, body: Uint8Array.of(0x17, 1, 0, 0, 0, 9) });
const delta = (timestampMs: number): FlvTag => ({ kind: 'video', timestampMs, body: Uint8Array.of(0x27, 1, 0, 0, 0, 9) });
const sound = (timestampMs: number): FlvTag => ({ kind: 'audio', timestampMs, body: Uint8Array.of(0xaf, 1, 5) });

function publication(): { publication: Publication; feeds: SourceFeed[]; flow: boolean[] } {
  const feeds: SourceFeed[] = [];
  const flow: boolean[] = [];
  const made = new Publication((isFlowing) => flow.push(isFlowing));
  made.onReady = () => feeds.push(made.open());
  return { publication: made, feeds, flow };
}

/** What ffmpeg would read at this moment. */
function given(feed: SourceFeed): string[] {
  const reader = new FlvReader();
  const result = reader.push((feed.stdin!.read() as Buffer | null) ?? new Uint8Array());
  if (result.kind === 'malformed') throw new Error(result.reason);
  return result.tags.map(({ kind, timestampMs, body }) => {
    const isConfiguration = body[1] === 0;
    return `${isConfiguration ? 'configuration' : body[0] === 0x17 ? 'key' : kind} ${timestampMs}`;
  });
}

describe('Publication', () => {
  it('begins with the configurations and a key frame, once both tracks are known', () => {
    const { publication: live, feeds } = publication();
    live.describe({ framerate: 25, width: 1280, height: 720, audiocodecid: 10 });
    for (const tag of [videoConfiguration, delta(3000), sound(3000), key(3040), delta(3080)]) live.push(tag);
    expect(feeds).toHaveLength(0);
    live.push(audioConfiguration);
    live.push(sound(3090));
    expect(feeds).toHaveLength(1);
    expect(feeds[0]!.media).toEqual({ width: 1280, height: 720, frameRate: { numerator: 25, denominator: 1 }, hasVideo: true, hasAudio: true });
    expect(given(feeds[0]!)).toEqual(['configuration 3040', 'configuration 3040', 'key 3040', 'video 3080', 'audio 3090']);
  });

  it('is sound alone when no picture has come for a second and none is announced; one that comes after all begins anew with a key frame', () => {
    const { publication: live, feeds } = publication();
    live.describe({ audiocodecid: 10 });
    for (const tag of [audioConfiguration, sound(0), sound(1000)]) live.push(tag);
    expect(feeds).toHaveLength(0);
    live.push(sound(1001));
    expect(feeds[0]).toMatchObject({ media: { hasVideo: false, hasAudio: true }, videoMap: undefined, audioMap: '0:a:0' });
    expect(given(feeds[0]!)).toEqual(['configuration 0', 'audio 0', 'audio 1000', 'audio 1001']);
    live.push(videoConfiguration);
    expect((feeds[0]!.stdin as unknown as { writableEnded: boolean }).writableEnded).toBe(true);
    for (const tag of [sound(1020), key(1040), sound(1060)]) live.push(tag);
    const next = live.open();
    expect(next.media).toMatchObject({ hasVideo: true, hasAudio: true });
    expect(given(next)).toEqual(['configuration 1040', 'configuration 1040', 'key 1040', 'audio 1060']);
  });

  it('waits for the configuration of sound alone', () => {
    const { publication: live, feeds } = publication();
    for (const tag of [sound(0), sound(1001), sound(2002)]) live.push(tag);
    expect(feeds).toHaveLength(0);
    for (const tag of [audioConfiguration, sound(2100), sound(3200)]) live.push(tag);
    expect(feeds.map(({ media: { hasVideo, hasAudio } }) => [hasVideo, hasAudio])).toEqual([[false, true]]);
  });

  it('waits for a picture that is announced', () => {
    const { publication: live, feeds } = publication();
    live.describe({ audiocodecid: 10, videocodecid: 7 });
    for (const tag of [audioConfiguration, sound(0), sound(1001), sound(2002), videoConfiguration, key(2010)]) live.push(tag);
    expect(feeds.map((feed) => [feed.media.hasVideo, given(feed)])).toEqual([[true, ['configuration 2010', 'configuration 2010', 'key 2010']]]);
  });

  it('does not wait for sound that the publisher does not announce', () => {
    const { publication: live, feeds } = publication();
    live.describe({ framerate: 30 });
    for (const tag of [videoConfiguration, key(0)]) live.push(tag);
    expect(feeds.map(({ media, audioMap }) => [media.hasAudio, audioMap])).toEqual([[false, undefined]]);
  });

  it('gives announced sound up after a second, and begins anew with it when it comes after all', () => {
    const { publication: live, feeds } = publication();
    live.describe({ audiocodecid: 10 });
    for (const tag of [videoConfiguration, key(0), delta(500), delta(1000)]) live.push(tag);
    expect(feeds).toHaveLength(0);
    live.push(delta(1001));
    expect(feeds.map(({ media }) => media.hasAudio)).toEqual([false]);
    live.push(audioConfiguration);
    expect(feeds[0]!.stdin!.readableEnded || (feeds[0]!.stdin as unknown as { writableEnded: boolean }).writableEnded).toBe(true);
    for (const tag of [delta(2000), sound(2010), key(2040), sound(2050)]) live.push(tag);
    const next = live.open();
    expect(next.media.hasAudio).toBe(true);
    expect(given(next)).toEqual(['configuration 2040', 'configuration 2040', 'key 2040', 'audio 2050']);
  });

  it('ends the session when the picture changes its size', () => {
    const { publication: live, feeds } = publication();
    live.describe({});
    for (const tag of [videoConfiguration, key(0), delta(40)]) live.push(tag);
    live.push({ ...videoConfiguration, body: Uint8Array.of(0x17, 0, 0, 0, 0, 1, 3) });
    expect((feeds[0]!.stdin as unknown as { writableEnded: boolean }).writableEnded).toBe(true);
    expect(live.isReady).toBe(true);
  });

  it('gives a restarted session a key frame first, and nothing that is old', () => {
    const { publication: live, feeds } = publication();
    live.describe({});
    for (const tag of [videoConfiguration, key(0), delta(40)]) live.push(tag);
    given(feeds[0]!);
    const restarted = live.open();
    for (const tag of [delta(80), delta(120), key(160)]) live.push(tag);
    expect(given(restarted)).toEqual(['configuration 0', 'key 160']);
  });

  it('stops the publisher while ffmpeg is slower, and lets it go on', async () => {
    const { publication: live, feeds, flow } = publication();
    live.describe({});
    for (const tag of [videoConfiguration, key(0)]) live.push(tag);
    live.push({ ...delta(40), body: Buffer.alloc(2 * 1024 * 1024, 0x27).fill(1, 1, 2) });
    expect(flow).toEqual([false]);
    feeds[0]!.stdin!.resume();
    await new Promise((resolve) => setImmediate(resolve));
    expect(flow).toEqual([false, true]);
  });

  it.each([
    ['HEVC in the enhanced form', { kind: 'video', timestampMs: 0, body: Buffer.from([0x90, ...Buffer.from('hvc1')]) }],
    ['Sorenson', { kind: 'video', timestampMs: 0, body: Uint8Array.of(0x12, 0) }],
    ['Speex', { kind: 'audio', timestampMs: 0, body: Uint8Array.of(0xb2, 0) }],
  ] as const)('refuses %s', (_name, tag) => {
    expect(publication().publication.push(tag)).toMatch(/^Only H\.264 video with AAC or MP3 audio/);
  });
});
