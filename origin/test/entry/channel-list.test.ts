import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { hashStreamKey } from '../../src/channel/stream-key.js';
import { resolveStartOptions, type StartOptions } from '../../src/entry/start-options.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const config = join(folder.path, 'p2ptv.yaml');

function read(yaml: string, flags: Record<string, unknown> = {}): StartOptions {
  writeFileSync(config, yaml);
  return resolveStartOptions({ config, ...flags });
}

it('a file lists channels: names with hyphens, shared settings hold for who does not say otherwise, a key is kept as its hash', () => {
  const { channels, port } = read(
    `
port: 9000
part-ms: 500
ladder: 480,240
dvr-minutes: 30
channels:
  - slug: news
    title: The news
    description: All day.
    tags: [news, de]
    input: rtmp
    stream-key: a-key-of-its-own
    part-ms: 200
  - slug: camera
    input: srt:9001
    srt-passphrase: long enough
    srt-latency-ms: 300
    private: true
    height: 180
  - slug: film
    input: films/a.mp4
`,
    { videoKbps: '900' },
  );
  expect(port).toBe(9000);
  expect(channels).toMatchObject([
    { slug: 'news', title: 'The news', description: 'All day.', tags: ['news', 'de'], input: { kind: 'rtmp' }, partMs: 200, dvrMinutes: 30, ladder: [480, 240], streamKeyHash: hashStreamKey('a-key-of-its-own'), videoKbps: 900, isPrivate: false },
    { slug: 'camera', title: 'camera', input: { kind: 'srt', port: 9001 }, srtPassphrase: 'long enough', srtLatencyMs: 300, isPrivate: true, partMs: 500, height: 180 },
    { slug: 'film', input: { kind: 'file', path: join(folder.path, 'films', 'a.mp4') }, partMs: 500 },
  ]);
  expect(channels![1]!.ladder).toBeUndefined();
  expect(JSON.stringify(channels)).not.toContain('a-key-of-its-own');
});

it('without a list there is one channel, of the other settings', () => {
  expect(read('title: Mine\n').channels).toBeUndefined();
});

it.each<[string, string, RegExp]>([
  ['no list', 'channels: news\n', /: channels must be a list of channels\.$/],
  ['an empty list', 'channels: []\n', /: channels must name a channel\.$/],
  ['channels that are no settings', 'channels: [news]\n', /: channels must be settings, one "name: value" a line\.$/],
  ['a channel without a slug', 'channels: [{ title: News }]\n', /: channel 1: slug is missing\.$/],
  ['a slug that cannot stand in an URL', 'channels: [{ slug: ../etc }]\n', /: channel \.\.\/etc: slug must be a–z, 0–9 and inner hyphens, not "\.\.\/etc"\.$/],
  ['a setting that there is not', 'channels: [{ slug: a, prt-ms: 5 }]\n', /: channel a: prt-ms is no setting of a channel\.$/],
  ['a setting out of range', 'channels: [{ slug: a, part-ms: 5 }]\n', /: channel a: part-ms must be a whole number from 50 to 2000, not 5\.$/],
  ['a setting of the whole origin', 'channels: [{ slug: a, port: 80 }]\n', /: channel a: port is no setting of a channel\.$/],
  ['a stream key that is too short, which is not repeated', 'channels: [{ slug: a, stream-key: short }]\n', /: channel a: stream-key must be 8 to 128 letters, digits, - or _\.$/],
  ['a passphrase that is too short, which is not repeated', 'channels: [{ slug: a, srt-passphrase: short }]\n', /: channel a: srt-passphrase must have 10 to 79 characters\.$/],
  ['parts that no peer takes', 'channels: [{ slug: a, video-kbps: 20000, part-ms: 2000 }]\n', /: channel a: video-kbps of 20000 in parts of 2000 ms makes parts above 4 MiB/],
  ['two of a name', 'channels: [{ slug: a }, { slug: a }]\n', /: two channels have the slug a\.$/],
  ['two with a key', 'channels: [{ slug: a, stream-key: same-key-1 }, { slug: b, stream-key: same-key-1 }]\n', /: the channel b has the stream-key of another/],
  ['two on an SRT port', 'channels: [{ slug: a, input: srt }, { slug: b, input: "srt:8890" }]\n', /: two channels listen on SRT port 8890/],
  ['two from standard input', 'channels: [{ slug: a, input: "-" }, { slug: b, input: "-" }]\n', /: two channels have - as input/],
  ['the input of a single channel', 'input: testcard\nchannels: [{ slug: a }]\n', /: input is for one channel/],
])('refuses %s', (_what, yaml, problem) => {
  expect(() => read(yaml)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(problem) as unknown }) as Error);
});

it('refuses a flag that is for one channel', () => {
  expect(() => read('channels: [{ slug: a }]\n', { title: 'Mine' })).toThrow(/^--title is for one channel/);
});
