import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { browserReportSchema } from '../../src/browser/report.js';

/** The built bench on the built origin, as users run them: `npm test` builds before it comes here. */
const CLI = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));

describe('a scenario of the browser suite', { timeout: 120_000 }, () => {
  // Also the bench's and the origin's own temporary folder: what is left behind shows.
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('no-webrtc: who has none plays from the origin, and disturbs nobody', async () => {
    const json = join(folder, 'out.json');
    const flags = ['--scenario', 'no-webrtc', '--viewers', '2', '--seconds', '5', '--stagger-ms', '500', '--height', '180', '--systems', 'p2ptv'];
    await promisify(execFile)(process.execPath, [CLI, 'browser', ...flags, '--json', json], { env: { ...process.env, TMPDIR: folder } });
    const { config, results } = browserReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(config).toMatchObject({ scenario: 'no-webrtc', lines: null });
    const { failures, groups } = results['p2ptv']!;
    expect(failures).toEqual([]);
    const { withoutWebRtc, others } = groups;
    expect(withoutWebRtc).toMatchObject({ viewers: 1, peerMediaBytes: 0 });
    expect(withoutWebRtc!.handedBytes).toBeGreaterThan(0);
    expect(withoutWebRtc!.originBytes).toBeGreaterThan(withoutWebRtc!.handedBytes * 0.9);
    expect(others!.handedBytes).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['out.json']);
  });
});
