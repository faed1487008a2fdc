import type { OriginBytes } from '@p2ptv/protocol';
import type { ViewerReport } from '../../src/browser/page/viewing.js';
import type { SystemOutcome } from '../../src/browser/system-run.js';
import type { ViewerOutcome } from '../../src/browser/watched-viewer.js';

/** No bytes, but for what is given. */
export function bytes(some: Partial<OriginBytes> = {}): OriginBytes {
  return { media: 0, init: 0, playlists: 0, headers: 0, join: 0, seeder: 0, ...some };
}

/** A viewer that watched from the first to the last moment of a minute, without any trouble. */
export function viewerReport(some: Partial<ViewerReport> = {}): ViewerReport {
  return {
    fromMs: 0,
    toMs: 60_000,
    isFinished: true,
    startupMs: 400,
    delaysMs: [1000, 1200],
    invalidReads: 0,
    playback: { playedMs: 59_600, stalls: 0, stalledMs: 0, stallLog: [], rateChangedMs: 0, rateChanges: 0, leastRate: 1, mostRate: 1, skips: 0, skippedMs: 0 },
    seeks: [],
    heights: [{ atMs: 400, height: 360 }],
    droppedFrames: 0,
    system: {
      handedBytes: 1000,
      handedSegments: { 'main/0/1': 600, 'main/0/2': 400 },
      mediaBytes: { origin: 250, peers: 750 },
      received: undefined,
      chunksVerified: 10,
      chunksRejected: 0,
      mechanisms: { pulls: 3 },
      problem: undefined,
    },
    ...some,
  };
}

/** The same as the run sees it. */
export function viewerOutcome(some: Partial<ViewerOutcome> = {}): ViewerOutcome {
  return {
    group: undefined,
    report: viewerReport(),
    total: { received: bytes({ media: 250 }), handedBytes: 1000, handedSegments: { 'main/0/1': 600, 'main/0/2': 400 } },
    steady: { received: bytes({ media: 100 }), handedBytes: 200, handedSegments: { 'main/0/1': 200 } },
    laterStartupsMs: [],
    navigationMs: 700,
    seeksUnfinished: undefined,
    wasKilled: false,
    failure: undefined,
    ...some,
  };
}

/** A run of these viewers, a minute long. */
export function systemOutcome(viewers: readonly ViewerOutcome[], some: Partial<SystemOutcome> = {}): SystemOutcome {
  return {
    viewers,
    events: [],
    originBytes: bytes({ media: 250 * viewers.length }),
    originBitsPerSecond: [1e6, 3e6, 2e6],
    elapsedMs: 60_000,
    cpuSeconds: { viewers: 12, origin: 2, encoder: 6, others: 30, machine: 120 },
    chromiumVersion: '1.2.3.4',
    picture: undefined,
    ...some,
  };
}
