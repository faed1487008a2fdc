import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { LiveStream } from '../../src/package/live-stream.js';
import { DvrPreviews, type DvrSheet } from '../../src/publish/dvr-previews.js';
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

async function look(live: LiveStream): Promise<DvrSheet> {
  const sheet = await previews.get(live, FIRST_SHEET);
  if (sheet === undefined || sheet === 'busy') throw new Error(`There is no sheet (${sheet}).`);
  return sheet;
}

it('RC9: a crowd that points at the same place costs one sheet, and everybody gets it', async () => {
  const { live, begin, publish } = openStream(folder.path);
  begin();
  publish(60);
  const looks = await Promise.all(Array.from({ length: 30 }, () => look(live)));
  expect(looks.map(({ jpeg }) => jpeg.toString())).toEqual(looks.map(() => 'a picture\n'));
  expect(timesMade()).toBe(1);
  expect(await look(live)).toBe(looks[0]);
  expect(timesMade()).toBe(1);
  publish(60);
  const later = await Promise.all(Array.from({ length: 30 }, () => look(live)));
  expect(new Set(later).size).toBe(1);
  expect(later[0]).not.toBe(looks[0]);
  expect(timesMade()).toBe(2);
  live.close();
});

it('RC9: who looks at one while eight others are made is to ask again, and gets it then', async () => {
  const { live, begin, publish } = openStream(folder.path);
  begin();
  publish(60);
  // Those before it have no pictures, but are in line all the same.
  const others = Array.from({ length: 8 }, (_, index) => previews.get(live, FIRST_SHEET - 1 - index));
  expect(await previews.get(live, FIRST_SHEET)).toBe('busy');
  expect(await Promise.all(others)).toEqual(others.map(() => undefined));
  expect((await look(live)).jpeg.toString()).toBe('a picture\n');
  live.close();
});
