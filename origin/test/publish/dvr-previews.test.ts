import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { DvrPreviews } from '../../src/publish/dvr-previews.js';
import { openStream, temporaryFolder } from '../package/stream-fixture.js';

/** Of the fixture's first part. */
const FIRST_SHEET = 17_000_000;

let folder: ReturnType<typeof temporaryFolder>;
let previews: DvrPreviews;

beforeEach(() => {
  folder = temporaryFolder();
  // It makes no picture of what is none, and notes that it was asked.
  const path = join(folder.path, 'ffmpeg');
  writeFileSync(path, '#!/bin/sh\necho asked >> "$0.calls"\ncat > "$0.in"\necho a picture\n', { mode: 0o755 });
  previews = new DvrPreviews(() => Promise.resolve({ path, version: 'none', foundBy: 'system', constantRateOptions: [] }));
});

afterEach(() => folder.remove());

function timesMade(): number {
  return readFileSync(join(folder.path, 'ffmpeg.calls'), 'utf8').trim().split('\n').length;
}

it('RC9: a crowd that points at the same place costs one sheet, and everybody gets it', async () => {
  const { live, begin, publish } = openStream(folder.path);
  begin();
  publish(60);
  const looks = await Promise.all(Array.from({ length: 30 }, () => previews.get(live, FIRST_SHEET)));
  expect(looks.map((look) => look?.jpeg.toString())).toEqual(looks.map(() => 'a picture\n'));
  expect(timesMade()).toBe(1);
  expect(await previews.get(live, FIRST_SHEET)).toBe(looks[0]);
  expect(timesMade()).toBe(1);
  publish(60);
  const later = await Promise.all(Array.from({ length: 30 }, () => previews.get(live, FIRST_SHEET)));
  expect(new Set(later).size).toBe(1);
  expect(later[0]).not.toBe(looks[0]);
  expect(timesMade()).toBe(2);
  live.close();
});
