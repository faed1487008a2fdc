import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { originReportSchema, type OriginReport } from '../../src/origin/report.js';

/** The built bench on the built origin, as users run them: `npm test` builds before it comes here. */
const CLI = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));
const PART_BYTES = (1_000_000 / 8) * 0.2;

describe('the origin suite', () => {
  // Also the bench's own temporary folder: what is left behind shows.
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  const json = join(folder, 'out.json');
  let output = '';
  let report: OriginReport;

  beforeAll(async () => {
    const args = ['origin', '--clients', '5,20', '--rounds', '2', '--seconds', '1', '--connections', '2', '--rate-kbps', '1000', '--client-processes', '2', '--json', json];
    output = await new Promise((resolve, reject) => {
      execFile(process.execPath, [CLI, ...args], { env: { ...process.env, TMPDIR: folder } }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr + stdout, { cause: error }));
        else resolve(stdout);
      });
    });
    report = originReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('releases every client that waits, for playlists and for parts', () => {
    const { releases, failures } = report.results.p2ptv;
    expect(failures).toEqual([]);
    expect(releases.map(({ waitedFor, clients }) => [waitedFor, clients])).toEqual([['playlist', 5], ['part', 5], ['playlist', 20], ['part', 20]]);
    for (const { waitedFor, releaseMs, lastMs, bytesPerAnswer } of releases) {
      expect(releaseMs.p50).toBeGreaterThan(0);
      expect(lastMs.max).toBe(releaseMs.max);
      if (waitedFor === 'part') expect(bytesPerAnswer).toBe(PART_BYTES);
      else expect(bytesPerAnswer).toBeGreaterThan(100);
    }
  });

  it('has a bare server write the same bytes to as many, in turn', () => {
    for (const { bare, releaseMs } of report.results.p2ptv.releases) {
      expect(bare.releaseMs.p99).toBeGreaterThan(0);
      expect(bare.releaseP99Ratio).toBeCloseTo(releaseMs.p99! / bare.releaseMs.p99!, 6);
      expect(bare.lastRatio).toBeGreaterThan(0);
    }
    expect(output).toContain('bare TCP server, same bytes');
  });

  it('downloads segments, and tells what a channel costs where that can be read', () => {
    const { segments, channelCpuRatio } = report.results.p2ptv;
    expect(segments!.bytesPerSecond).toBeGreaterThan(PART_BYTES);
    if (process.platform === 'linux') expect(channelCpuRatio).toBeGreaterThan(0);
    expect(output).toMatch(/segments +p2ptv +nginx +ratio/);
  });

  it('says so where there is no nginx, and holds nothing against it', () => {
    const isThere = report.results.nginx !== undefined;
    expect(output.includes('There is no nginx to compare segments with')).toBe(!isThere);
    expect(output.includes('segment bytes/s / nginx')).toBe(isThere);
  });

  it('leaves nothing behind but its figures', () => {
    expect(readdirSync(folder)).toEqual(['out.json']);
  });
});
