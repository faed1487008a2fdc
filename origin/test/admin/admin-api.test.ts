import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { SESSION_MS } from '../../src/admin/admin-access.js';
import { hashStreamKey } from '../../src/channel/stream-key.js';
import type { OriginStats } from '../../src/publish/origin-stats.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { openAdministration, PASSWORD, type Administration } from './admin-fixture.js';

let admin: Administration;
beforeEach(async () => {
  admin = await openAdministration();
});
afterEach(() => admin.close());

/** Somebody who has logged in. */
async function loggedIn(): Promise<void> {
  await admin.access.setPassword(PASSWORD);
  expect((await admin.logIn()).statusCode).toBe(200);
}

describe('login', () => {
  it('says how to set a password where there is none', async () => {
    const answer = await admin.logIn();
    expect([answer.statusCode, answer.json()]).toEqual([503, { error: 'No password is set yet: run "npm run set-password" on the server.' }]);
  });

  it('opens a session for the right password only, in a cookie that no script reads', async () => {
    await admin.access.setPassword(PASSWORD);
    expect((await admin.ask('GET', '/channels')).statusCode).toBe(401);
    const wrong = await admin.logIn('another password');
    expect([wrong.statusCode, wrong.cookies]).toEqual([401, []]);
    expect(admin.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
      'Refused (401): GET /api/admin/channels from 127.0.0.1.',
      'Refused (401): POST /api/admin/session from 127.0.0.1.',
    ]);
    const right = await admin.logIn();
    expect(right.cookies[0]).toMatchObject({ name: 'p2ptv_admin', path: '/api/admin', httpOnly: true, sameSite: 'Strict' });
    expect((await admin.ask('GET', '/channels')).statusCode).toBe(200);
    expect(JSON.stringify(admin.lines)).not.toContain(PASSWORD);
  });

  it('names an address in the log as people write it', async () => {
    await admin.server.inject({ url: '/api/admin/channels', remoteAddress: '::ffff:192.0.2.7' });
    expect(admin.lines.map(({ msg }) => msg)).toContain('Refused (401): GET /api/admin/channels from 192.0.2.7.');
  });

  it('answers whether somebody is logged in without a line about a refusal', async () => {
    await loggedIn();
    expect((await admin.ask('DELETE', '/session')).statusCode).toBe(204);
    expect((await admin.ask('GET', '/session')).statusCode).toBe(401);
    expect((await admin.ask('DELETE', '/session')).statusCode).toBe(401);
    expect(admin.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual(['Refused (401): DELETE /api/admin/session from 127.0.0.1.']);
  });

  it('ends with a logout, with time, and with another password', async () => {
    await loggedIn();
    await admin.ask('DELETE', '/session');
    expect((await admin.ask('GET', '/session')).statusCode).toBe(401);
    await admin.logIn();
    expect((await admin.ask('GET', '/session')).statusCode).toBe(204);
    admin.setWallMs(1_700_000_000_000 + SESSION_MS);
    expect((await admin.ask('GET', '/session')).statusCode).toBe(401);
    await admin.logIn();
    const change = { currentPassword: PASSWORD, newPassword: 'a better password' };
    expect((await admin.ask('PUT', '/password', { ...change, currentPassword: 'no' })).statusCode).toBe(401);
    expect((await admin.ask('PUT', '/password', { ...change, newPassword: 'short' })).json()).toEqual({ error: 'newPassword must have at least 10 characters.' });
    expect((await admin.ask('PUT', '/password', change)).statusCode).toBe(204);
    expect((await admin.ask('GET', '/session')).statusCode).toBe(401);
    expect((await admin.logIn('a better password')).statusCode).toBe(200);
  });

  it('turns away who tries a thousand passwords, with one line for it, and nobody else', async () => {
    // All in the same minute, however long they take.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    await admin.access.setPassword(PASSWORD);
    const statuses = new Map<number, number>();
    for (let index = 0; index < 1000; index++) {
      const { statusCode } = await admin.logIn(`guess ${index}`);
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 10, 429: 990 });
    expect(admin.lines.filter(({ msg }) => msg.startsWith('Refused (429)'))).toHaveLength(1);
    const answer = await admin.logIn();
    expect(answer.json()).toEqual({ error: 'Too many requests from your address: try again in 1 minute.' });
    const elsewhere = await admin.server.inject({ method: 'POST', url: '/api/admin/session', payload: { password: PASSWORD }, remoteAddress: '192.0.2.7' });
    expect(elsewhere.statusCode).toBe(200);
  });

  it('refuses what a page of another address asks a browser to do', async () => {
    await loggedIn();
    const from = (origin: string): Promise<number> =>
      admin.server.inject({ method: 'DELETE', url: '/api/admin/session', headers: { origin, host: 'tv.example:8080' } }).then(({ statusCode }) => statusCode);
    expect([await from('http://tv.example:3000'), await from('null'), await from('http://tv.example:8080')]).toEqual([403, 403, 401]);
  });
});

describe('channels', () => {
  beforeEach(loggedIn);

  it('are made with a key that is shown once and kept as a hash', async () => {
    const answer = await admin.ask('POST', '/channels', { slug: 'news', title: 'News', input: 'rtmp', tags: ['a'], dvrMinutes: 5 });
    expect(answer.statusCode).toBe(201);
    const { channel, streamKey } = answer.json<{ channel: object; streamKey: string }>();
    expect(channel).toMatchObject({ slug: 'news', title: 'News', input: 'rtmp', tags: ['a'], viewers: 3, isInConfiguration: false, settings: { dvrMinutes: 5 } });
    expect(admin.registry.findByKey(streamKey)?.slug).toBe('news');
    for (const shown of [await admin.ask('GET', '/channels'), await admin.ask('GET', '/channels/news')]) {
      expect(shown.body).not.toContain(streamKey);
      expect(shown.body).not.toContain(hashStreamKey(streamKey));
    }
    expect(JSON.stringify(admin.store.channels.list())).not.toContain(streamKey);
    expect(JSON.stringify(admin.lines)).not.toContain(streamKey);
  });

  it('get another key: the old one is worth nothing', async () => {
    const { streamKey: before } = (await admin.ask('POST', '/channels', { slug: 'news' })).json<{ streamKey: string }>();
    const { streamKey: after } = (await admin.ask('POST', '/channels/news/stream-key')).json<{ streamKey: string }>();
    expect([admin.registry.findByKey(before), admin.registry.findByKey(after)?.slug]).toEqual([undefined, 'news']);
  });

  it('are changed in what is named, and nothing else', async () => {
    await admin.ask('POST', '/channels', { slug: 'news', title: 'News', description: 'all of it' });
    const answer = await admin.ask('PATCH', '/channels/news', { title: 'Late news', isPrivate: true });
    expect(answer.json()).toMatchObject({ title: 'Late news', description: 'all of it', isPrivate: true });
    expect(admin.registry.require('news').live.title).toBe('Late news');
  });

  it('are removed', async () => {
    await admin.ask('POST', '/channels', { slug: 'news' });
    expect((await admin.ask('DELETE', '/channels/news')).statusCode).toBe(204);
    expect([admin.registry.find('news'), admin.store.channels.list()]).toEqual([undefined, []]);
    expect((await admin.ask('DELETE', '/channels/news')).statusCode).toBe(404);
  });

  it('tell who watches', async () => {
    expect((await admin.ask('GET', '/channels/main/audience')).json()).toEqual({ viewers: 3, seeders: 1, joins: 5, originBytes: 10, peerBytes: 20, seederBytes: 30 });
  });

  it('tell what is sent of them, also of private ones, to nobody else', async () => {
    await admin.ask('POST', '/channels', { slug: 'news', isPrivate: true });
    const stats = (await admin.ask('GET', '/stats')).json<OriginStats>();
    expect(stats.streams.map(({ slug }) => slug)).toEqual(['main', 'news']);
    expect(stats).toMatchObject({ uplink: { limitBitsPerSecond: 20_000_000, sentBytes: { seed: 0, other: 0 } }, streams: [{ viewers: 3, waiters: 0, lastSequence: null, originBytes: { media: 0, seeder: 0 } }, {}] });
    await admin.ask('DELETE', '/session');
    expect((await admin.ask('GET', '/stats')).json()).toEqual({ error: 'Log in first.' });
  });

  it('of the configuration are not changed here', async () => {
    const answers = [await admin.ask('PATCH', '/channels/main', { title: 'x' }), await admin.ask('DELETE', '/channels/main'), await admin.ask('POST', '/channels/main/stream-key')];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([409, 409, 409]);
    expect(answers[0]?.json()).toEqual({ error: 'The channel "main" is defined by flags or the configuration file: change it there.' });
    expect(admin.registry.require('main').settings.title).toBe('main');
  });

  it.each([
    [{ slug: '../etc' }, 400, 'slug must be a–z, 0–9 and inner hyphens.'],
    [{ slug: 'a/b' }, 400, 'slug must be a–z, 0–9 and inner hyphens.'],
    [{ slug: 'a\u0000' }, 400, 'slug must be a–z, 0–9 and inner hyphens.'],
    [{ slug: '' }, 400, 'slug must not be empty.'],
    [{}, 400, 'slug must be a text.'],
    [{ slug: 'a', title: 7 }, 400, 'title must be a text.'],
    [{ slug: 'a', streamKeyHash: 'ab'.repeat(32) }, 400, 'The request is wrong: Unrecognized key: "streamKeyHash".'],
    [{ slug: 'a', input: 'rtsp://camera' }, 400, 'input cannot be rtsp'],
    [{ slug: 'a', videoKbps: 50_000, partMs: 2000 }, 400, 'videoKbps of 50000 in parts of 2000 ms makes parts above 4 MiB'],
    [{ slug: 'main' }, 409, 'There is a channel "main" already: choose another name.'],
    [{ slug: 'a', input: '/no/such/file.mp4' }, 422, 'The input file does not exist.'],
    [{ slug: 'a', description: 'x'.repeat(40_000) }, 413, 'The request is too large.'],
  ])('refuses %j, with a sentence and a line', async (body, status, sentence) => {
    const before = admin.lines.length;
    const answer = await admin.ask('POST', '/channels', body);
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([status, expect.stringContaining(sentence) as string]);
    expect(admin.lines.slice(before).map(({ msg }) => msg)).toEqual([`Refused (${status}): POST /api/admin/channels from 127.0.0.1.`]);
    expect(admin.registry.list().map(({ slug }) => slug)).toEqual(['main']);
    expect(admin.store.channels.list()).toEqual([]);
  });
});

describe('after a restart', () => {
  it('channels are what they were: settings, key, and whether they were started', async () => {
    const store = SqliteStore.open(':memory:');
    const first = await openAdministration({ store });
    const { streamKey } = await first.keeper.create({ ...first.registry.require('main').settings, slug: 'news', title: 'News', tags: ['a'] });
    await first.keeper.update('news', { title: 'Late news' });
    await first.keeper.setStarted('news', false);
    const { settings } = first.registry.require('news');
    await first.close();
    const second = await openAdministration({ store });
    expect(second.registry.require('news').settings).toEqual(settings);
    expect(second.registry.findByKey(streamKey)?.slug).toBe('news');
    expect(store.channels.get('news')?.isStarted).toBe(false);
    await second.close();
    store.close();
  });

  it('one that cannot be had keeps nobody from starting, and is repaired by a change', async () => {
    const store = SqliteStore.open(':memory:');
    store.channels.add({ slug: 'gone', settings: { input: '/no/such/file.mp4', title: 'Gone' }, isStarted: true, createdAtMs: 1 });
    store.channels.add({ slug: 'broken', settings: { partMs: 'many' }, isStarted: true, createdAtMs: 1 });
    store.channels.add({ slug: 'main', settings: {}, isStarted: true, createdAtMs: 1 });
    const second = await openAdministration({ store });
    expect(second.registry.list().map(({ slug }) => slug)).toEqual(['main', 'gone']);
    expect(second.lines.map(({ msg }) => msg)).toEqual([
      'The channel "broken" is left out: its partMs must be a whole number from 50 to 2000.',
      'The channel "gone" is not started: The input file does not exist.',
      'The channel "main" is in the configuration and in the database: the configuration holds.',
    ]);
    await second.keeper.update('gone', { title: 'Still gone' });
    expect(store.channels.get('gone')?.settings).toMatchObject({ input: '/no/such/file.mp4', title: 'Still gone' });
    await second.close();
    store.close();
  });
});

it('answers with headers that keep pages of others, and caches, from it', async () => {
  for (const path of ['/channels', '/docs']) {
    const { headers } = await admin.ask('GET', path);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
  }
});

it('is described in OpenAPI: every route, and the errors that it answers', async () => {
  const { paths } = (await admin.ask('GET', '/docs/json')).json<{ paths: Record<string, Record<string, { summary?: string; responses: object }>> }>();
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/admin/session', '/api/admin/channels', '/api/admin/channels/{slug}', '/api/admin/channels/{slug}/stream-key']));
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    expect(operation.summary).toBeTypeOf('string');
    expect(Object.keys(operation.responses)).toContain('401');
  }
});
