import { describe, expect, it } from 'vitest';
import { parseRoute, watchPathOf } from '../../src/app/routes.js';

const route = (path: string) => parseRoute(new URL(path, 'http://host'));

describe('routes', () => {
  it('names the list, a stream by slug and a stream by link', () => {
    expect(route('/')).toEqual({ page: 'list' });
    expect(route('/watch/my-stream')).toEqual({
      page: 'watch',
      target: { kind: 'slug', slug: 'my-stream' },
      isAutoplay: true,
    });
    const link = 'http://host/watch?xt=urn:p2ptv:abc&pk=k';
    expect(parseRoute(new URL(link))).toEqual({ page: 'watch', target: { kind: 'link', link }, isAutoplay: true });
  });

  it('names a recording, and what is embedded, which waits for the click unless it is told otherwise', () => {
    expect(route('/watch/recordings/main-20261122-183000')).toEqual({
      page: 'watch',
      target: { kind: 'recording', id: 'main-20261122-183000' },
      isAutoplay: true,
    });
    expect(route('/embed/main')).toEqual({ page: 'embed', target: { kind: 'slug', slug: 'main' }, isAutoplay: false });
    expect(route('/embed/recordings/a?autoplay=1')).toEqual({ page: 'embed', target: { kind: 'recording', id: 'a' }, isAutoplay: true });
    expect(route('/embed?xt=urn:p2ptv:abc')).toMatchObject({ target: { kind: 'link', link: 'http://host/watch?xt=urn:p2ptv:abc' } });
    expect(route('/watch/recordings/a/b')).toEqual({ page: 'unknown' });
  });

  it('names the studio of a channel, or of none', () => {
    expect(route('/studio/news')).toEqual({ page: 'studio', slug: 'news' });
    expect(route('/studio/')).toEqual({ page: 'studio', slug: undefined });
  });

  it('names the parts of the administration', () => {
    expect(route('/admin/')).toEqual({ page: 'admin', section: 'channels' });
    expect(route('/admin/recordings')).toEqual({ page: 'admin', section: 'recordings' });
    expect(route('/admin/health')).toEqual({ page: 'admin', section: 'health' });
    expect(route('/admin/other')).toEqual({ page: 'unknown' });
  });

  it('waits for the click with autoplay=0', () => {
    expect(route('/watch/main?autoplay=0')).toMatchObject({ isAutoplay: false });
    expect(route('/watch?xt=urn:p2ptv:abc&autoplay=0')).toMatchObject({ isAutoplay: false });
  });

  it('sends /watch without a stream to the list, and knows what it does not know', () => {
    expect(route('/watch')).toEqual({ page: 'list' });
    expect(route('/watch/main/')).toMatchObject({ page: 'watch' });
    expect(route('/watch/a/b')).toEqual({ page: 'unknown' });
    expect(route('/other')).toEqual({ page: 'unknown' });
  });

  it('makes a path of a pasted magnet link or watch URL', () => {
    expect(watchPathOf(' magnet:?xt=urn:p2ptv:abc&tr=http%3A%2F%2Fx ')).toBe('/watch?xt=urn:p2ptv:abc&tr=http%3A%2F%2Fx');
    expect(watchPathOf('https://tv.test/watch?xt=urn:p2ptv:abc')).toBe('/watch?xt=urn:p2ptv:abc');
    expect(watchPathOf('https://tv.test/watch')).toBeUndefined();
    expect(watchPathOf('hello')).toBeUndefined();
    expect(watchPathOf('magnet:?dn=x')).toBeUndefined();
  });
});
