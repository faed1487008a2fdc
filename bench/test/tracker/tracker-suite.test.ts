import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { trackerReportSchema, type TrackerReport } from '../../src/tracker/report.js';

/** The built bench on the built tracker, as users run them: `npm test` builds before it comes here. */
const CLI = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));

describe('the tracker suite', () => {
  // Also the bench's own temporary folder: what is left behind shows.
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  const json = join(folder, 'out.json');
  let output = '';
  let report: TrackerReport;

  beforeAll(async () => {
    const args = ['tracker', '--sockets', '40', '--seconds', '1', '--clients', '2', '--json', json];
    output = await new Promise((resolve, reject) => {
      execFile(process.execPath, [CLI, ...args], { env: { ...process.env, TMPDIR: folder } }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr + stdout, { cause: error }));
        else resolve(stdout);
      });
    });
    report = trackerReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(['p2ptv', 'bittorrent-tracker'])('measures %s with real connections, none of which is lost', (system) => {
    const { levels, failures } = report.results[system]!;
    expect(failures).toEqual([]);
    expect(levels.map(({ sockets }) => sockets)).toEqual([40]);
    for (const { joins, arrivals, signals, pacedJoins, wantedJoins } of levels) {
      for (const { perSecond, perCpuSecond } of [joins, arrivals, signals]) {
        expect(perSecond).toBeGreaterThan(0);
        expect(perCpuSecond).toBeGreaterThan(0);
      }
      expect(pacedJoins.samples).toBe(Math.floor(pacedJoins.perSecond / 2) * 2);
      expect(wantedJoins.perSecond).toBe(1_500);
      expect(wantedJoins.p99Ms).toBeGreaterThanOrEqual(wantedJoins.p50Ms!);
      expect(pacedJoins.p99Ms).toBeGreaterThanOrEqual(pacedJoins.p50Ms!);
    }
  });

  it('prints the figures, how they compare, and the bars', () => {
    expect(output).toContain('p2ptv / bittorrent-tracker');
    expect(output).toMatch(/joins\/s on one core, 40 sockets +[\d,]+ +≥ 3,000 +(ok|NOT MET)/);
    expect(output).toMatch(/\d of 3 bars met\./);
  });

  it('leaves nothing behind but its figures', () => {
    expect(readdirSync(folder)).toEqual(['out.json']);
  });
});
