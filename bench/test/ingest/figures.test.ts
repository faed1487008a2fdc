import { describe, expect, it } from 'vitest';

import { paceOf, slopeOf } from '../../src/ingest/channels.js';
import { summarizeWay } from '../../src/ingest/measure-way.js';
import { ingestReportSchema, type IngestReport, type WayRound } from '../../src/ingest/report.js';
import { formatIngestReport } from '../../src/ingest/table.js';

const round = (firstFrameMs: number | null): WayRound => ({ firstFrameMs, takenMs: null, firstPartMs: 800, toldMs: 820, joinedMs: 900, encoderSessions: 1, openedLaterMs: firstFrameMs });

/** Parts of 200 ms, each published so long after its end. */
const published = (behindMs: readonly number[]): Parameters<typeof paceOf>[1]['published'] =>
  behindMs.map((behind, index) => ({ atMs: (index + 1) * 200 + behind, durationMs: 200, capturedAtMs: index * 200 }));

describe('the ingest suite’s figures', () => {
  it('a way in has the medians of its rounds, and the worst; a round without a picture is in neither', () => {
    const { firstFrameMs, mostFirstFrameMs, takenMs } = summarizeWay([round(1000), round(null), round(3000), round(1200)], []);
    expect({ firstFrameMs, mostFirstFrameMs, takenMs }).toEqual({ firstFrameMs: 1200, mostFirstFrameMs: 3000, takenMs: null });
  });

  it('a rendition that keeps up has as much media as time passed, and is not further behind at the end', () => {
    const pace = paceOf('one/1', { published: published(Array.from({ length: 100 }, () => 30)), fromMs: 0, toMs: 20_030 });
    expect(pace).toMatchObject({ channel: 'one', rendition: 1, parts: 100, behindMs: { p50: 30, p99: 30 }, behindGrowthMs: 0 });
    expect(pace.paceRatio).toBeCloseTo(1, 2);
  });

  it('one that does not falls behind', () => {
    const pace = paceOf('one/0', { published: published(Array.from({ length: 100 }, (_, index) => index * 10)), fromMs: 0, toMs: 25_000 });
    expect(pace.behindGrowthMs).toBeCloseTo(750, 5);
    expect(pace.paceRatio).toBeCloseTo(0.8, 5);
  });

  it('memory’s growth is the slope of a line through its readings', () => {
    expect(slopeOf([[0, 5], [10, 25], [20, 45]])).toBeCloseTo(2, 9);
    expect(slopeOf([[0, 5]])).toBe(0);
  });

  it('the table judges each way in by its bar, and says what was left out', () => {
    const report: IngestReport = {
      suite: 'ingest',
      startedAt: new Date(0).toISOString(),
      machine: { cpu: 'made up', cores: 2, memoryBytes: 1, os: 'none', node: '20', chromium: '1', ffmpeg: '5' },
      config: { ways: ['rtmp', 'studio'], rounds: 3, channels: 0, seconds: 0, lossPercent: [], notes: ['srt is left out.'] },
      results: { ways: { rtmp: summarizeWay([round(1000)], []), studio: summarizeWay([round(3500)], []) }, channels: null, lossy: [], avSync: {} },
    };
    const text = formatIngestReport(ingestReportSchema.parse(report));
    expect(text).toMatch(/rtmp: publishing to first frame +1\.00 s +≤ 3\.00 s +ok/);
    expect(text).toMatch(/studio: publishing to first frame +3\.50 s +≤ 3\.00 s +NOT MET/);
    expect(text).toContain('srt is left out.');
  });
});
