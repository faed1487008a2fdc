import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RenditionId } from '@p2ptv/protocol';

import type { ArchiveNotice } from '../../src/package/chunk-archive.js';
import type { ChunkLogWindow } from '../../src/package/chunk-log.js';
import type { MediaInit } from '../../src/package/live-rendition.js';
import { LiveStream, type MediaPart } from '../../src/package/live-stream.js';
import { Publisher } from '../../src/package/publisher.js';

/** A publisher whose key is always the same. */
export const publisher = new Publisher(new Uint8Array(32).fill(7));

/** A folder for one test; `remove` it afterwards. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'p2ptv-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The init segment of an imaginary encoder session; each `name` is another one. */
export function fakeInit(name = 'first'): MediaInit {
  return {
    rendition: 0 as RenditionId,
    bytes: Buffer.from(`init segment ${name}`),
    codecs: 'avc1.42c01e,mp4a.40.2',
    width: 640,
    height: 360,
    frameRate: 30,
    partTargetMs: 200,
    segmentMs: 2000,
    bandwidthBitsPerSecond: 50_000_000,
    averageBandwidthBitsPerSecond: 1_000_000,
  };
}

/** The `index`-th part of a session: ten parts of 200 ms a segment, every fifth independent. */
export function fakePart(index: number, byteLength = 300): MediaPart {
  return {
    rendition: 0 as RenditionId,
    bytes: Buffer.alloc(byteLength, `part ${index} of an imaginary session `),
    durationUs: 200_000,
    isIndependent: index % 5 === 0,
    isSegmentLast: index % 10 === 9,
    programDateTimeMs: 1_700_000_000_000 + index * 200,
  };
}

export type OpenedStream = {
  readonly live: LiveStream;
  readonly notices: ArchiveNotice[];
  /** Publishes so many parts of the session that was begun last. */
  readonly publish: (count: number, byteLength?: number) => void;
  /** Begins an encoder session. */
  readonly begin: (name?: string) => void;
};

export type OpenOptions = {
  readonly bootId?: string;
  readonly archiveMs?: number;
  readonly window?: ChunkLogWindow;
  readonly wallMs?: () => number;
  readonly firstMediaSequence?: number;
};

/** Opens (or opens again) the stream in a folder. */
export function openStream(folder: string, options: OpenOptions = {}): OpenedStream {
  const notices: ArchiveNotice[] = [];
  const live = new LiveStream({
    publisher,
    slug: 'main',
    title: 'A title',
    folder,
    archiveMs: options.archiveMs ?? 600_000,
    bootId: options.bootId ?? 'boot 1',
    wallMs: options.wallMs ?? (() => 1_700_000_000_000),
    notice: (notice) => notices.push(notice),
    ...(options.window ? { window: options.window } : {}),
    ...(options.firstMediaSequence === undefined ? {} : { firstMediaSequence: options.firstMediaSequence }),
  });
  let next = 0;
  return {
    live,
    notices,
    begin: (name) => {
      next = 0;
      live.beginSession([fakeInit(name)]);
    },
    publish: (count, byteLength) => {
      for (let published = 0; published < count; published++) live.publish(fakePart(next++, byteLength));
    },
  };
}

/** Leaves the folder as the death of the process at this moment would, and frees what it held. */
export function kill(folder: string, live: LiveStream): void {
  cpSync(folder, `${folder}.copy`, { recursive: true });
  live.close();
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.copy`, folder);
}
