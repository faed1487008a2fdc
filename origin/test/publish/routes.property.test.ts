import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { openOrigin, type TestOrigin } from './server-fixture.js';

let origin: TestOrigin;
beforeAll(async () => {
  origin = await openOrigin();
  origin.begin();
  origin.publish(25);
  // Nobody waits any more: what would wait is answered with 503 at once.
  origin.published.close();
});
afterAll(() => origin.close());

const number = fc.oneof(fc.nat(40).map(String), fc.constantFrom('-1', '4294967296', '99999999999', '1e3', '', ' 1', '0x10'), fc.string());
const file = fc.oneof(
  fc.constantFrom('live.m3u8', 'index.m3u8', 'headers', 'join', 'publisher.key'),
  number.map((value) => `part-${value}.m4s`),
  fc.tuple(number, number).map(([epoch, sequence]) => `segment-${epoch}-${sequence}.m4s`),
  fc.stringMatching(/^[0-9a-f]{0,70}$/).map((hash) => `init-${hash}.mp4`),
  fc.string(),
);
const path = fc
  .tuple(fc.constantFrom('main', 'other', '..', '%2e%2e', 'MAIN'), fc.option(number), file)
  .map(([slug, rendition, name]) => ['', 'live', slug, ...(rendition === null ? [] : [rendition]), name].map((piece) => (piece.startsWith('%') ? piece : encodeURIComponent(piece))).join('/'));
const query = fc.dictionary(fc.constantFrom('_HLS_msn', '_HLS_part', '_HLS_skip', 'after', 'at', 'count', 'wait', 'rendition', 'delayMs', '__proto__'), number, { maxKeys: 4 });
const headers = fc.record(
  {
    range: fc.oneof(number.map((value) => `bytes=${value}-`), fc.stringMatching(/^[ -~]{0,40}$/)),
    'if-none-match': fc.stringMatching(/^[ -~]{0,40}$/),
    'if-range': fc.stringMatching(/^[ -~]{0,40}$/),
    'accept-encoding': fc.stringMatching(/^[ -~]{0,40}$/),
  },
  { requiredKeys: [] },
);

it('whatever is asked, the answer is a sound status, never a failure, and nobody is left waiting', async () => {
  await fc.assert(
    fc.asyncProperty(path, query, headers, async (url, values, extra) => {
      const response = await origin.server.inject({ url, query: values, headers: extra });
      expect([200, 206, 304, 400, 404, 410, 416, 503]).toContain(response.statusCode);
      // Dots may lead out of /live to a page.
      const isPage = String(response.headers['content-type']).startsWith('text/html');
      if (response.statusCode >= 400 && response.statusCode !== 416 && !isPage) {
        expect(response.json<{ error: string }>().error).toMatch(/\S/);
      }
      expect(origin.published.waiters.size).toBe(0);
    }),
    { numRuns: 1500, seed: 20261121 },
  );
});
