import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { renderMediaPlaylist, renderMultivariantPlaylist, type ChunkHeader, type RenditionId } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { LiveStream } from '../../src/package/live-stream.js';
import { fakeInit, fakePart, kill, openStream, temporaryFolder } from './stream-fixture.js';

const [BEST, MIDDLE, SMALL] = [0, 1, 2] as RenditionId[] as [RenditionId, RenditionId, RenditionId];

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

function begin(live: LiveStream, renditions: readonly RenditionId[] = [BEST, MIDDLE, SMALL]): void {
  live.beginSession(renditions.map((rendition) => ({ ...fakeInit(`rendition ${rendition}`), rendition, averageBandwidthBitsPerSecond: 1000 * (3 - rendition) })));
}

function publish(live: LiveStream, rendition: RenditionId, from: number, to: number): void {
  for (let index = from; index < to; index++) live.publish({ ...fakePart(index), rendition });
}

const place = (header: ChunkHeader | undefined): object | undefined => header && { epoch: header.epoch, sequence: header.sequence, mediaSequence: header.mediaSequence, partIndex: header.partIndex };

describe('a stream with several renditions', () => {
  it('numbers the same part alike in each, whichever comes first', () => {
    const { live } = openStream(folder.path);
    begin(live);
    publish(live, SMALL, 0, 3);
    publish(live, BEST, 0, 14);
    publish(live, SMALL, 3, 14);
    publish(live, MIDDLE, 0, 14);
    begin(live);
    publish(live, MIDDLE, 0, 2);
    publish(live, BEST, 0, 2);
    publish(live, SMALL, 0, 2);
    for (const rendition of [BEST, MIDDLE, SMALL]) expect(place(live.rendition(rendition)!.last)).toEqual({ epoch: 2, sequence: 15, mediaSequence: 2, partIndex: 1 });
    const layout = (rendition: RenditionId): object[] => live.rendition(rendition)!.timeline.segments.map(({ mediaSequence, epoch, durationUs }) => ({ mediaSequence, epoch, durationUs }));
    expect(layout(BEST)).toHaveLength(3);
    expect(layout(MIDDLE)).toEqual(layout(BEST));
    expect(layout(SMALL)).toEqual(layout(BEST));
    live.close();
  });

  it('goes on behind the furthest of them when a session broke off', () => {
    const { live } = openStream(folder.path);
    begin(live);
    publish(live, BEST, 0, 12);
    publish(live, SMALL, 0, 9);
    begin(live);
    publish(live, SMALL, 0, 1);
    publish(live, BEST, 0, 1);
    expect(place(live.rendition(BEST)!.last)).toEqual({ epoch: 2, sequence: 12, mediaSequence: 2, partIndex: 0 });
    expect(place(live.rendition(SMALL)!.last)).toEqual(place(live.rendition(BEST)!.last));
    // The second segment's beginning is missing from this one: its playlist begins anew.
    expect(live.rendition(SMALL)!.timeline.segments.map(({ mediaSequence }) => mediaSequence)).toEqual([2]);
    expect(live.rendition(BEST)!.timeline.segments.map(({ mediaSequence }) => mediaSequence)).toEqual([0, 1, 2]);
    live.close();
  });

  it('tells of all of them, best first, and each playlist of the others', () => {
    const { live } = openStream(folder.path);
    begin(live);
    publish(live, BEST, 0, 12);
    publish(live, MIDDLE, 0, 11);
    expect(renderMultivariantPlaylist(live.record!).match(/^\d\/live\.m3u8$/gm)).toEqual(['0/live.m3u8', '1/live.m3u8', '2/live.m3u8']);
    const playlist = renderMediaPlaylist(live.rendition(MIDDLE)!.timeline, live.playlistOptions(MIDDLE, false)!);
    expect(playlist.match(/^#EXT-X-RENDITION-REPORT.*$/gm)).toEqual(['#EXT-X-RENDITION-REPORT:URI="../0/live.m3u8",LAST-MSN=1,LAST-PART=1']);
    live.close();
  });

  it('comes back after kill -9 with all of them', () => {
    const first = openStream(folder.path);
    begin(first.live);
    for (let index = 0; index < 25; index++) for (const rendition of [BEST, MIDDLE, SMALL]) publish(first.live, rendition, index, index + 1);
    kill(folder.path, first.live);
    const { live } = openStream(folder.path);
    for (const rendition of [BEST, MIDDLE, SMALL]) expect(place(live.rendition(rendition)!.last)).toEqual({ epoch: 1, sequence: 24, mediaSequence: 2, partIndex: 4 });
    begin(live);
    publish(live, SMALL, 0, 1);
    expect(place(live.rendition(SMALL)!.last)).toEqual({ epoch: 2, sequence: 25, mediaSequence: 3, partIndex: 0 });
    live.close();
  });

  it('takes over a folder from when streams had one rendition', () => {
    const first = openStream(folder.path);
    first.begin('rendition 0');
    first.publish(25);
    first.live.close();
    expect(readdirSync(folder.path).filter((name) => name.startsWith('rendition-'))).toEqual([]);
    const { live } = openStream(folder.path);
    begin(live);
    publish(live, BEST, 0, 1);
    publish(live, SMALL, 0, 1);
    expect(live.rendition(BEST)!.timeline.segments.map(({ mediaSequence }) => mediaSequence)).toEqual([0, 1, 2, 3]);
    expect(place(live.rendition(SMALL)!.last)).toEqual({ epoch: 2, sequence: 25, mediaSequence: 3, partIndex: 0 });
    live.close();
  });

  it('never uses a number again though the rendition that had it is lost', () => {
    const first = openStream(folder.path);
    begin(first.live);
    publish(first.live, SMALL, 0, 30);
    publish(first.live, BEST, 0, 10);
    kill(folder.path, first.live);
    mkdirSync(`${folder.path}.lost`);
    renameSync(join(folder.path, 'rendition-2'), join(`${folder.path}.lost`, 'rendition-2'));
    const { live } = openStream(folder.path);
    begin(live, [BEST]);
    publish(live, BEST, 0, 1);
    expect(live.rendition(BEST)!.last!.sequence).toBeGreaterThan(29);
    live.close();
  });

  it('knows which are made: others keep their media, and get nothing new', () => {
    const { live } = openStream(folder.path);
    begin(live);
    for (const rendition of [BEST, MIDDLE, SMALL]) publish(live, rendition, 0, 10);
    expect(live.defaultRendition).toBe(BEST);
    begin(live, [MIDDLE, SMALL]);
    publish(live, MIDDLE, 0, 1);
    expect(live.record!.renditions.map(({ id }) => id)).toEqual([MIDDLE, SMALL]);
    expect([BEST, MIDDLE, SMALL].map((rendition) => live.isMade(rendition))).toEqual([false, true, true]);
    expect(live.defaultRendition).toBe(MIDDLE);
    expect(live.log).toBe(live.rendition(MIDDLE));
    expect(live.rendition(BEST)!.last!.sequence).toBe(9);
    expect(() => publish(live, BEST, 1, 2)).toThrow('a part came before its init segment');
    live.close();
  });

  it('declares what each is measured at, once that is settled', () => {
    const { live } = openStream(folder.path);
    live.beginSession([BEST, SMALL].map((rendition) => ({ ...fakeInit(`rendition ${rendition}`), rendition })));
    const bytesOf = { [BEST]: 25_000, [SMALL]: 5_000 };
    for (let index = 0; index < 50; index++) {
      for (const rendition of [BEST, SMALL]) live.publish({ ...fakePart(index, bytesOf[rendition]), rendition });
    }
    expect(live.record!.renditions.map((rendition) => [rendition.bandwidthBitsPerSecond, rendition.averageBandwidthBitsPerSecond])).toEqual([
      [1_100_000, 1_000_000],
      [220_000, 200_000],
    ]);
    const { revision } = live.record!;
    for (let index = 50; index < 200; index++) {
      for (const rendition of [BEST, SMALL]) live.publish({ ...fakePart(index, bytesOf[rendition]), rendition });
    }
    // What stays as it is, is not said again.
    expect(live.record!.revision).toBe(revision);
    live.close();
  });
});
