import { createHmac } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import type { StartTimer } from '../../src/encode/start-timer.js';
import { hookTargetSchema } from '../../src/hooks/hook-target.js';
import { Hooks, SIGNATURE_HEADER, type HookEvent } from '../../src/hooks/hooks.js';
import { openAdministration } from '../admin/admin-fixture.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const SECRET = 'a secret';
const AT_MS = 1_700_000_000_000;
const EVENT: HookEvent = { event: 'publish', channel: { slug: 'main', streamId: '0'.repeat(40), title: 'Main' }, at: '2026-11-21T12:00:00.000Z' };

type Call = { readonly body: string; readonly headers: IncomingMessage['headers'] };

/** Somebody who is called, and answers by a list, then with 204. */
async function startReceiver(statuses: number[] = []): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      calls.push({ body, headers: request.headers });
      response.writeHead(statuses.shift() ?? 204, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=secret`, calls };
}

function openHooks(...targets: string[]): { hooks: Hooks; lines: string[]; waits: number[] } {
  const lines: string[] = [];
  const waits: number[] = [];
  // Nobody waits: what would be later is now.
  const startTimer: StartTimer = (delayMs, onTimeout) => {
    waits.push(delayMs);
    queueMicrotask(onTimeout);
    return () => undefined;
  };
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const hooks = new Hooks({ targets: targets.map((target) => hookTargetSchema.parse(target)), secret: SECRET, wallMs: () => AT_MS, logger, startTimer });
  onTestFinished(() => hooks.close());
  return { hooks, lines, waits };
}

describe('a webhook', () => {
  it('is called with the event and a signature of time and body', async () => {
    const { url, calls } = await startReceiver();
    const { hooks, lines } = openHooks(url);
    hooks.tell(EVENT);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    const [{ body, headers }] = calls as [Call];
    expect(JSON.parse(body)).toMatchObject(EVENT);
    const seconds = AT_MS / 1000;
    expect(headers[SIGNATURE_HEADER]).toBe(`t=${seconds},v1=${createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex')}`);
    expect(headers['content-type']).toBe('application/json');
    expect(lines[0]).not.toContain('secret');
  });

  it('is called again when it fails, with the same id, and given up after four times; then the next event', async () => {
    const { url, calls } = await startReceiver([500, 302, 404, 500]);
    const { hooks, lines, waits } = openHooks(url);
    hooks.tell(EVENT);
    hooks.tell({ ...EVENT, event: 'unpublish', state: 'offline' });
    await vi.waitFor(() => expect(lines).toHaveLength(5));
    expect(waits).toEqual([1_000, 10_000, 60_000]);
    const sent = calls.map(({ body }) => JSON.parse(body) as { id: string; event: string });
    expect(sent.map(({ event }) => event)).toEqual(['publish', 'publish', 'publish', 'publish', 'unpublish']);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(2);
    expect(lines.map((line) => /failed: (.*)$/.exec(line)?.[1])).toEqual([
      'it answered 500. It is tried again in 1 s.',
      'unexpected redirect. It is tried again in 10 s.',
      'it answered 404. It is tried again in 60 s.',
      'it answered 500. It is given up.',
      undefined,
    ]);
  });

  it('that is away keeps no other waiting', async () => {
    const { url, calls } = await startReceiver();
    const { hooks } = openHooks('http://127.0.0.1:1/', url);
    hooks.tell(EVENT);
    await vi.waitFor(() => expect(calls).toHaveLength(1));
  });
});

describe('a command', () => {
  it('is run with the event as argument and input, and no shell', async () => {
    const folder = temporaryFolder();
    onTestFinished(() => folder.remove());
    const program = join(folder.path, 'hook $(touch x).sh');
    writeFileSync(program, `#!/bin/sh\n{ echo "$1"; cat; } > "${join(folder.path, 'out')}"\n`);
    chmodSync(program, 0o700);
    const { hooks, lines } = openHooks(program);
    hooks.tell(EVENT);
    await vi.waitFor(() => expect(lines[0]).toContain('was told'));
    const [name, body = ''] = readFileSync(join(folder.path, 'out'), 'utf8').split('\n');
    expect(name).toBe('publish');
    expect(JSON.parse(body)).toMatchObject(EVENT);
  });

  it('that fails or is not there is a line in the log', async () => {
    const { hooks, lines } = openHooks('/bin/false', '/no/such/program');
    hooks.tell(EVENT);
    await vi.waitFor(() => expect(lines.filter((line) => line.endsWith('It is given up.'))).toHaveLength(2));
    expect(lines.join('\n')).toContain('its exit code was 1');
    expect(lines.join('\n')).toContain('failed: there is no such program.');
  });
});

it('forgets each wait for a target that is away', async () => {
  const warnings: string[] = [];
  const listen = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  const { hooks, waits, lines } = openHooks('/no/such/program');
  for (let round = 0; round < 5; round++) hooks.tell(EVENT);
  await vi.waitFor(() => expect(lines.filter((line) => line.endsWith('It is given up.'))).toHaveLength(5));
  // More than may listen to one signal without a warning of a leak.
  expect(waits).toHaveLength(15);
  expect(warnings).toEqual([]);
});

it('follows channels: who publishes, and who ends', async () => {
  const { url, calls } = await startReceiver();
  const { hooks } = openHooks(url);
  const admin = await openAdministration();
  onTestFinished(() => admin.close());
  const unfollow = hooks.follow(admin.registry);
  const { live } = admin.registry.require('main');
  const { fakeInit, fakePart } = await import('../package/stream-fixture.js');
  live.beginSession([fakeInit()]);
  live.publish(fakePart(0));
  live.end();
  await vi.waitFor(() => expect(calls).toHaveLength(2));
  expect(calls.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
    { event: 'publish', channel: { slug: 'main', streamId: live.streamId, title: 'main' } },
    { event: 'unpublish', channel: { slug: 'main' }, state: 'ended' },
  ]);
  unfollow();
});

it.each(['ftp://example.org', 'https://', ''])('%j is no hook or a program', (text) => {
  const parsed = hookTargetSchema.safeParse(text);
  if (parsed.success) expect(parsed.data.kind).toBe('command');
  else expect(parsed.error.issues[0]?.message).toMatch(/^must /);
});
