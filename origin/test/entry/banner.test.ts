import { isStreamLink, parseStreamLink } from '@p2ptv/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { banner, type BannerFacts } from '../../src/entry/banner.js';
import { publisher } from '../package/stream-fixture.js';
import { openOrigin, type TestOrigin } from '../publish/server-fixture.js';

let opened: TestOrigin;
beforeAll(async () => {
  opened = await openOrigin();
});
afterAll(() => opened.close());

type Wanted = Partial<BannerFacts['options']> & { adminPassword?: string; rtmpPort?: number; trackers?: readonly string[]; networkAddresses?: readonly string[] };

function printed({ adminPassword, rtmpPort, trackers = [], networkAddresses = ['192.0.2.7', '198.51.100.7'], ...options }: Wanted): string {
  const channel = { published: opened.published, settings: channelSettingsSchema.parse({ slug: 'main' }) };
  const origin = { channels: { list: () => [channel] }, publisher, port: 8080, scheme: 'http', trackers, rtmpPort };
  return banner({ origin, options: { slug: 'main', host: undefined, 'public-url': undefined, 'rtmp-port': 1935, ...options }, streamKeys: new Map([['main', 'key']]), adminPassword, networkAddresses });
}

it.each<[string, Wanted, string]>([
  ['the public URL', { 'public-url': 'https://tv.example' }, 'https://tv.example'],
  ['else the first address on the network', {}, 'http://192.0.2.7:8080'],
  ['the same when all IPv4 addresses are listened on', { host: '0.0.0.0' }, 'http://192.0.2.7:8080'],
  ['without a network this machine', { networkAddresses: [] }, 'http://localhost:8080'],
  ['listening on loopback this machine', { host: '127.0.0.1' }, 'http://localhost:8080'],
  ['listening on one address that one', { host: '198.51.100.7' }, 'http://198.51.100.7:8080'],
  ['in brackets where it is IPv6', { host: '2001:db8::7' }, 'http://[2001:db8::7]:8080'],
])('the link names what others can reach: %s', (_what, wanted, base) => {
  const link = parseStreamLink(/magnet:\S+/.exec(printed(wanted))?.[0] ?? '');
  if (!isStreamLink(link)) throw new Error(link.problem);
  expect(link).toMatchObject({ origins: [`${base}/live/main`], trackers: [base] });
});

it('the link names trackers that run by themselves', () => {
  const trackers = ['https://tracker.example'];
  expect(parseStreamLink(/magnet:\S+/.exec(printed({ trackers }))?.[0] ?? '')).toMatchObject({ trackers });
});

it.each<[string, Wanted, RegExp]>([
  ['the port that it listens on, not the one asked for', { rtmpPort: 40_000, 'rtmp-port': 0 }, /RTMP +rtmp:\/\/192\.0\.2\.7:40000\/live$/m],
  ['with another input that it is off', {}, /RTMP +off: listens only with --input rtmp, at rtmp:\/\/192\.0\.2\.7:1935\/live$/m],
  ['and no port that nobody knows', { 'rtmp-port': 0 }, /RTMP +off: listens only with --input rtmp$/m],
])('RTMP: %s', (_what, wanted, line) => {
  expect(printed(wanted)).toMatch(line);
});

it('tells where to administer, and the password when it has just been made', () => {
  expect(printed({ host: '127.0.0.1' })).toMatch(/Administer +http:\/\/localhost:8080\/admin$/m);
  expect(printed({})).not.toContain('password');
  expect(printed({ adminPassword: 'abcd-efgh' })).toMatch(/password +abcd-efgh +shown this once; to set another: npm run set-password$/m);
});

it('of a list of channels each has its lines, and a stream key only when it has just been made', () => {
  const channels = [
    { published: opened.published, settings: channelSettingsSchema.parse({ slug: 'news', title: 'The news', input: 'rtmp' }) },
    { published: opened.published, settings: channelSettingsSchema.parse({ slug: 'camera', input: 'srt:9001' }) },
    { published: opened.published, settings: channelSettingsSchema.parse({ slug: 'desk', input: 'whip' }) },
    { published: opened.published, settings: channelSettingsSchema.parse({ slug: 'later' }) },
  ];
  const origin = { channels: { list: () => channels }, publisher, port: 8080, scheme: 'http', trackers: [], rtmpPort: 1935 };
  const options = { slug: 'main', host: '127.0.0.1', 'public-url': undefined, 'rtmp-port': 1935, channels: channels.map(({ settings }) => settings) };
  const text = banner({ origin, options, streamKeys: new Map([['news', 'a-new-key']]), networkAddresses: [] });
  expect(text.match(/^ {2}(\S+( \S+)*)/gm)!.map((name) => name.trim().split(/ {2}/)[0])).toEqual([
    ...['Watch', 'RTMP', 'Administer'],
    ...['news', 'Watch', 'HLS', 'stream key', 'Link'],
    ...['camera', 'Watch', 'HLS', 'SRT', 'Link'],
    ...['desk', 'Watch', 'HLS', 'Studio', 'WHIP', 'Link'],
    ...['later', 'Watch', 'HLS', 'input', 'Link'],
  ]);
  expect(text).toMatch(/news +The news\n +Watch +http:\/\/localhost:8080\/watch\/news\n +HLS +http:\/\/localhost:8080\/live\/news\/index\.m3u8\n +stream key +a-new-key \(made now, and not shown again\)\n/);
  expect(text).toMatch(/SRT +srt:\/\/localhost:9001$/m);
  expect(text).toMatch(/Studio +http:\/\/localhost:8080\/studio\/desk\n +WHIP +http:\/\/localhost:8080\/whip\/desk$/m);
  expect(text).toMatch(/input +none: it shows nothing/);
});
