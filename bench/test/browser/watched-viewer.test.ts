import { describe, expect, it } from 'vitest';
import type { ViewerReport } from '../../src/browser/page/viewing.js';
import type { ViewerProcess } from '../../src/browser/viewer-process.js';
import { WatchedViewer } from '../../src/browser/watched-viewer.js';
import { viewerReport } from './outcome.js';

/** A viewer who is to seek twice, and whose page says this. */
async function seekingViewer(report: ViewerReport | undefined): Promise<WatchedViewer> {
  const seeks = [{ atMs: 2_000, toMs: 30_000 }, { atMs: 12_000, toMs: 50_000 }];
  const plan = { group: undefined, clickAtMs: 0, watchMs: 20_000, killAtMs: undefined, hasWebRtc: true, seeks };
  const page: Partial<ViewerProcess> = { report: () => Promise.resolve(report) };
  const viewer = new WatchedViewer(plan, page as ViewerProcess);
  await viewer.look();
  return viewer;
}

describe('a viewer who seeks', () => {
  it('is whole when every seek has come to a picture', async () => {
    const seeks = [{ tookMs: 90, isOutside: true }, { tookMs: 5, isOutside: false }];
    const viewer = await seekingViewer(viewerReport({ seeks }));
    expect(viewer.outcome(undefined)).toMatchObject({ seeksUnfinished: 0, failure: undefined });
  });

  it('tells of seeks that came to none, and of those that were never begun', async () => {
    const one = await seekingViewer(viewerReport({ seeks: [{ tookMs: 90, isOutside: true }] }));
    expect(one.outcome(undefined)).toMatchObject({ seeksUnfinished: 1, failure: '1 of its 2 seeks came to no picture' });
    const mute = await seekingViewer(undefined);
    expect(mute.outcome(undefined)).toMatchObject({ seeksUnfinished: 2, failure: 'it never answered' });
  });
});
