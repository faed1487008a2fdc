import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskSegmentFiles } from '../../../src/adapters/chunk-cache/disk-segment-files.js';
import { MemorySegmentFiles } from '../../../src/adapters/chunk-cache/memory-segment-files.js';
import { bytesOf, CacheRig, chunk, chunkCacheContract, listed, read } from './chunk-cache-contract.js';

describe('chunk cache contract: memory', () => {
  for (const { title, run } of chunkCacheContract) {
    it(title, () => run(new CacheRig(new MemorySegmentFiles())));
  }
});

describe('chunk cache contract: disk', () => {
  for (const { title, run } of chunkCacheContract) {
    it(title, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'p2ptv-test-'));
      try {
        await run(new CacheRig(new DiskSegmentFiles(join(folder, 'made'))));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }

  it('has nothing of what was being written when the machine stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'p2ptv-test-'));
    await writeFile(join(folder, 'a.draft'), 'half');
    expect(await new DiskSegmentFiles(folder).list()).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('a chunk cache', () => {
  it('has nothing of a file that is cut off', async () => {
    const files = new MemorySegmentFiles();
    const rig = new CacheRig(files);
    const cache = rig.open();
    cache.put(chunk(1), bytesOf(1));
    await cache.flush();
    const [file] = await files.list();
    const bytes = await files.read(file!, { from: 0, to: 500 });
    await files.write(file!, bytes!);
    expect(await read(cache, chunk(1))).toBeUndefined();
    const next = rig.open();
    expect(await listed(next)).toEqual([1]);
    expect(await read(next, chunk(1))).toBeUndefined();
  });

  it('goes on without what could not be written', async () => {
    class FullFiles extends MemorySegmentFiles {
      isFull = true;
      override write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
        return this.isFull ? Promise.resolve(false) : super.write(name, bytes);
      }
    }
    const files = new FullFiles();
    const cache = new CacheRig(files).open();
    cache.put(chunk(1), bytesOf(1));
    await cache.flush();
    expect(await read(cache, chunk(1))).toBeUndefined();
    expect(cache.size.bytes).toBe(0);
    files.isFull = false;
    cache.put(chunk(2), bytesOf(2));
    await cache.flush();
    expect(await read(cache, chunk(2))).toEqual(bytesOf(2));
  });

  it('calls nobody back once it is closed, and has written all the same', async () => {
    const rig = new CacheRig(new MemorySegmentFiles());
    const cache = rig.open();
    cache.put(chunk(1), bytesOf(1));
    let calls = 0;
    cache.open(() => calls++);
    cache.read(chunk(1), () => calls++);
    cache.clear(() => calls++);
    cache.put(chunk(2), bytesOf(2));
    cache.close();
    await cache.flush();
    expect(calls).toBe(0);
    expect(await listed(rig.open())).toEqual([2]);
  });
});
