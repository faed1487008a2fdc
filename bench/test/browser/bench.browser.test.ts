import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserReportSchema, type BrowserReport } from '../../src/browser/report.js';

/** The built bench on the built origin, as users run them: `npm test` builds before it comes here. */
const CLI = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));
const VIEWERS = 2;
const SECONDS = 6;
const STARTS = 2;

type Ending = { readonly code: ExecFileException['code']; readonly output: string };

function bench(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ending> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(process.execPath, [CLI, 'browser', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr });
    });
  });
}

describe('the browser suite', { timeout: 180_000 }, () => {
  // Also the bench's and the origin's own temporary folder: what is left behind shows.
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-test-'));
  const json = join(folder, 'out.json');
  const html = join(folder, 'out.html');
  const where = { TMPDIR: folder };
  let ending: Ending;
  let report: BrowserReport;

  beforeAll(async () => {
    const flags = ['--viewers', String(VIEWERS), '--seconds', String(SECONDS), '--systems', 'hlsjs,p2ptv', '--stagger-ms', '500', '--starts', String(STARTS)];
    ending = await bench([...flags, '--height', '180', '--json', json, '--html', html], where);
    expect(ending).toMatchObject({ code: 0 });
    report = browserReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('measures every system, in the order asked for', () => {
    expect(report.config).toMatchObject({ viewers: VIEWERS, seconds: SECONDS, systems: ['hlsjs', 'p2ptv'], height: 180 });
    expect(Object.keys(report.results)).toEqual(['hlsjs', 'p2ptv']);
    expect(report.machine.chromium).toMatch(/^\d+\./);
    expect(report.machine.ffmpeg).not.toBe('unknown');
  });

  it.each(['hlsjs', 'p2ptv'])('reads the same clock for %s as for any other', (system) => {
    const result = report.results[system]!;
    expect(result.failures).toEqual([]);
    expect(result.startupMs.all).toHaveLength(VIEWERS * STARTS);
    expect(result.startupFromNavigationMs.all).toHaveLength(VIEWERS);
    // Three to four readings a second; a busy machine drops some.
    expect(result.playoutDelayMs.samples).toBeGreaterThan(VIEWERS * SECONDS);
    expect(result.playoutDelayMs.invalidReads).toBeLessThan(result.playoutDelayMs.samples / 10);
    expect(result.playoutDelayMs.p50).toBeGreaterThan(200);
    expect(result.playoutDelayMs.p50).toBeLessThan(10_000);
    expect(result.rounds.flatMap(({ viewers }) => viewers).map(({ watchedSeconds }) => Math.round(watchedSeconds))).toEqual([SECONDS, SECONDS]);
  });

  it.each(['hlsjs', 'p2ptv'])('accounts for every byte of %s', (system) => {
    const result = report.results[system]!;
    // At least 100 kb/s of picture and sound were watched.
    expect(result.handedBytes).toBeGreaterThan(VIEWERS * SECONDS * 12_500);
    expect(result.totalsDifferenceRatio).toBeLessThan(0.05);
    expect(result.meanViewers).toBeGreaterThan(1.5);
    expect(result.offloadRatio).toBeLessThan(result.offloadLimitRatio + 0.05);
    // Each byte leaves the origin at least once, and once more for a viewer at the most; the joins overlap.
    expect(result.copiesPerChunk).toBeGreaterThan(0.9);
    expect(result.copiesPerChunk).toBeLessThan(VIEWERS + 0.5);
    // A peak is no less than what was sent evenly.
    const sentBits = Object.values(result.originBytes).reduce((sum, bytes) => sum + bytes, 0) * 8;
    expect(result.originPeakBitsPerSecond).toBeGreaterThan(sentBits / (SECONDS + 5));
  });

  it('finds no peers in plain hls.js, and some in P2PTV', () => {
    const { hlsjs, p2ptv } = report.results;
    expect(hlsjs!.mediaBytes.peers).toBe(0);
    expect(hlsjs!.offloadRatio).toBeLessThan(0);
    expect(hlsjs!.originBytes.playlists).toBeGreaterThan(0);
    expect(p2ptv!.mediaBytes.peers).toBeGreaterThan(0);
    expect(p2ptv!.chunksVerified).toBeGreaterThan(0);
    expect(p2ptv!.originBytes.join).toBeGreaterThan(0);
  });

  it('tells how it goes, and ends with the bars', () => {
    expect(ending.output).toMatch(/p2ptv: +\d+ s +\d of 2 playing +delay p50 \d+ ms +offload so far/);
    expect(ending.output).toMatch(/totalsDifferenceRatio +\d/);
  });

  it('holds P2PTV against plain hls.js, viewer by viewer and click by click', () => {
    const { hlsjs, p2ptv } = report.results;
    const [mine, its] = [p2ptv!, hlsjs!].map(({ startupMs }) => startupMs.all);
    expect(p2ptv!.ratiosToHlsjs?.startupMs.all).toEqual(mine!.map((startupMs, index) => startupMs / its![index]!));
    expect(hlsjs!.ratiosToHlsjs).toBeNull();
  });

  it('writes a page that needs nothing but itself, with a picture of each player', () => {
    const page = readFileSync(html, 'utf8');
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(2);
    expect(page).not.toMatch(/<script|<link|(?:src|href)="(?!data:)/);
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(folder).sort()).toEqual(['out.html', 'out.json']);
  });

  it('names what is missing in one sentence', async () => {
    const flags = ['--viewers', '1', '--seconds', '5', '--json', json];
    const [noChromium, noFfmpeg] = await Promise.all([
      bench(flags, { ...where, P2PTV_CHROMIUM: '/no/such/browser' }),
      bench(flags, { ...where, P2PTV_FFMPEG: '/no/such/ffmpeg' }),
    ]);
    expect(noChromium).toEqual({ code: 1, output: 'P2PTV_CHROMIUM names /no/such/browser, which is no program.\n' });
    expect(noFfmpeg).toMatchObject({ code: 1, output: expect.stringContaining('P2PTV_FFMPEG must name one') as string });
    expect(readdirSync(folder).sort()).toEqual(['out.html', 'out.json']);
  });
});
