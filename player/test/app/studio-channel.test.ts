import { afterEach, describe, expect, it, vi } from 'vitest';
import { findStudioSubject } from '../../src/app/studio/studio-channel.js';

afterEach(() => vi.unstubAllGlobals());

/** One that the studio can go live on, unless it is a film. */
const stream = (slug: string): unknown => ({
  ...{ slug, streamId: 'a', title: `Of ${slug}`, state: 'offline', viewers: 0, width: 0, height: 0, link: 'magnet:', watchPath: `/watch/${slug}` },
  ...{ startedAtMs: 0, description: '', tags: [], seeders: 0, heights: [], isWhip: slug !== 'film' },
});

/** An origin with these channels: `admin` are those that an administrator is shown, undefined where nobody is logged in. */
function origin(open: readonly string[], admin?: readonly { slug: string; title: string; input: string }[], secret: readonly string[] = []): void {
  vi.stubGlobal('fetch', (path: string) => {
    const json = (status: number, body: unknown): Promise<Response> => Promise.resolve(new Response(JSON.stringify(body), { status }));
    const slug = /^\/api\/streams\/([a-z]+)$/.exec(path)?.[1];
    if (slug !== undefined) return open.includes(slug) ? json(200, stream(slug)) : json(secret.includes(slug) ? 401 : 404, { error: 'None.' });
    if (path === '/api/streams') return json(200, { streams: open.map(stream) });
    return admin ? json(200, { channels: admin }) : json(401, { error: 'Log in.' });
  });
}

const find = (named?: string): ReturnType<typeof findStudioSubject> => findStudioSubject(named, new AbortController().signal);

describe('what the studio goes live on', () => {
  it('is the channel that the address names, a private one too, and main where it names none', async () => {
    origin(['main', 'news'], undefined, ['secret']);
    expect(await find('news')).toEqual({ kind: 'channel', channel: { slug: 'news', title: 'Of news' } });
    expect(await find('secret')).toEqual({ kind: 'channel', channel: { slug: 'secret', title: undefined } });
    expect(await find()).toEqual({ kind: 'channel', channel: { slug: 'main', title: 'Of main' } });
  });

  it('is the only channel where the address names none and there is no main', async () => {
    origin(['news']);
    expect(await find()).toMatchObject({ kind: 'channel', channel: { slug: 'news' } });
    expect(await find('other')).toMatchObject({ kind: 'choice', channels: [{ slug: 'news' }] });
  });

  it('is chosen by an administrator among those that take its picture, private ones too, by others among those of them that are listed', async () => {
    const whip = (slug: string) => ({ slug, title: slug, input: 'whip' });
    origin(['news', 'film'], [whip('news'), { slug: 'film', title: 'A film', input: 'film.mp4' }, whip('secret')]);
    expect(await find()).toMatchObject({ kind: 'choice', isLoggedIn: true, channels: [{ slug: 'news' }, { slug: 'secret' }] });
    origin(['news', 'film'], [whip('secret')]);
    expect(await find()).toMatchObject({ kind: 'channel', channel: { slug: 'secret' } });
    origin(['news', 'film', 'garden']);
    expect(await find()).toEqual({ kind: 'choice', isLoggedIn: false, channels: [{ slug: 'news', title: 'Of news' }, { slug: 'garden', title: 'Of garden' }] });
    origin([]);
    expect(await find()).toEqual({ kind: 'choice', isLoggedIn: false, channels: [] });
  });

  it('is no channel that takes its picture from elsewhere, which is told', async () => {
    origin(['film']);
    expect(await find('film')).toEqual({ kind: 'choice', isLoggedIn: false, channels: [], elsewhere: 'film' });
    origin(['film', 'news']);
    expect(await find('film')).toMatchObject({ kind: 'choice', channels: [{ slug: 'news' }], elsewhere: 'film' });
  });

  it('is looked for without what an origin refuses to who has not logged in', async () => {
    origin(['film', 'news']);
    const asked = vi.spyOn(globalThis, 'fetch');
    await find();
    expect(asked.mock.calls.map(([path]) => path)).toEqual(['/api/streams/main', '/api/admin/session', '/api/streams']);
  });

  it('is what the address names while the origin is away', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await find('news')).toMatchObject({ kind: 'channel', channel: { slug: 'news' } });
    let asked = 0;
    vi.stubGlobal('fetch', () => (asked++ === 0 ? Promise.resolve(new Response(null, { status: 404 })) : Promise.reject(new TypeError('Failed to fetch'))));
    expect(await find()).toMatchObject({ kind: 'channel', channel: { slug: 'main' } });
  });
});
