import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { DataFolder } from '../../src/server/data-folder.js';
import { temporaryFolder } from '../package/stream-fixture.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

it('is made, probed, and left empty', async () => {
  const path = join(folder.path, 'deep', 'data');
  const opened = await DataFolder.open(path);
  expect(readdirSync(path)).toEqual([]);
  opened.close();
});

it('a full disk is found at the start, and said in one sentence', async () => {
  symlinkSync('/dev/full', join(folder.path, `probe.${process.pid}`));
  await expect(DataFolder.open(folder.path)).rejects.toMatchObject({
    code: 'DATA_UNUSABLE',
    message: `The data folder ${folder.path} cannot be used, because the disk is full: make room there, or choose another with --data.`,
  });
});

it('is in use by one origin at a time, under whatever name', async () => {
  const path = join(folder.path, 'data');
  const first = await DataFolder.open(path);
  symlinkSync(path, join(folder.path, 'alias'));
  await expect(DataFolder.open(join(folder.path, 'alias'))).rejects.toMatchObject({ code: 'DATA_UNUSABLE' });
  first.close();
  const second = await DataFolder.open(path);
  second.close();
});
