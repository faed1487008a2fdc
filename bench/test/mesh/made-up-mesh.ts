import type { MeshReport, MeshResult } from '../../src/mesh/report.js';
import { simResult } from '../sim/made-up-result.js';

/** Processor seconds of a minute on two cores. */
export const CPU = { workers: 30, browsers: 10, origin: 4, encoder: 3, bench: 1, others: 2, machine: 120 };

/** Figures of a mesh of 50, but for what is given. */
export function meshResult(changes: Partial<MeshResult> = {}): MeshResult {
  const { strategy: _strategy, events: _events, eventsPerSecond: _perSecond, wallSeconds: _wall, peakRssBytes: _rss, traceHash: _hash, ...figures } = simResult();
  return {
    ...figures,
    originCounted: { media: 1, init: 1, playlists: 0, headers: 1, join: 1, seeder: 1 },
    totalsDifferenceRatio: 0.001,
    linkDelayMs: { p5: 0.2, p50: 1, p95: 4, p99: 12, samples: 900 },
    linkSetupMs: { p50: 80, p95: 300, samples: 300 },
    captureToPublishMs: 188,
    streamBitsPerSecond: 6e5,
    neighbours: { least: 8, median: 14, most: 20 },
    browsers: [],
    ranSeconds: 60,
    cpuSeconds: CPU,
    machineBusyRatio: 0.5,
    hasOwnProcessors: true,
    loopDelayP99Ms: 8,
    failures: [],
    ...changes,
  };
}

/** A report of a mesh beside the simulator’s run of the same. */
export function report(mesh: MeshResult, peers = 50): MeshReport {
  return {
    suite: 'mesh',
    startedAt: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'a processor', cores: 2, memoryBytes: 1, os: 'Linux', node: '20', chromium: 'not used', ffmpeg: '5' },
    config: {
      peers,
      browsers: 0,
      seconds: 60,
      arrivalSeconds: 10,
      processes: 2,
      uplink: 'equal:900',
      downlinkKbps: null,
      rateKbps: 600,
      partMs: 200,
      width: 320,
      height: 180,
      input: 'clip',
      playoutMs: 1_300,
      originUplinkKbps: null,
      seed: 1,
    },
    results: { mesh, sim: simResult({ chunkDelayMs: { p50: 100, p95: 200, p99: 400 } }) },
  };
}
