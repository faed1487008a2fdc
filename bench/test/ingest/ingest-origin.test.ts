import { expect, it } from 'vitest';

import { IngestOrigin } from '../../src/ingest/ingest-origin.js';
import { savePublished } from '../../src/ingest/published-window.js';
import { studio } from '../../src/ingest/ways/studio.js';

it('an origin that does not answer is told of by what it said last', async () => {
  const { signal } = new AbortController();
  const origin = await IngestOrigin.start({ settings: () => studio.originSettings(0), onLog: () => undefined, signal });
  expect((await origin.get('/healthz')).status).toBe(200);
  await expect(origin.get('/api/studio/main/none')).rejects.toMatchObject({ code: 'BENCH_FAILED', message: 'The origin answered 404 to /api/studio/main/none.' });
  await origin.stop();
  const ended = { code: 'BENCH_FAILED', message: expect.stringMatching(/^The origin has ended \(.+\): ./) as unknown };
  await expect(origin.get('/healthz')).rejects.toMatchObject(ended);
  await expect(savePublished(origin, { path: '/live/main/0/live.m3u8', stretch: { fromMs: 0, toMs: 1 }, file: 'none' })).rejects.toMatchObject(ended);
});
