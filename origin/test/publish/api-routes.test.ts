import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

import { isStreamLink, parseStreamLink, streamListSchema } from '@p2ptv/protocol';
import { describe, expect, it, vi } from 'vitest';

import { temporaryFolder } from '../package/stream-fixture.js';
import { openOrigin } from './server-fixture.js';

describe('the API', () => {
  it('OR3: lists what is live, with a link to the origin as the request named it', async () => {
    const origin = await openOrigin();
    origin.begin();
    origin.publish(1);
    const response = await origin.server.inject({ url: '/api/streams', headers: { host: 'tv.example:8080' } });
    const [listing] = streamListSchema.parse(response.json()).streams;
    expect(listing).toMatchObject({ slug: 'main', title: 'A title', state: 'live', viewers: 3, width: 640, watchPath: '/watch/main' });
    expect(listing).toMatchObject({ description: 'Clouds over the valley.', tags: ['nature'], seeders: 2, heights: [360] });
    const link = parseStreamLink(listing!.link);
    if (!isStreamLink(link)) throw new Error(link.problem);
    expect(link).toMatchObject({
      streamId: origin.live.streamId,
      origins: ['http://tv.example:8080/live/main'],
      trackers: ['http://tv.example:8080'],
    });
    expect((await origin.server.inject('/api/streams/main')).json()).toMatchObject({ slug: 'main' });
    expect((await origin.server.inject('/api/streams/other')).statusCode).toBe(404);
    expect(response.headers['cache-control']).toBe('no-store');
    await origin.close();
  });

  it('who waits for a publisher is answered when the stream is on air', async () => {
    const origin = await openOrigin();
    const pending = origin.server.inject('/api/streams/main?unlike=offline');
    await vi.waitFor(() => expect(origin.published.waiters.size).toBe(1));
    origin.begin();
    origin.publish(1);
    expect((await pending).json()).toMatchObject({ state: 'live' });
    await origin.close();
  });

  it('a Host header that is no host is not repeated', async () => {
    const origin = await openOrigin();
    const response = await origin.server.inject({ url: '/api/streams', headers: { host: 'evil"><script>' } });
    expect(response.body).not.toContain('<');
    await origin.close();
  });

  it('a public URL wins over the request', async () => {
    const origin = await openOrigin({ publicUrl: 'https://tv.example.org/p2ptv' });
    const [listing] = streamListSchema.parse((await origin.server.inject('/api/streams')).json()).streams;
    expect(decodeURIComponent(listing!.link)).toContain('as=https://tv.example.org/p2ptv/live/main');
    expect(listing!.state).toBe('offline');
    await origin.close();
  });

  it('trackers that run by themselves are named in place of the embedded one', async () => {
    const trackers = ['https://one.example', 'http://two.example:8090'];
    const origin = await openOrigin({ trackers });
    const [listing] = streamListSchema.parse((await origin.server.inject('/api/streams')).json()).streams;
    expect(parseStreamLink(listing!.link)).toMatchObject({ trackers });
    await origin.close();
  });

  it('tells what was sent, and that it is well', async () => {
    const origin = await openOrigin();
    const stats: unknown = (await origin.server.inject('/api/stats')).json();
    expect(stats).toMatchObject({ streams: [{ slug: 'main', originBytes: { media: 0, seeder: 0 }, lastSequence: null }] });
    expect((await origin.server.inject('/healthz')).json()).toEqual({ status: 'ok' });
    await origin.close();
  });
});

describe('pages', () => {
  it('serves the player: index for routes, hashed assets for ever, security headers', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, 'assets'));
    writeFileSync(join(folder.path, 'index.html'), '<!doctype html>player');
    writeFileSync(join(folder.path, 'assets', 'index-abc.js'), 'code '.repeat(1000));
    const origin = await openOrigin({ playerFolder: folder.path });
    for (const url of ['/', '/watch/main', '/watch?xt=urn:p2ptv:0']) {
      const page = await origin.server.inject(url);
      expect(page.body).toBe('<!doctype html>player');
      expect(page.headers['cache-control']).toBe('no-cache');
      expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    }
    const asset = await origin.server.inject('/assets/index-abc.js');
    expect(asset.headers['cache-control']).toContain('immutable');
    const packed = await origin.server.inject({ url: '/assets/index-abc.js', headers: { 'accept-encoding': 'gzip, br' } });
    expect(packed.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(packed.rawPayload).toString()).toBe('code '.repeat(1000));
    expect((await origin.server.inject('/assets/missing.js')).statusCode).toBe(404);
    // An address that leads nowhere is told to people in a page, to programs in JSON.
    const nowhere = await origin.server.inject({ url: '/nowhere', headers: { accept: 'text/html,*/*;q=.8' } });
    expect([nowhere.statusCode, nowhere.body]).toEqual([404, '<!doctype html>player']);
    expect(nowhere.headers['content-security-policy']).toContain("default-src 'self'");
    expect((await origin.server.inject('/nowhere')).json()).toEqual({ error: 'There is nothing here.' });
    expect((await origin.server.inject('/..%2f..%2fetc/passwd')).statusCode).toBeGreaterThanOrEqual(400);
    await origin.close();
    folder.remove();
  });

  it('says so when the player is not built', async () => {
    const origin = await openOrigin();
    const page = await origin.server.inject('/watch/main');
    expect(page.statusCode).toBe(503);
    expect(page.body).toContain('npm run build');
    expect((await origin.server.inject('/nowhere')).statusCode).toBe(404);
    await origin.close();
  });
});
