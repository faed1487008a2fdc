import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { ViewerTokens } from '../../src/access/viewer-tokens.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { buildCommand, startCommand, type RunningCommand } from './command.js';

/** What strangers try on an origin, each beside a channel that is live. */
const WAIT = { timeout: 40_000, interval: 20 };
const PASSWORD = 'a password for tests';
const HOUR_MS = 3_600_000;
/** How long the next part may take to come, ms: it is due each 200 ms; a busy machine is late. */
const NEXT_PART_MS = 5_000;
const LOGINS = 1_000;

let folder: ReturnType<typeof temporaryFolder>;
let command: RunningCommand;
let startOrigin: () => RunningCommand;
let base: string;
let port: number;
let rtmpPort: number;

beforeAll(async () => {
  buildCommand();
  folder = temporaryFolder();
  const data = join(folder.path, 'data');
  mkdirSync(data);
  rtmpPort = await freePort();
  const config = join(folder.path, 'p2ptv.yaml');
  writeFileSync(
    config,
    'channels:\n  - slug: main\n    input: testcard\n    ladder: 180\n  - slug: obs\n    input: rtmp\n    stream-key: the-right-key\n  - slug: cam\n    input: whip\n    stream-key: another-right-key\n  - slug: club\n    private: true\n',
  );
  const setting = startCommand(['admin', 'set-password', '--data', data], {}, 'pipe');
  setting.child.stdin!.end(PASSWORD);
  expect(await setting.exit).toBe(0);
  startOrigin = () => startCommand(['start', '--config', config, '--host', '127.0.0.1', '--port', '0', '--rtmp-port', String(rtmpPort), '--data', data, '--max-upload-mb', '1', '--log-format', 'json']);
  await start();
}, 60_000);

afterAll(async () => {
  command.child.kill('SIGKILL');
  await command.exit;
  folder.remove();
});

/** Starts the origin, and waits until its channel is live. */
async function start(): Promise<void> {
  command = startOrigin();
  await vi.waitUntil(() => /ready on port (\d+)/.test(command.output()), WAIT);
  port = Number(/ready on port (\d+)/.exec(command.output())![1]);
  base = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect(await (await fetch(`${base}/live/main/index.m3u8`)).text()).toContain('#EXTM3U'), WAIT);
}

/** The log's lines at `warn` and above since an output of that length. They come by a pipe of their own, and may be later than its answers. */
function warnings(since: number): string[] {
  return command.output().slice(since).split('\n').flatMap((line) => (line.endsWith('}') && Number(/"level":(\d+)/.exec(line)?.[1]) >= 40 ? [(JSON.parse(line) as { msg: string }).msg] : []));
}

/** Fails unless the live channel's next part is published in time. */
async function expectLive(): Promise<void> {
  const newest = async (): Promise<number> => {
    const stats = (await (await fetch(`${base}/api/stats`)).json()) as { streams: { slug: string; lastSequence: number }[] };
    return stats.streams.find(({ slug }) => slug === 'main')!.lastSequence;
  };
  const before = await newest();
  const answer = await fetch(`${base}/live/main/0/part-${before + 1}.m4s`, { signal: AbortSignal.timeout(NEXT_PART_MS) });
  expect(answer.status).toBe(200);
}

/** A request with a path that fetch would tidy up first. */
function rawStatus(path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (answer: IncomingMessage) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('strangers beside a live channel', () => {
  it('a wrong stream key, over RTMP and WHIP: sent away, with a line', async () => {
    const since = command.output().length;
    const { path } = await locateFfmpeg();
    const publishing = promisify(execFile)(path, ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=s=64x64:r=10:d=20', '-c:v', 'libx264', '-f', 'flv', `rtmp://127.0.0.1:${rtmpPort}/live/the-wrong-key`]);
    await expect(publishing).rejects.toThrow();
    const whip = await fetch(`${base}/whip/cam`, { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: 'Bearer the-wrong-key' }, body: 'v=0\r\n' });
    expect([whip.status, ((await whip.json()) as { error: string }).error]).toEqual([401, expect.stringMatching(/\.$/)]);
    const lines = (): string => warnings(since).join('\n');
    await expect.poll(lines).toMatch(/stream key/i);
    await expect.poll(lines).toMatch(/to cam was refused/);
    expect(lines()).not.toContain('wrong-key');
    await expectLive();
  });

  it('a viewer token that has expired, is of another channel or secret, or missing: 401 or 403, with a line', async () => {
    const since = command.output().length;
    const secret = Buffer.from(readFileSync(join(folder.path, 'data/viewer-token.key'), 'utf8').trim());
    const tokens = new ViewerTokens(secret, Date.now);
    const others = new ViewerTokens(Buffer.alloc(32, 7), Date.now);
    const status = async (token: string): Promise<number> => (await fetch(`${base}/live/club/index.m3u8?token=${token}`)).status;
    expect((await fetch(`${base}/live/club/index.m3u8`)).status).toBe(401);
    expect(await status(await tokens.issue('club', { lifetimeMs: -1000 }))).toBe(401);
    expect(await status(await tokens.issue('main', { lifetimeMs: HOUR_MS }))).toBe(403);
    expect(await status(await others.issue('club', { lifetimeMs: HOUR_MS }))).toBe(403);
    expect((await fetch(`${base}/api/streams/club?token=${await tokens.issue('club', { lifetimeMs: HOUR_MS })}`)).status).toBe(200);
    await expect.poll(() => warnings(since).filter((line) => /Refused \(40[13]\): GET \/live\/club/.test(line))).toHaveLength(4);
    await expectLive();
  });

  it.each([
    '/../../../../etc/passwd',
    '/assets/../../../../../../etc/passwd',
    '/assets/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/live/..%2f..%2fdata/publisher.key',
    '/live/main/0/..%2f..%2fpublisher.key',
    '/live/main/init-..%2f..%2f..%2fpublisher.key.mp4',
    '/live/main/0/part-%2e%2e.m4s',
    '/api/recordings/..%2f..%2fpublisher/thumbnail.jpg',
    '/api/recordings/%00/thumbnail.jpg',
    `/live/${'a'.repeat(4000)}/index.m3u8`,
  ])('a path that leads elsewhere, %s: nothing is there', async (path) => {
    expect(await rawStatus(path)).toBeGreaterThanOrEqual(400);
    expect(await rawStatus(path)).toBeLessThan(500);
  });

  it('names with tricks, given by who has logged in: taken as names, and nothing is written elsewhere', async () => {
    const before = readdirSync(folder.path);
    const cookie = await logIn();
    const made = await fetch(`${base}/api/admin/channels`, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify({ slug: '../../evil' }) });
    expect(made.status).toBe(400);
    const sent = await fetch(`${base}/api/admin/recordings?name=${encodeURIComponent('../../../evil.mp4')}`, { method: 'POST', headers: { cookie }, body: 'no film' });
    expect([sent.status, ((await sent.json()) as { error: string }).error]).toEqual([422, expect.stringContaining('"../../../evil.mp4" cannot be played')]);
    expect(readdirSync(folder.path)).toEqual(before);
    expect(readdirSync(join(folder.path, 'data/uploads'))).toEqual([]);
    await expectLive();
  });

  it('huge bodies: refused before they are taken, with a line; none is kept', async () => {
    const since = command.output().length;
    // It says how much will come, and is refused before it does.
    const post = (path: string, headers: Record<string, string> = {}): Promise<number> =>
      new Promise((resolve, reject) => {
        const sending = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': '5000000', ...headers } }, ({ statusCode = 0 }) => {
          sending.destroy();
          resolve(statusCode);
        });
        sending.on('error', reject);
        sending.write(Buffer.alloc(10_000, 'x'));
      });
    expect(await post('/api/admin/session')).toBe(413);
    const cookie = await logIn();
    expect(await post('/api/admin/channels', { cookie })).toBe(413);
    expect(await post('/api/admin/recordings?name=a.mp4', { cookie })).toBe(413);
    expect(await post('/whip/cam', { 'content-type': 'application/sdp', authorization: 'Bearer x' })).toBe(413);
    await expect.poll(() => warnings(since).filter((line) => line.includes('Refused (413)')).length).toBeGreaterThanOrEqual(3);
    expect(readdirSync(join(folder.path, 'data/uploads'))).toEqual([]);
    await expectLive();
  });

  it('bytes that are no HTTP, and heads without end: closed', async () => {
    for (const bytes of ['\x16\x03\x01\x00\xa5\x01', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`]) {
      const answer = await new Promise<string>((resolve) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('data', (received) => (text += received.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    await expectLive();
  });

  it('killed while a film comes: the next start has nothing of it', async () => {
    const headers = { cookie: await logIn(), 'content-length': '900000' };
    const sending = httpRequest({ host: '127.0.0.1', port, path: '/api/admin/recordings?name=film.mp4', method: 'POST', headers });
    sending.on('error', () => undefined);
    sending.write(Buffer.alloc(100_000, 1));
    const uploads = join(folder.path, 'data/uploads');
    await vi.waitUntil(() => readdirSync(uploads).some((name) => statSync(join(uploads, name)).size === 100_000), WAIT);
    command.child.kill('SIGKILL');
    await command.exit;
    await start();
    expect(existsSync(uploads)).toBe(false);
    await expectLive();
  }, 60_000);

  it(`${LOGINS} logins in a minute: ten are looked at, the rest refused with 429 and one line, and parts come meanwhile`, async () => {
    const since = command.output().length;
    const statuses = new Map<number, number>();
    const flood = (async () => {
      for (let sent = 0; sent < LOGINS; sent += 50) {
        await Promise.all(
          Array.from({ length: 50 }, async () => {
            const { status } = await fetch(`${base}/api/admin/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"password":"guess"}' });
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          }),
        );
        await expectLive();
      }
    })();
    await flood;
    expect(statuses.get(429)).toBeGreaterThanOrEqual(LOGINS - 10);
    expect(statuses.get(200)).toBeUndefined();
    await expect.poll(() => warnings(since).filter((line) => line.startsWith('Refused (429)'))).toHaveLength(1);
  }, 60_000);

  it('is none the worse for all that', async () => {
    expect(command.child.exitCode).toBeNull();
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    await expectLive();
    expect(command.output()).not.toContain('"level":50');
    expect(command.errors()).toBe('');
  });
});

/** The command does not tell which it took. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}

async function logIn(): Promise<string> {
  const answer = await fetch(`${base}/api/admin/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ password: PASSWORD }) });
  expect(answer.status).toBe(200);
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}
