import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';

import { withLinkPreview, type LinkPreviewSource } from '../../src/server/link-preview.js';

const PAGE = '<html><head><title>P2PTV</title></head><body></body></html>';
const at = (url: string): FastifyRequest => ({ url }) as FastifyRequest;
const source: LinkPreviewSource = (_request, { kind, name }) =>
  name === 'secret' ? undefined : { title: `$& "${kind}" <${name}>`, description: '', url: `https://tv.example.org/watch/${name}`, image: 'https://tv.example.org/a.jpg?a=1&b=2' };

describe('a page that others show a link to', () => {
  it.each([
    ['/watch/main?autoplay=0', 'stream', 'main'],
    ['/embed/main', 'stream', 'main'],
    ['/watch/recordings/main-20261122-183000/', 'recording', 'main-20261122-183000'],
  ])('%s says what is watched on it', (url, kind, name) => {
    const page = withLinkPreview(PAGE, at(url), source);
    expect(page).toContain(`<meta property="og:title" content="$&amp; &quot;${kind}&quot; &lt;${name}&gt;" />`);
    expect(page).toContain('<meta property="og:image" content="https://tv.example.org/a.jpg?a=1&amp;b=2" />');
    expect(page.replace(/<meta[^>]*>/g, '')).toBe(PAGE);
  });

  it.each(['/watch/secret', '/', '/admin', '/watch?xt=urn:p2ptv:1', '/watch/%3Cscript%3E'])('%s says nothing', (url) => {
    expect(withLinkPreview(PAGE, at(url), source)).toBe(PAGE);
  });
});
