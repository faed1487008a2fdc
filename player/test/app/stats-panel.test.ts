import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { StatsPanel } from '../../src/app/components/stats-panel.js';
import type { P2ptvStats } from '../../src/library/index.js';

it('says what its offload counts, since it is less than the share of the media that peers brought', () => {
  const bytes = { fromPeers: 43, fromOrigin: 57, fromSeeder: 0, fromCache: 0, sent: 0 };
  const stats = { offloadRatio: 0.42, bytes, neighbours: [] } as unknown as P2ptvStats;
  const panel = renderToStaticMarkup(
    createElement(StatsPanel, { stats, originBitsPerSecond: 0, upload: { mode: 'on' }, onUpload: () => undefined, cacheSize: undefined, onClearCache: () => Promise.resolve() }),
  );
  expect(panel).toContain('data-stat="offload">42 %<');
  expect(panel).toContain('43 % of the media came from peers');
  expect(panel).toContain('of the media spared the origin, overhead deducted');
});
