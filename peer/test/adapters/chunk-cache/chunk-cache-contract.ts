import { seededRandom, type ChunkRef, type ChunkSequence, type RenditionId, type StreamId } from '@p2ptv/protocol';
import { SegmentChunkCache } from '../../../src/adapters/chunk-cache/segment-chunk-cache.js';
import type { SegmentFiles } from '../../../src/adapters/chunk-cache/segment-files.js';

export const STREAM = 'a'.repeat(40) as StreamId;
export const OTHER_STREAM = 'b'.repeat(40) as StreamId;

/** Files, and caches over them, as pages would open them one after the other. */
export class CacheRig {
  readonly #random = seededRandom(1);
  #nowMs = Date.now();

  constructor(readonly files: SegmentFiles) {}

  open(options: { readonly quotaBytes?: number; readonly streamId?: StreamId; readonly segmentBytes?: number } = {}): SegmentChunkCache {
    const { quotaBytes = 1_000_000, streamId = STREAM, segmentBytes = 100_000 } = options;
    // Every look at the clock is a second later: files can be told apart by their use.
    return new SegmentChunkCache(this.files, { streamId, quotaBytes, segmentBytes, nowMs: () => (this.#nowMs += 1_000), random: this.#random });
  }
}

export function chunk(sequence: number, rendition = 0): ChunkRef {
  return { rendition: rendition as RenditionId, sequence: sequence as ChunkSequence };
}

export function bytesOf(sequence: number, length = 1_000): Uint8Array {
  return new Uint8Array(length).fill(sequence & 0xff);
}

export function listed(cache: SegmentChunkCache): Promise<number[]> {
  return new Promise((resolve) => cache.open((chunks) => resolve(chunks.map(({ sequence }) => Number(sequence)).sort((left, right) => left - right))));
}

export function read(cache: SegmentChunkCache, ref: ChunkRef): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => cache.read(ref, resolve));
}

function expectSame(found: unknown, wanted: unknown): void {
  const text = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value instanceof Uint8Array ? [...value] : value));
  if (text(found) !== text(wanted)) throw new Error(`expected ${text(wanted).slice(0, 200)}, found ${text(found).slice(0, 200)}`);
}

/** What every kind of storage must let a cache do. Each case begins with empty files. */
export const chunkCacheContract: readonly { readonly title: string; readonly run: (rig: CacheRig) => Promise<void> }[] = [
  {
    title: 'CA1: gives back what was put, before it is written and in the next session',
    run: async (rig) => {
      const first = rig.open();
      expectSame(await listed(first), []);
      first.put(chunk(1), bytesOf(1));
      first.put(chunk(2), bytesOf(2, 70_000));
      expectSame(await read(first, chunk(2)), bytesOf(2, 70_000));
      await first.flush();
      expectSame(await read(first, chunk(1)), bytesOf(1));
      expectSame(await read(first, chunk(3)), undefined);
      first.close();
      const second = rig.open();
      expectSame(await listed(second), [1, 2]);
      expectSame(await read(second, chunk(2)), bytesOf(2, 70_000));
      expectSame(await read(second, chunk(1, 1)), undefined);
    },
  },
  {
    title: 'makes one file of many small ones, and loses nothing',
    run: async (rig) => {
      const cache = rig.open({ segmentBytes: 10_000 });
      for (let sequence = 0; sequence < 25; sequence++) {
        cache.put(chunk(sequence), bytesOf(sequence));
        if (sequence === 3) cache.drop(chunk(2));
        await cache.flush();
      }
      const kept = Array.from({ length: 25 }, (_, sequence) => sequence).filter((sequence) => sequence !== 2);
      expectSame((await rig.files.list()).length < 10, true);
      const next = rig.open();
      expectSame((await listed(next)).filter((sequence) => sequence !== 2), kept);
      for (const sequence of kept) {
        expectSame(await read(cache, chunk(sequence)), bytesOf(sequence));
        expectSame(await read(next, chunk(sequence)), bytesOf(sequence));
      }
    },
  },
  {
    title: 'keeps streams apart',
    run: async (rig) => {
      const first = rig.open();
      first.put(chunk(1), bytesOf(1));
      await first.flush();
      const other = rig.open({ streamId: OTHER_STREAM });
      expectSame(await listed(other), []);
      expectSame(other.size.bytes > 1_000, true);
    },
  },
  {
    title: 'CA5: stays within its quota over all streams, and drops what was not used for the longest',
    run: async (rig) => {
      const quotaBytes = 35_000;
      const cache = rig.open({ quotaBytes });
      await listed(cache);
      for (const sequence of [1, 2, 3]) {
        cache.put(chunk(sequence), bytesOf(sequence, 10_000));
        await cache.flush();
      }
      await read(cache, chunk(1));
      await cache.flush();
      const next = rig.open({ quotaBytes, streamId: OTHER_STREAM });
      await listed(next);
      next.put(chunk(4), bytesOf(4, 10_000));
      await next.flush();
      expectSame(next.size.bytes <= quotaBytes, true);
      expectSame(await listed(rig.open({ quotaBytes })), [1, 3]);
      expectSame(await read(cache, chunk(2)), undefined);
    },
  },
  {
    title: 'keeps nothing that is larger than its quota',
    run: async (rig) => {
      const cache = rig.open({ quotaBytes: 5_000 });
      cache.put(chunk(1), bytesOf(1, 10_000));
      await cache.flush();
      expectSame(await read(cache, chunk(1)), undefined);
      expectSame(cache.size.bytes <= 5_000, true);
    },
  },
  {
    title: 'puts a chunk anew once it was dropped',
    run: async (rig) => {
      const cache = rig.open();
      cache.put(chunk(1), bytesOf(9));
      await cache.flush();
      cache.put(chunk(1), bytesOf(1));
      expectSame(await read(cache, chunk(1)), bytesOf(9));
      cache.drop(chunk(1));
      expectSame(await read(cache, chunk(1)), undefined);
      cache.put(chunk(1), bytesOf(1));
      await cache.flush();
      expectSame(await read(rig.open(), chunk(1)).then((bytes) => bytes ?? read(cache, chunk(1))), bytesOf(1));
    },
  },
  {
    title: 'clears everything, of other streams too',
    run: async (rig) => {
      const cache = rig.open();
      const other = rig.open({ streamId: OTHER_STREAM });
      cache.put(chunk(1), bytesOf(1));
      other.put(chunk(2), bytesOf(2));
      await cache.flush();
      await other.flush();
      cache.put(chunk(3), bytesOf(3));
      await new Promise<void>((resolve) => cache.clear(resolve));
      expectSame(cache.size.bytes, 0);
      expectSame(await rig.files.list(), []);
      expectSame(await read(cache, chunk(1)), undefined);
      expectSame(await read(cache, chunk(3)), undefined);
      expectSame(await read(other, chunk(2)), undefined);
    },
  },
  {
    title: 'removes a file whose index is damaged, and reads the others',
    run: async (rig) => {
      const cache = rig.open();
      cache.put(chunk(1), bytesOf(1));
      await cache.flush();
      const [written] = await rig.files.list();
      cache.put(chunk(2), bytesOf(2));
      await cache.flush();
      await rig.files.write(written ?? '', new Uint8Array([1, 2, 3]));
      expectSame(await listed(rig.open()), [2]);
      expectSame((await rig.files.list()).length, 1);
    },
  },
];
