import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

import type { ChunkSequence } from '@p2ptv/protocol';
import { expect, it, onTestFinished, vi } from 'vitest';

import { openStream, temporaryFolder } from './stream-fixture.js';

it('headers of a recording are read with one opening of each file that holds them', async () => {
  const folder = temporaryFolder();
  const { live, begin, publish } = openStream(folder.path, { archiveMs: 600_000, window: { playlistMs: 8_000, lateMs: 2_000, memoryBytes: 1e9 } });
  onTestFinished(() => {
    live.close();
    folder.remove();
  });
  begin();
  publish(200);
  expect(live.log.find(100 as ChunkSequence).kind).toBe('archived');

  const open = vi.spyOn(fs, 'open');
  syncBuiltinESMExports();
  onTestFinished(() => {
    open.mockRestore();
    syncBuiltinESMExports();
  });
  const headers = await live.log.headersFrom(0, 128);
  expect(headers.map(({ header }) => header.sequence)).toEqual(Array.from({ length: 128 }, (_, index) => index));
  const opened = open.mock.calls.map(([path]) => path);
  expect(opened.length).toBeGreaterThan(0);
  expect(new Set(opened).size).toBe(opened.length);
});
