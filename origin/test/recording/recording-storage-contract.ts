import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { RecordingStorage } from '../../src/recording/recording-storage.js';
import { temporaryFolder } from '../package/stream-fixture.js';

/** What every {@link RecordingStorage} does; `open` makes an empty one, with a folder of this machine to work in. */
export function describeRecordingStorage(name: string, open: (folder: string) => RecordingStorage): void {
  describe(`${name}: a store of recordings' media`, () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let storage: RecordingStorage;
    let path: string;
    const file = { recording: 'concert', name: 'rendition-0/chunks-0.log' };

    beforeEach(() => {
      folder = temporaryFolder();
      storage = open(join(folder.path, 'store'));
      path = join(folder.path, 'chunks-0.log');
      writeFileSync(path, '0123456789');
    });
    afterEach(() => folder.remove());

    it('keeps a file whose first name is gone, and reads ranges of it with one opening', async () => {
      storage.put(file, path);
      await rm(path);
      const ranges = await storage.read(file, [{ offset: 2, byteLength: 3 }, { offset: 8, byteLength: 5 }, { offset: 20, byteLength: 1 }]);
      expect(ranges?.map(String)).toEqual(['234', '89', '']);
    });

    it('replaces a file of the same name', async () => {
      storage.put(file, path);
      await rm(path);
      writeFileSync(path, 'other');
      storage.put(file, path);
      expect(String((await storage.read(file, [{ offset: 0, byteLength: 10 }]))?.[0])).toBe('other');
    });

    it('lists the files of one recording by name', async () => {
      storage.put({ recording: 'concert', name: 'rendition-1/chunks-0.log' }, path);
      storage.put(file, path);
      storage.put({ recording: 'other', name: 'rendition-0/chunks-5.log' }, path);
      expect(await storage.list('concert')).toEqual([
        { name: 'rendition-0/chunks-0.log', byteLength: 10 },
        { name: 'rendition-1/chunks-0.log', byteLength: 10 },
      ]);
      expect(await storage.list('nothing')).toEqual([]);
    });

    it('removes one recording, and nothing of others', async () => {
      storage.put(file, path);
      storage.put({ ...file, recording: 'other' }, path);
      await storage.remove('concert');
      await storage.remove('concert');
      expect(await storage.read(file, [])).toBeUndefined();
      expect(await storage.list('other')).toHaveLength(1);
    });

    it('has nothing of a file that is not there', async () => {
      expect(await storage.read(file, [{ offset: 0, byteLength: 1 }])).toBeUndefined();
      expect(() => storage.put(file, join(folder.path, 'missing'))).toThrow();
    });
  });
}
