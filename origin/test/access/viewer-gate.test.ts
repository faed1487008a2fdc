import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import { isStreamLink, parseStreamLink, viewerTokenOf, withViewerToken } from '@p2ptv/protocol';

import { ViewerTokens } from '../../src/access/viewer-tokens.js';
import { openOrigin, type TestOrigin } from '../publish/server-fixture.js';

const SECRET = Buffer.from('a secret of more than thirty-two bytes');
const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

let wallMs = NOW_MS;
let isPrivate = true;
let tokens: ViewerTokens;
let origin: TestOrigin;
beforeEach(async () => {
  wallMs = NOW_MS;
  isPrivate = true;
  tokens = new ViewerTokens(SECRET, () => wallMs);
  origin = await openOrigin({ viewers: { isPrivate: () => isPrivate, isKnown: (slug, token) => tokens.isKnown(slug, token), check: (slug, token) => tokens.check(slug, token) } });
  origin.begin();
  origin.publish(30);
});
afterEach(() => origin.close());

/** The answer's status to somebody who asks so. */
async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  return (await origin.server.inject({ url, headers })).statusCode;
}

const PATHS = ['/index.m3u8', '/0/live.m3u8', '/0/part-3.m4s', '/0/recording.m3u8', '/headers?rendition=0&after=0', '/join', '/segments?rendition=0'];

describe('a private stream', () => {
  it('OR8: gives nothing to who has no token, and says why', async () => {
    for (const path of PATHS) expect([path, await statusOf(`/live/main${path}`)]).toEqual([path, 401]);
    const answer = await origin.server.inject('/api/streams/main');
    expect([answer.statusCode, answer.json()]).toEqual([401, { error: 'This stream is private: it needs a viewer token.' }]);
  });

  it('OR8: gives the same as a public one to who has a token: in the path, in the query, or as a bearer', async () => {
    const token = await tokens.issue('main', { viewer: 'ann', lifetimeMs: HOUR_MS });
    for (const path of PATHS) {
      isPrivate = false;
      const open = await statusOf(`/live/main${path}`);
      isPrivate = true;
      expect([path, await statusOf(`/live/main/~${token}${path}`)]).toEqual([path, open]);
      expect([path, await statusOf(`/live/main${path}`, { authorization: `Bearer ${token}` })]).toEqual([path, open]);
    }
    expect(await statusOf(`/live/main/index.m3u8?token=${token}`)).toBe(200);
  });

  it('has a link that holds the token, for origin and tracker alike', async () => {
    const token = await tokens.issue('main', { lifetimeMs: HOUR_MS });
    const { link } = (await origin.server.inject(`/api/streams/main?token=${token}`)).json<{ link: string }>();
    const parsed = parseStreamLink(link);
    if (!isStreamLink(parsed)) throw new Error(parsed.problem);
    expect(parsed.origins[0]).toMatch(/\/live\/main\/~[\w.-]+$/);
    expect(viewerTokenOf(parsed.origins)).toBe(token);
  });

  it('refuses a token that has expired, though it was good before', async () => {
    const token = await tokens.issue('main', { lifetimeMs: HOUR_MS });
    expect(await statusOf(`/live/main/index.m3u8?token=${token}`)).toBe(200);
    wallMs += HOUR_MS + 1;
    const answer = await origin.server.inject(`/live/main/index.m3u8?token=${token}`);
    expect([answer.statusCode, answer.json()]).toEqual([401, { error: 'The viewer token has expired: ask for another.' }]);
  });

  it('refuses tokens of another channel, another secret, another algorithm, and none at all', async () => {
    const claims = { aud: 'main', exp: NOW_MS / 1000 + 3600 };
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
    const good = await tokens.issue('main', { lifetimeMs: HOUR_MS });
    const [head = '', , signature = ''] = good.split('.');
    const bad = [
      await tokens.issue('other', { lifetimeMs: HOUR_MS }),
      await new ViewerTokens(Buffer.from('another secret of thirty-two bytes'), () => wallMs).issue('main', { lifetimeMs: HOUR_MS }),
      await new SignJWT({ aud: 'main' }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET),
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS512' }).sign(Buffer.concat([SECRET, SECRET])),
      unsigned,
      `${head}.${Buffer.from(JSON.stringify({ ...claims, exp: 9e9 })).toString('base64url')}.${signature}`,
      'nonsense',
      'a'.repeat(5000),
    ];
    for (const token of bad) expect([token.slice(0, 20), await statusOf(`/live/main/index.m3u8?token=${token}`)]).toEqual([token.slice(0, 20), 403]);
  });

  it('takes a token that a site signed itself, for several channels', async () => {
    const token = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).setAudience(['news', 'main']).setExpirationTime(NOW_MS / 1000 + 60).sign(SECRET);
    expect(await statusOf(`/live/main/index.m3u8?token=${token}`)).toBe(200);
  });

  it.each(['/live/main/../main/index.m3u8', '/live//main/index.m3u8', '/live/%6Dain/index.m3u8', '/live/main%2Findex.m3u8', '/live/main/~/index.m3u8', '/live/main/~x.y.z/~x/index.m3u8', '/live/main/index.m3u8/', '/LIVE/main/index.m3u8', '/live/main/~..%2f/index.m3u8'])(
    'is not reached by %s',
    async (url) => {
      expect(await statusOf(url)).toBeGreaterThanOrEqual(400);
    },
  );
});

it('a public stream needs none, and takes no notice of a bad one', async () => {
  isPrivate = false;
  expect([await statusOf('/live/main/index.m3u8'), await statusOf('/live/main/~x.y.z/index.m3u8'), await statusOf('/api/streams/main')]).toEqual([200, 200, 200]);
});

it('OR8: a viewer token stands in an origin’s address and is read back', () => {
  expect(viewerTokenOf(['https://a.example/live/x', withViewerToken('https://b.example/live/x', 'a.b.c')])).toBe('a.b.c');
  expect(viewerTokenOf(['https://a.example/live/~x/y', 'https://a.example/live/x/~x'])).toBeUndefined();
});
