import {
  formatMagnetLink,
  formatWatchUrl,
  isStreamLink,
  parseStreamLink,
  type StreamLink,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publisher, streamLinks } from './arbitraries.js';

const streamId = '00112233445566778899aabbccddeeff00112233';
const key = Buffer.from(publisher.publicKey).toString('base64url');
const LINK = `magnet:?xt=urn:p2ptv:${streamId}&pk=${key}&as=http://a.example/live/main`;

function parsed(text: string): StreamLink {
  const link = parseStreamLink(text);
  if (!isStreamLink(link)) throw new Error(link.problem);
  return link;
}

/** Half surrogate pairs become U+FFFD when a text is written as UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** What reading gives back of what was written. */
function asRead(link: StreamLink): StreamLink {
  return {
    ...link,
    title: wellFormed(link.title),
    origins: link.origins.map((url) => url.replace(/\/+$/, '')),
  };
}

describe('writing a link', () => {
  const link: StreamLink = {
    streamId: streamId as StreamLink['streamId'],
    publicKey: publisher.publicKey,
    title: 'News & more',
    trackers: ['https://t.example', 'https://u.example:8443/x'],
    origins: ['https://t.example/live/main'],
  };
  const query =
    `xt=urn:p2ptv:${streamId}&pk=${key}&dn=News%20%26%20more` +
    '&tr=https%3A%2F%2Ft.example&tr=https%3A%2F%2Fu.example%3A8443%2Fx&as=https%3A%2F%2Ft.example%2Flive%2Fmain';

  it('LK1: gives a magnet link', () => {
    expect(formatMagnetLink(link)).toBe(`magnet:?${query}`);
    expect(formatMagnetLink({ ...link, title: '' })).not.toContain('dn=');
  });

  it('LK2: gives a page of a player, behind what its URL asks already', () => {
    expect(formatWatchUrl(link, 'https://tv.example/watch')).toBe(`https://tv.example/watch?${query}`);
    expect(formatWatchUrl(link, 'https://tv.example/?debug=1')).toBe(`https://tv.example/?debug=1&${query}`);
  });
});

describe('reading a link', () => {
  it('LK3: gives back what was written', () => {
    fc.assert(
      fc.property(streamLinks, (link) => {
        expect(parsed(formatMagnetLink(link))).toEqual(asRead(link));
        expect(parsed(formatWatchUrl(link, 'http://127.0.0.1:8080/watch'))).toEqual(asRead(link));
        expect(parsed(formatWatchUrl(link, 'https://tv.example/w?autoplay=0'))).toEqual(asRead(link));
      }),
      { numRuns: 400 },
    );
  });

  it('LK3: agrees with the platform’s own reading of the query', () => {
    fc.assert(
      fc.property(streamLinks, (link) => {
        const fields = new URL(formatWatchUrl(link, 'http://127.0.0.1/watch')).searchParams;
        expect(fields.get('dn') ?? '').toBe(wellFormed(link.title));
        expect(fields.getAll('tr')).toEqual(link.trackers);
      }),
    );
  });

  it('LK3: half a surrogate pair in a title becomes U+FFFD', () => {
    const link = { ...parsed(LINK), title: 'a\ud83d' };
    expect(parsed(formatMagnetLink(link)).title).toBe('a\ufffd');
  });

  it('LK4: takes parameters in any order, and ignores what it does not know', () => {
    const text = `https://tv.example/watch?as=http%3A%2F%2Fa.example&x&=&tr=%E0%A4%A&dn=a+b&pk=${key}&xt=urn:btih:1&xt=urn:p2ptv:${streamId}&y=1#t=20`;
    expect(parsed(text)).toEqual({
      streamId,
      publicKey: publisher.publicKey,
      title: 'a b',
      trackers: [],
      origins: ['http://a.example'],
    });
  });

  it.each([
    ['no topic', LINK.replace('xt=', 'xx=')],
    ['another kind of topic', LINK.replace('urn:p2ptv:', 'urn:btih:')],
    ['a short id', LINK.replace(streamId, streamId.slice(1))],
    ['an upper-case id', LINK.replace(streamId, streamId.toUpperCase())],
    ['no key', LINK.replace('pk=', 'pp=')],
    ['a short key', LINK.replace(key, key.slice(2))],
    ['a long key', LINK.replace(key, `${key}AA`)],
    ['a key that is not base64url', LINK.replace(key, `${key.slice(1)}!`)],
    ['no address', LINK.replace('&as=', '&ax=')],
    ['no usable address', LINK.replace('http://', 'ftp://')],
  ])('LK5: refuses a link with %s', (_name, text) => {
    expect(isStreamLink(parseStreamLink(LINK))).toBe(true);
    expect(parseStreamLink(text)).toEqual({ problem: expect.any(String) as string });
  });

  it.each([
    'javascript:alert(1)',
    'ws://a.example',
    'http://',
    'http:///path',
    'http://a b',
    'http://a.example/x y',
    'http://a.example/\nSet-Cookie:x',
    'http://user:secret@a.example',
    'http://a.example?q=1',
    'http://a.example/x?q=1',
    'http://a.example/#top',
    ' http://a.example',
    '//a.example',
    '',
  ])('LK6: skips the address %j', (address) => {
    const link = parsed(`${LINK}&tr=${encodeURIComponent(address)}&as=${encodeURIComponent(address)}`);
    expect(link.trackers).toEqual([]);
    expect(link.origins).toEqual(['http://a.example/live/main']);
  });

  it('LK6: reads 8 addresses of a kind, and drops closing slashes of origins', () => {
    const many = Array.from(
      { length: 12 },
      (_, index) => `&tr=http://t${index}.example&as=http://a${index}.example/x//`,
    ).join('');
    const link = parsed(`magnet:?xt=urn:p2ptv:${streamId}&pk=${key}${many}`);
    expect(link.trackers).toEqual(Array.from({ length: 8 }, (_, index) => `http://t${index}.example`));
    expect(link.origins).toEqual(Array.from({ length: 8 }, (_, index) => `http://a${index}.example/x`));
  });

  it('LK7: takes 4096 characters and not one more', () => {
    const padding = 'x'.repeat(4096 - LINK.length - '&dn='.length);
    expect(parsed(`${LINK}&dn=${padding}`).title).toBe(padding);
    expect(parseStreamLink(`${LINK}&dn=${padding}x`)).toHaveProperty('problem');
  });

  it('LK7: any text is a link or a sentence', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ maxLength: 200 }).map((text) => `magnet:?${text}`),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc
        .tuple(fc.nat({ max: LINK.length - 1 }), fc.string({ maxLength: 3 }))
        .map(([at, text]) => `${LINK.slice(0, at)}${text}${LINK.slice(at + 1)}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const link = parseStreamLink(text);
        if (!isStreamLink(link)) expect(link.problem).toMatch(/^[A-Z].*\.$/);
        else expect(link.publicKey).toHaveLength(32);
      }),
      { numRuns: 1000 },
    );
  });
});
