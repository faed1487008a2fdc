import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { resolveStartOptions } from '../../src/entry/start-options.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const folder = temporaryFolder();
const config = join(folder.path, 'conf', 'p2ptv.yaml');
beforeAll(() => {
  mkdirSync(join(folder.path, 'conf'));
  writeFileSync(config, 'port: 9000\npart-ms: 500\nclock: true\ndata: ../data\ninput: clips/a.mp4\ntitle: From the file\n');
});
afterAll(() => folder.remove());

it('without anything the defaults of the design hold', () => {
  expect(resolveStartOptions({})).toMatchObject({
    input: { kind: 'clip' },
    clock: false,
    'part-ms': 200,
    'segment-ms': 2000,
    port: 8080,
    'rtmp-port': 1935,
    data: './data',
    slug: 'main',
    'log-level': 'info',
  });
});

it('an uplink has a limit only if one is named, of at least half a megabit', () => {
  expect(resolveStartOptions({})['uplink-kbps']).toBeUndefined();
  expect(resolveStartOptions({ uplinkKbps: '20000' })['uplink-kbps']).toBe(20_000);
  expect(() => resolveStartOptions({ uplinkKbps: '499' })).toThrow('--uplink-kbps');
});

it.each([
  ['720,480,240', [720, 480, 240]],
  ['360', [360]],
  [[720, 240], [720, 240]],
  [480, [480]],
  ['source', 'source'],
])('--ladder %s', (given, ladder) => {
  expect(resolveStartOptions({ ladder: given }).ladder).toEqual(ladder);
});

it.each(['', '240,480', '480,480', '32', 'source,240', '9,8,7,6,5,4,3,2,1'])('refuses --ladder %s', (ladder) => {
  expect(() => resolveStartOptions({ ladder })).toThrow('--ladder must be up to 8 heights');
});

it('no clock is drawn into what is passed on as it comes', () => {
  expect(() => resolveStartOptions({ ladder: 'source', clock: true })).toThrow('--clock cannot be drawn');
});

it('a height is a ladder of one: both contradict each other', () => {
  expect(() => resolveStartOptions({ ladder: '720,240', height: '360' })).toThrow('--height is a ladder of one');
});

it('a configuration file has the same names, flags win, and its relative paths are meant from where it is', () => {
  expect(resolveStartOptions({ config, partMs: '200', port: '0' })).toMatchObject({
    port: 0,
    'part-ms': 200,
    clock: true,
    data: join(folder.path, 'data'),
    input: { kind: 'file', path: join(folder.path, 'conf', 'clips', 'a.mp4') },
    title: 'From the file',
  });
});

it.each([
  ['testcard', { kind: 'testcard' }],
  ['rtmp', { kind: 'rtmp' }],
  ['none', { kind: 'none' }],
  ['movie.mkv', { kind: 'file', path: 'movie.mkv' }],
  ['C:\\movie.mkv', { kind: 'file', path: 'C:\\movie.mkv' }],
])('--input %s', (input, choice) => {
  expect(resolveStartOptions({ input }).input).toEqual(choice);
});

it.each<[string, Record<string, unknown>, string[]]>([
  ['none', {}, []],
  ['given twice', { tracker: ['http://one.example:8090/', 'https://two.example'] }, ['http://one.example:8090', 'https://two.example']],
  ['with a comma', { tracker: ['http://one.example,https://two.example'] }, ['http://one.example', 'https://two.example']],
])('--tracker: %s', (_what, flags, trackers) => {
  expect(resolveStartOptions(flags).tracker).toEqual(trackers);
});

it('STUN servers come from the file as a text or a list', () => {
  for (const [written, read] of [
    ['stun:a.example:3478', ['stun:a.example:3478']],
    ['[stun:a.example:3478, "stuns:b.example"]', ['stun:a.example:3478', 'stuns:b.example']],
  ] as const) {
    const file = join(folder.path, 'stun.yaml');
    writeFileSync(file, `stun: ${written}\n`);
    expect(resolveStartOptions({ config: file }).stun).toEqual(read);
  }
});

it('a public URL loses its closing slash', () => {
  expect(resolveStartOptions({ publicUrl: 'https://tv.example.org/' })['public-url']).toBe('https://tv.example.org');
});
