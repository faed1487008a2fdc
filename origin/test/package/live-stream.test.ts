import { readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { decodeStreamRecord, renderMediaPlaylist, signatureOf, signedPortion, type ChunkSequence, type RenditionId } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fakeInit, fakePart, kill, openStream, publisher, temporaryFolder } from './stream-fixture.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

const files = (pattern: RegExp): string[] => readdirSync(folder.path).filter((name) => pattern.test(name)).sort();

describe('publishing', () => {
  it('numbers parts, segments and epochs, and signs each header', () => {
    const { live, begin, publish } = openStream(folder.path);
    begin();
    publish(12);
    const headers = live.log.headersAfter(-1, 100);
    expect(headers.map(({ header }) => header.sequence)).toEqual([...Array(12).keys()]);
    expect(headers.map(({ header }) => header.mediaSequence)).toEqual([...Array<number>(10).fill(0), 1, 1]);
    expect(headers.map(({ header }) => header.partIndex)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(headers.every(({ header }) => header.epoch === 1)).toBe(true);
    expect(headers.every((signed) => publisher.isSigned(signedPortion(signed), signatureOf(signed)))).toBe(true);
    live.close();
  });

  it('a new encoder session is a new epoch and a new segment, counted only from its first part', () => {
    const { live, begin, publish } = openStream(folder.path);
    begin('first');
    publish(3);
    begin('one that gives nothing');
    begin('second');
    publish(1);
    expect(live.log.last).toMatchObject({ epoch: 2, mediaSequence: 1, partIndex: 0, sequence: 3 });
    expect(live.log.findSegment(1, 0)).toEqual({ kind: 'found', sequences: [0, 1, 2] });
    const playlist = renderMediaPlaylist(live.log.timeline, live.playlistOptions(0 as RenditionId, false)!);
    expect(playlist).toContain('#EXT-X-DISCONTINUITY\n');
    live.close();
  });

  it('what a session still brings after its publisher was given up is published, and makes the stream live no more; the next session does', () => {
    const { live, begin, publish } = openStream(folder.path);
    begin('of a publisher');
    publish(2);
    expect(live.state).toBe('live');
    live.goOffline();
    publish(1);
    expect([live.state, live.log.last?.sequence]).toEqual(['offline', 2]);
    begin('of one who came back');
    expect(live.state).toBe('offline');
    publish(1);
    expect(live.state).toBe('live');
    live.close();
  });

  it('PL21: its record tells of captions in the picture from the part on that begins them, also in the sessions that follow, and of another broadcast’s anew', () => {
    const { live, begin, publish } = openStream(folder.path);
    begin();
    publish(1);
    expect(live.record).not.toHaveProperty('captions');
    live.publish({ ...fakePart(1), captions: ['CC3'] });
    live.publish({ ...fakePart(2), captions: ['CC1', 'CC3'] });
    expect(live.record?.captions).toEqual(['CC1', 'CC3']);
    const { revision } = live.record!;
    live.publish({ ...fakePart(3), captions: ['CC1'] });
    expect(live.record?.revision).toBe(revision);
    begin('after a crash of the encoder');
    publish(1);
    expect(live.record?.captions).toEqual(['CC1', 'CC3']);
    live.goOffline();
    begin('of another broadcast');
    publish(1);
    expect(live.record).not.toHaveProperty('captions');
    live.publish({ ...fakePart(1), captions: ['CC1'] });
    live.end();
    expect(live.record).toMatchObject({ isEnded: true, captions: ['CC1'] });
    live.close();
  });

  it('signs a record at each epoch and at the end, with rising revisions', () => {
    const { live, begin, publish } = openStream(folder.path);
    const seen: { revision: number; epoch: number; isEnded: boolean }[] = [];
    live.onChange((change) => {
      if (change.kind !== 'recordChanged') return;
      const expected = { streamId: live.streamId, publicKey: publisher.publicKey };
      const { revision, epoch, isEnded } = decodeStreamRecord(live.recordText!, expected)!;
      seen.push({ revision, epoch, isEnded });
    });
    begin('first');
    publish(2);
    begin('second');
    publish(2);
    live.end();
    expect(seen).toEqual([
      { revision: 1, epoch: 1, isEnded: false },
      { revision: 2, epoch: 2, isEnded: false },
      { revision: 3, epoch: 2, isEnded: true },
    ]);
    expect(live.state).toBe('ended');
    live.close();
  });

  it('raises the declared bandwidth when a segment exceeds it', () => {
    const { live } = openStream(folder.path);
    live.beginSession([{ ...fakeInit(), bandwidthBitsPerSecond: 1000 }]);
    for (let index = 0; index < 10; index++) {
      live.publish({ rendition: 0 as RenditionId, bytes: Buffer.alloc(25_000), durationUs: 200_000, isIndependent: index === 0, isSegmentLast: index === 9, programDateTimeMs: index * 200 });
    }
    expect(live.record!.renditions[0]!.bandwidthBitsPerSecond).toBe(1_100_000);
    live.close();
  });

  it.each([
    ['a shorter part', { partTargetMs: 100, segmentMs: 2000 }, 100_000, 2],
    ['a longer part', { partTargetMs: 500, segmentMs: 2000 }, 500_000, 2],
    ['a shorter segment', { partTargetMs: 200, segmentMs: 1000 }, 200_000, 1],
    ['a longer segment', { partTargetMs: 200, segmentMs: 4000 }, 200_000, 4],
  ])('a session with %s starts the playlist anew with its own targets; what was listed can still be fetched', (_what, targets, durationUs, targetDurationSeconds) => {
    const { live, begin, publish } = openStream(folder.path);
    begin('first');
    publish(25);
    live.beginSession([{ ...fakeInit('second'), ...targets }]);
    expect(live.playlistOptions(0 as RenditionId, false)).toMatchObject({ partTargetMs: 200, targetDurationSeconds: 2 });
    live.publish({ ...fakePart(0), durationUs });
    expect(live.playlistOptions(0 as RenditionId, false)).toMatchObject({ partTargetMs: targets.partTargetMs, targetDurationSeconds });
    expect(live.log.timeline.segments.map(({ mediaSequence, epoch }) => ({ mediaSequence, epoch }))).toEqual([{ mediaSequence: 3, epoch: 2 }]);
    expect(live.log.findSegment(1, 0).kind).toBe('found');
    expect(live.log.find(24 as ChunkSequence).kind).toBe('here');
    live.close();
  });
});

it('a part that fits no header is refused, and uses no number', () => {
  const { live, begin, publish } = openStream(folder.path);
  begin();
  publish(1);
  expect(() => publish(1, 5 * 1024 * 1024)).toThrow(RangeError);
  publish(1);
  expect(live.log.last).toMatchObject({ sequence: 1, mediaSequence: 0, partIndex: 1, epoch: 1 });
  live.close();
});

describe('windows', () => {
  it('keeps a playlist window, later parts in memory, the rest on disk, and forgets what is older', async () => {
    const window = { playlistMs: 4000, lateMs: 2000, memoryBytes: 1e9 };
    const { live, begin, publish } = openStream(folder.path, { window, archiveMs: 60_000 });
    begin();
    publish(1000);
    const listed = live.log.timeline.segments.reduce((sum, segment) => sum + (segment.isComplete ? segment.durationUs : 0), 0);
    expect(listed / 1e6).toBeGreaterThanOrEqual(4);
    expect(listed / 1e6).toBeLessThan(6.1);
    expect(live.log.find(999 as ChunkSequence).kind).toBe('here');
    expect(live.log.find(970 as ChunkSequence).kind).toBe('here');
    expect(live.log.find(800 as ChunkSequence).kind).toBe('archived');
    expect(live.log.find(0 as ChunkSequence).kind).toBe('gone');
    expect(live.log.find(1000 as ChunkSequence).kind).toBe('unknown');
    expect(live.log.findSegment(1, 0).kind).toBe('gone');
    expect((await live.log.read(800 as ChunkSequence))?.signed.header.sequence).toBe(800);
    const archived = (await live.log.read(800 as ChunkSequence))!.signed;
    const from800 = await live.log.headersFrom(archived.header.programDateTimeMs, 200);
    expect(from800.map(({ header }) => header.sequence)).toEqual(Array.from({ length: 200 }, (_, index) => 800 + index));
    expect(from800[0]?.bytes).toEqual(archived.bytes);
    // What is gone is not named: the oldest that there is begins with an independent part.
    const [oldest] = await live.log.headersFrom(0, 1);
    expect(oldest?.header.isIndependent).toBe(true);
    expect(live.log.find(oldest!.header.sequence).kind).toBe('archived');
    live.close();
  });

  it('memory is bounded by bytes: late parts go first, then the playlist shrinks, but never below four segments', () => {
    const window = { playlistMs: 60_000, lateMs: 30_000, memoryBytes: 100_000 };
    const { live, begin, publish } = openStream(folder.path, { window });
    begin();
    publish(600, 1000);
    expect(live.log.memoryBytes).toBeLessThanOrEqual(100_000);
    const listed = live.log.timeline.segments.flatMap((segment) => segment.parts);
    expect(listed.every((part) => live.log.find(part.sequence).kind === 'here')).toBe(true);
    publish(100, 20_000);
    expect(live.log.timeline.segments.length).toBe(4);
    live.close();
  });

  it('keeps an init segment as long as any part needs it, in memory and on disk', () => {
    const window = { playlistMs: 4000, lateMs: 2000, memoryBytes: 1e9 };
    const { live, begin, publish } = openStream(folder.path, { window, archiveMs: 4000 });
    begin('first');
    publish(1);
    const first = live.log.last!.initHash;
    expect(files(/^init-/)).toEqual([`init-${first}.mp4`]);
    begin('second');
    publish(300);
    expect(live.log.init(first)).toBeDefined();
    publish(800);
    expect(live.log.init(first)).toBeUndefined();
    expect(files(/^init-/)).toEqual([`init-${live.log.last!.initHash}.mp4`]);
    live.close();
  });

  it('headers and newest chunks are those asked for', () => {
    const { live, begin, publish } = openStream(folder.path);
    begin('first');
    publish(7);
    begin('second');
    publish(18);
    const sequences = (chunks: { signed: { header: { sequence: number } } }[]): number[] => chunks.map((chunk) => chunk.signed.header.sequence);
    expect(live.log.headersAfter(20, 3).map(({ header }) => header.sequence)).toEqual([21, 22, 23]);
    expect(live.log.headersAfter(24, 3)).toEqual([]);
    // The session's parts are 7–24; 7, 12, 17 and 22 are independent.
    expect(sequences(live.log.newest(0, 100))).toEqual([22, 23, 24]);
    expect(sequences(live.log.newest(600, 100))).toEqual([22, 23, 24]);
    expect(sequences(live.log.newest(601, 100))[0]).toBe(17);
    expect(sequences(live.log.newest(60_000, 100))[0]).toBe(7);
    expect(sequences(live.log.newest(60_000, 10))[0]).toBe(17);
    live.close();
  });
});

describe('coming back', () => {
  it('after a clean end everything goes on: contiguous numbers, the next epoch, the old window', () => {
    const first = openStream(folder.path);
    first.begin('same');
    first.publish(25);
    first.live.close();
    const second = openStream(folder.path, { bootId: 'boot 2' });
    expect(second.live.log.timeline.segments.length).toBe(3);
    expect(second.live.record?.epoch).toBe(1);
    second.begin('same');
    second.publish(1);
    expect(second.live.log.last).toMatchObject({ sequence: 25, mediaSequence: 3, epoch: 2, partIndex: 0 });
    expect(second.live.record?.revision).toBe(2);
    expect(second.live.log.timeline.segments.map((segment) => segment.mediaSequence)).toEqual([0, 1, 2, 3]);
    second.live.close();
  });

  it('a new stream’s first segment has the number that is wanted; a known stream goes on from its last', () => {
    const first = openStream(folder.path, { firstMediaSequence: 1 });
    first.begin();
    first.publish(11);
    expect(first.live.log.timeline.segments.map((segment) => segment.mediaSequence)).toEqual([1, 2]);
    expect(first.live.log.timeline.segments[0]?.parts[0]?.sequence).toBe(0);
    first.live.close();
    const second = openStream(folder.path, { firstMediaSequence: 1 });
    second.begin();
    second.publish(1);
    expect(second.live.log.last?.mediaSequence).toBe(3);
    second.live.close();
  });

  it.each([
    ['shorter', 100],
    ['longer', 500],
  ])('a playlist that began anew with %s parts does not list the others again', (_what, partMs) => {
    const first = openStream(folder.path);
    first.begin('first');
    first.publish(25);
    first.live.beginSession([{ ...fakeInit('second'), partTargetMs: partMs }]);
    for (let index = 0; index < 4; index++) first.live.publish({ ...fakePart(index), durationUs: partMs * 1000, isSegmentLast: index % 2 === 1, isIndependent: true });
    first.live.close();
    const second = openStream(folder.path, { bootId: 'boot 2' });
    expect(second.live.playlistOptions(0 as RenditionId, false)).toMatchObject({ partTargetMs: partMs });
    expect(second.live.log.timeline.segments.map((segment) => segment.epoch)).toEqual([2, 2]);
    second.live.close();
  });

  it('after kill -9 the same', () => {
    const first = openStream(folder.path);
    first.begin();
    first.publish(25);
    kill(folder.path, first.live);
    const second = openStream(folder.path);
    second.begin('second');
    second.publish(1);
    expect(second.live.streamId).toBe(first.live.streamId);
    expect(second.live.log.last).toMatchObject({ sequence: 25, mediaSequence: 3, epoch: 2, partIndex: 0 });
    expect(second.live.log.timeline.segments.map((segment) => segment.mediaSequence)).toEqual([0, 1, 2, 3]);
    second.live.close();
  });

  it('when the system went down, numbers jump beyond all that may have been published, and the playlist begins anew', () => {
    const first = openStream(folder.path);
    first.begin();
    first.publish(25);
    kill(folder.path, first.live);
    const second = openStream(folder.path, { bootId: 'boot 2' });
    second.begin('second');
    second.publish(1);
    const last = second.live.log.last!;
    expect(last.sequence).toBeGreaterThan(25);
    expect(last.mediaSequence).toBeGreaterThan(3);
    expect(last.epoch).toBeGreaterThan(1);
    expect(second.live.log.timeline.segments.map((segment) => segment.mediaSequence)).toEqual([last.mediaSequence]);
    second.live.close();
  });

  it('a log that lost its tail by another hand is noticed even without a power loss', () => {
    const first = openStream(folder.path);
    first.begin();
    first.publish(25);
    kill(folder.path, first.live);
    const [log] = files(/^chunks-/);
    truncateSync(join(folder.path, log!), 5000);
    const second = openStream(folder.path);
    expect(second.notices).toMatchObject([{ kind: 'tailCut' }]);
    second.begin('second');
    second.publish(1);
    expect(second.live.log.last!.sequence).toBeGreaterThan(25);
    second.live.close();
  });

  it('a garbled or missing numbering file makes the numbers jump', () => {
    for (const damage of ['garbled', 'missing'] as const) {
      const first = openStream(folder.path);
      first.begin();
      first.publish(5);
      const before = first.live.log.last!;
      kill(folder.path, first.live);
      writeFileSync(join(folder.path, 'numbering'), damage === 'garbled' ? 'x'.repeat(1024) : '');
      const second = openStream(folder.path);
      second.begin('second');
      second.publish(1);
      expect(second.live.log.last!.sequence).toBeGreaterThan(before.sequence + 1000);
      expect(second.live.log.last!.epoch).toBeGreaterThan(before.epoch + 10);
      second.live.close();
    }
  });

  it('a chunk whose bytes were altered on the disk is not served', async () => {
    const first = openStream(folder.path);
    first.begin();
    first.publish(5);
    first.live.close();
    const path = join(folder.path, files(/^chunks-/)[0]!);
    const content = readFileSync(path);
    content[content.length - 1] = (content[content.length - 1] ?? 0) ^ 1;
    writeFileSync(path, content);
    const second = openStream(folder.path);
    expect(second.live.log.find(4 as ChunkSequence).kind).toBe('unknown');
    expect((await second.live.log.read(3 as ChunkSequence))?.signed.header.sequence).toBe(3);
    second.live.close();
  });

  it("another publisher's record and chunks are left out", () => {
    const first = openStream(folder.path);
    first.begin();
    first.publish(5);
    first.live.close();
    const record = readFileSync(join(folder.path, 'record'), 'utf8');
    writeFileSync(join(folder.path, 'record'), `A${record.slice(1)}`);
    const second = openStream(folder.path);
    expect(second.live.record).toBeUndefined();
    second.live.close();
  });
});

describe('a full disk', () => {
  it('pauses recording with one sentence, keeps the stream live, tries again, and never reuses a number', () => {
    let nowMs = 0;
    const first = openStream(folder.path, { wallMs: () => nowMs });
    symlinkSync('/dev/full', join(folder.path, 'chunks-0000000000.log'));
    first.begin();
    first.publish(35);
    expect(first.notices).toHaveLength(1);
    expect(first.notices[0]).toMatchObject({ kind: 'recordingPaused' });
    expect((first.notices[0] as { message: string }).message).toMatch(/the disk is full/);
    expect(first.live.log.timeline.segments.length).toBe(4);
    expect(first.live.log.find(0 as ChunkSequence).kind).toBe('here');
    nowMs = 31_000;
    first.publish(10);
    expect(first.notices[1]).toEqual({ kind: 'recordingResumed' });
    kill(folder.path, first.live);
    const second = openStream(folder.path);
    second.begin('second');
    second.publish(1);
    expect(second.live.log.last!.sequence).toBe(45);
    second.live.close();
  });

  it('a crash while recording pauses makes the numbers jump', () => {
    const first = openStream(folder.path);
    symlinkSync('/dev/full', join(folder.path, 'chunks-0000000000.log'));
    first.begin();
    first.publish(35);
    kill(folder.path, first.live);
    const second = openStream(folder.path);
    second.begin('second');
    second.publish(1);
    expect(second.live.log.last!.sequence).toBeGreaterThan(35);
    second.live.close();
  });
});
