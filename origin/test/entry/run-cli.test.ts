import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { packagedFfmpegPath } from '../../src/encode/ffmpeg-location.js';
import { runCli } from '../../src/entry/run-cli.js';
import { DataFolder } from '../../src/server/data-folder.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const busy = createServer();
const busyUdp = createSocket('udp4');
let busyPort = 0;
let busyUdpPort = 0;

beforeAll(async () => {
  writeFileSync(at('broken.mp4'), 'this is no video');
  writeFileSync(at('empty.mp4'), '');
  writeFileSync(at('unknown.yaml'), 'prot: 8080\n');
  writeFileSync(at('wrong.yaml'), 'port: many\n');
  writeFileSync(at('list.yaml'), '- port\n');
  writeFileSync(at('broken.yaml'), 'port: [1\n');
  writeFileSync(at('no.pem'), 'no certificate');
  for (const name of ['short-key', 'loose-key', 'bad-stream-key']) mkdirSync(at(name));
  writeFileSync(at('short-key/publisher.key'), 'short', { mode: 0o600 });
  writeFileSync(at('loose-key/publisher.key'), Buffer.alloc(32));
  chmodSync(at('loose-key/publisher.key'), 0o644);
  writeFileSync(at('bad-stream-key/stream.key'), 'a b', { mode: 0o600 });
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  busyPort = (busy.address() as AddressInfo).port;
  await new Promise<void>((resolve) => busyUdp.bind(0, '127.0.0.1', resolve));
  busyUdpPort = busyUdp.address().port;
});
afterAll(() => {
  busy.close();
  busyUdp.close();
  folder.remove();
});
afterEach(() => vi.unstubAllEnvs());

async function run(args: readonly string[], typed?: string): Promise<{ code: number; errors: string; output: string }> {
  const written = { errors: '', output: '' };
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.errors += String(text);
    return true;
  });
  const output = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.output += String(text);
    return true;
  });
  try {
    const code = await runCli(args, typed);
    return { code, ...written };
  } finally {
    errors.mockRestore();
    output.mockRestore();
  }
}

const start = (...args: string[]): string[] => ['start', '--log-level', 'silent', '--port', '0', '--data', at('data'), ...args];

describe('what is wrong is said in one sentence', () => {
  it.each<[string, () => string[], number, RegExp]>([
    ['an unknown option', () => ['--bogus'], 2, /^Unknown option '--bogus': see --help\.$/],
    ['a mistyped option', () => ['start', '--prot', '80'], 2, /Did you mean --port\?/],
    ['an unknown command', () => ['publish'], 2, /^There is no command "publish"/],
    ['an argument too many', () => ['start', 'now'], 2, /^Too many arguments/],
    ['a missing value', () => ['start', '--port'], 2, /argument missing/],
    ['a port that is none', () => start('--port', 'http'), 2, /^--port must be a whole number from 0 to 65535, not "http"\.$/],
    ['a port out of range', () => start('--port', '65536'), 2, /^--port must be/],
    ['a part that is too short', () => start('--part-ms', '10'), 2, /^--part-ms must be a whole number from 50 to 2000/],
    ['parts that no peer takes', () => start('--video-kbps', '20000', '--part-ms', '2000'), 2, /makes parts above 4 MiB/],
    ['a slug that cannot stand in an URL', () => start('--slug', 'A b'), 2, /^--slug must be/],
    ['a log level that is none', () => start('--log-level', 'loud'), 2, /^--log-level must be/],
    ['a public URL that is none', () => start('--public-url', 'ftp://x'), 2, /^--public-url must be an address/],
    ['a tracker that is no address', () => start('--tracker', 'http://a.example', '--tracker', 'udp://b.example'), 2, /^--tracker must be an address/],
    ['a tracker with a password', () => start('--tracker', 'http://me:secret@a.example'), 2, /^--tracker must be an address/],
    ['too many trackers', () => start('--tracker', Array(9).fill('http://a.example').join(',')), 2, /^--tracker must not name more than 8/],
    ['a STUN server that is none', () => start('--stun', 'a.example:3478'), 2, /^--stun must be a STUN server such as stun:host:3478, not "a\.example:3478"\.$/m],
    ['a STUN server for a tracker that runs by itself', () => start('--tracker', 'http://a.example', '--stun', 'stun:a.example'), 2, /^--stun is for the embedded tracker/],
    ['an input that is no address to pull from', () => start('--input', 'hls:tv'), 2, /^--input must name the playlist/],
    ['an input of another kind', () => start('--input', 'rtsp://camera/1'), 2, /^--input cannot be rtsp: give a file/],
    ['a passphrase that is too short for SRT', () => start('--input', 'srt', '--srt-passphrase', 'short'), 2, /^--srt-passphrase must have 10 to 79 characters/],
    ['a certificate without a key', () => start('--tls-cert', at('no.pem')), 2, /belong together/],
    ['a configuration file that is missing', () => start('--config', at('none.yaml')), 1, /^The configuration file .* does not exist/],
    ['one with an unknown setting', () => start('--config', at('unknown.yaml')), 2, /prot is no setting/],
    ['one with a bad value', () => ['start', '--config', at('wrong.yaml')], 2, /wrong\.yaml: port must be a whole number/],
    ['one that is a list', () => start('--config', at('list.yaml')), 2, /must hold settings/],
    ['one that is no YAML', () => start('--config', at('broken.yaml')), 2, /is no valid YAML/],
    ['an input that is missing', () => start('--input', at('none.mp4')), 1, /^The input file .* does not exist: check its path\.$/],
    ['an input that is a folder', () => start('--input', folder.path), 1, /is a folder/],
    ['an input that is broken', () => start('--input', at('broken.mp4')), 1, /broken\.mp4 .*\.$/],
    ['an input that is empty', () => start('--input', at('empty.mp4')), 1, /empty\.mp4 .*\.$/],
    ['a certificate that is missing', () => start('--tls-cert', at('none'), '--tls-key', at('none')), 1, /does not exist: check --tls-cert/],
    ['a certificate that is none', () => start('--tls-cert', at('no.pem'), '--tls-key', at('no.pem')), 1, /no certificate and its key/],
    ['a data folder that is a file', () => ['start', '--data', at('broken.mp4')], 1, /a file is in the way of a folder/],
    ['a publisher key of the wrong length', () => start('--data', at('short-key'), '--input', 'none'), 1, /must hold 32 bytes, not 5/],
    ['a publisher key that others may read', () => start('--data', at('loose-key'), '--input', 'none'), 1, /run chmod 600/],
    ['a stream key that is none', () => start('--data', at('bad-stream-key'), '--input', 'none'), 1, /stream\.key must hold/],
    ['a port in use', () => start('--input', 'none', '--host', '127.0.0.1', '--port', String(busyPort)), 1, /^Port \d+ is in use: .* --port\.$/],
    ['an RTMP port in use', () => start('--data', at('data'), '--input', 'rtmp', '--host', '127.0.0.1', '--rtmp-port', String(busyPort)), 1, /^RTMP port \d+ is in use/],
    ['an SRT port in use', () => start('--data', at('data'), '--input', `srt:${busyUdpPort}`, '--host', '127.0.0.1'), 1, /^SRT port \d+ is in use/],
    ['an address that is not here', () => start('--data', at('data'), '--input', 'none', '--host', '203.0.113.9'), 1, /check --host\.$/],
    ['heights that are none', () => start('--ladder', '1'), 2, /^--ladder must be up to 8 heights .* such as 720,480,240, or source, not "1"\.$/],
    ['a film at heights that are none', () => ['add', at('empty.mp4'), '--ladder', '1'], 2, /^--ladder must be up to 8 heights .* such as 720,480,240: see --help\.$/],
    ['a film as it comes', () => ['add', at('empty.mp4'), '--ladder', 'source'], 2, /^--ladder must be up to 8 heights .* such as 720,480,240: see --help\.$/],
    ['seeding without a link', () => ['seed'], 2, /^Missing required argument 'link'/],
    ['seeding what is no link', () => ['seed', 'tv'], 2, /^A link starts with magnet/],
    ['seeding at no rate', () => ['seed', 'tv', '--upload-kbps', '0'], 2, /^--upload-kbps must be/],
  ])('%s', async (_what, args, code, sentence) => {
    const result = await run(args());
    expect(result.errors.trimEnd()).toMatch(sentence);
    expect(result.errors.trimEnd().split('\n')).toHaveLength(1);
    expect(result.code).toBe(code);
  });

  it.runIf(packagedFfmpegPath() !== undefined)('SRT with an ffmpeg that knows none', async () => {
    vi.stubEnv('P2PTV_FFMPEG', packagedFfmpegPath());
    const result = await run(start('--data', at('data'), '--input', 'srt', '--host', '127.0.0.1'));
    expect(result.errors).toMatch(/^The ffmpeg at .* knows no SRT: install one that was built with libsrt .*P2PTV_FFMPEG\.\n$/);
    expect(result.code).toBe(1);
  });

  it('no encoder', async () => {
    vi.stubEnv('P2PTV_FFMPEG', at('none'));
    const result = await run(start('--data', at('data'), '--input', 'testcard'));
    expect(result.errors).toMatch(/^No ffmpeg here encodes H\.264 and AAC .*\.\n$/);
    expect(result.code).toBe(1);
  });

  it('a data folder that another origin uses', async () => {
    const other = await DataFolder.open(at('data'));
    const result = await run(start('--data', at('data'), '--input', 'none'));
    other.close();
    expect(result.errors).toMatch(/^Another origin is using the data folder .*: stop it, or choose another with --data\.\n$/);
    expect(result.code).toBe(1);
  });
});

it('help names every setting, and is no failure', async () => {
  const result = await run(['start', '--help']);
  expect(result.code).toBe(0);
  for (const flag of ['--input', '--clock', '--part-ms', '--segment-ms', '--port', '--data', '--config', '--tls-cert', '--public-url']) {
    expect(result.output).toContain(flag);
  }
});

it.each([
  [['start'], 'npm start --', '[options]'],
  [['seed'], 'npm run seed --', '[options] <link>'],
  [['add'], 'npm run add --', '[options] <file>'],
  [['admin', 'set-password'], 'npm run set-password --', '[options]'],
])('help of %j says what was typed', async (command, typed, rest) => {
  expect((await run([...command, '--help'], typed)).output).toContain(`Usage: ${typed} ${rest}\n`);
  expect((await run([...command, '--help'])).output).toContain(`Usage: p2ptv ${command.join(' ')} ${rest}\n`);
});

it('keys are made once, for the owner alone', async () => {
  await run(start('--data', at('keys'), '--input', 'none', '--host', '203.0.113.9'));
  for (const name of ['publisher.key', 'stream.key']) expect(statSync(at(`keys/${name}`)).mode & 0o777).toBe(0o600);
  expect(statSync(at('keys/publisher.key')).size).toBe(32);
});
