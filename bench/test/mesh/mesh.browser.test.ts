import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meshReportSchema, type MeshReport } from '../../src/mesh/report.js';
import { readProcesses } from '../../src/process-times.js';

/** The built bench on the built origin, as users run them: `npm test` builds before it comes here. */
const CLI = fileURLToPath(new URL('../../dist/entry/cli.js', import.meta.url));
const PEERS = 4;
const SECONDS = 12;

/** A mesh that has not ended by then never does, ms. */
const END_LIMIT_MS = 150_000;

const TOO_SLOW = 'The origin said: This machine is too slow for what it is to encode';

type Ending = { readonly code: number | null; readonly output: string; readonly report: MeshReport };

/** Runs a small mesh; `whenPlaying` is called once, when it says that all are there. */
function mesh(json: string, run: { folder: string; whenPlaying?: (pid: number) => void }): Promise<Ending> {
  const flags = ['--peers', String(PEERS), '--browsers', '0', '--downlink-kbps', '8000', '--seconds', String(SECONDS), '--arrival-seconds', '2', '--processes', '2', '--json', json];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'mesh', ...flags], { env: { ...process.env, TMPDIR: run.folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isPlaying = false;
    const hear = (text: Buffer): void => {
      output += text.toString();
      if (isPlaying || !output.includes(`${PEERS} viewers (`)) return;
      isPlaying = true;
      run.whenPlaying?.(child.pid ?? 0);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the mesh of ${json} did not end: ${output}`));
    }, END_LIMIT_MS);
    child.once('close', (code) => {
      clearTimeout(limit);
      if (existsSync(json)) resolve({ code, output, report: meshReportSchema.parse(JSON.parse(readFileSync(json, 'utf8'))) });
      else reject(new Error(`the mesh of ${json} ended without figures: ${output}`));
    });
  });
}

/** Starts one whose workers warm up, and stops it while they do. */
function stopWhileWarmingUp(json: string, folder: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const flags = ['--peers', '10', '--processes', '1', '--browsers', '0', '--json', json];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, 'mesh', ...flags], { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isStopped = false;
    const hear = (text: Buffer): void => {
      output += text.toString();
      if (isStopped || !output.includes('warming up')) return;
      isStopped = true;
      child.kill('SIGINT');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** A worker of a bench; the origin is a child of it too. */
function killWorkerOf(benchPid: number): void {
  const children = (readProcesses() ?? []).filter(({ parentPid }) => parentPid === benchPid);
  const worker = children.find(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker.js'));
  process.kill(worker!.pid, 'SIGKILL');
}

// Two of these runs find processes by /proc.
describe.skipIf(process.platform !== 'linux')('the mesh suite', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-mesh-test-'));
  const jsonOf = (name: string): string => join(folder, `${name}.json`);
  let whole: Ending;
  let crippled: Ending;
  let stopped: Ending;

  beforeAll(async () => {
    [whole, crippled, stopped] = await Promise.all([
      mesh(jsonOf('whole'), { folder }),
      mesh(jsonOf('crippled'), { folder, whenPlaying: killWorkerOf }),
      mesh(jsonOf('stopped'), { folder, whenPlaying: (pid) => process.kill(pid, 'SIGINT') }),
    ]);
  }, 180_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('measures Node viewers that feed each other, and simulates the same', () => {
    const { mesh: real, sim } = whole.report.results;
    // On a machine that has not even the time to encode, the origin says so: no other complaint passes.
    expect(real.failures.filter((failure) => !failure.startsWith(TOO_SLOW))).toEqual([]);
    expect(whole.code).toBe(real.failures.length === 0 ? 0 : 1);
    expect([real.viewers, sim?.viewers]).toEqual([PEERS, PEERS]);
    expect(real.neighbours.least).toBeGreaterThan(0);
    expect(real.mechanisms['pushesReceived']).toBeGreaterThan(0);
    expect(real.chunkDelayMs?.p50).toBeGreaterThan(0);
    expect(real.linkDelayMs.samples).toBeGreaterThan(0);
    expect(real.linkSetupMs.samples).toBeGreaterThan(0);
    expect(real.playoutDelayMs?.p50).toBeGreaterThan(1_000);
    expect(sim?.chunkDelayMs?.p50).toBeGreaterThan(0);
    expect(whole.output).toMatch(/mesh over simulator/);
  });

  it('gives the simulator the same uplinks and the same stream', () => {
    const { mesh: real, sim } = whole.report.results;
    // Both list who came in the order of coming, and on a busy machine a worker may be late.
    const uplinksOf = (peers: readonly { readonly uplinkKbps: number }[] = []): number[] => peers.map(({ uplinkKbps }) => uplinkKbps).sort((one, other) => one - other);
    expect(uplinksOf(real.series.peers)).toEqual(uplinksOf(sim?.series.peers));
    const bytesOf = (peers: readonly { readonly receivedBytes: number }[] = []): number => peers.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
    expect(bytesOf(real.series.peers) / bytesOf(sim?.series.peers)).toBeGreaterThan(0.5);
  });

  it('counts as the origin does', () => {
    expect(whole.report.results.mesh.totalsDifferenceRatio).toBeLessThan(0.05);
  });

  it('says that a worker has died, and gives what was measured by then', () => {
    expect(crippled.code).toBe(1);
    const { mesh: real, sim } = crippled.report.results;
    expect(real.failures).toContainEqual(expect.stringMatching(/^After [\d.]+ s: Worker \d of 2 ended by SIGKILL, and its viewers with it\.$/));
    expect(real.ranSeconds).toBeLessThan(SECONDS);
    expect(real.viewers).toBe(PEERS);
    expect(sim).toBeUndefined();
  });

  it('writes what was measured when somebody stops it', () => {
    expect(stopped.code).toBe(130);
    expect(stopped.output).toContain('has what was measured');
    expect(stopped.report.results.mesh.ranSeconds).toBeGreaterThan(2);
    expect(stopped.report.results.mesh.ranSeconds).toBeLessThan(SECONDS);
  });

  it('is stopped while its workers warm up, before there is anything to write', async () => {
    const { code, output } = await stopWhileWarmingUp(jsonOf('early'), folder);
    expect(code, output).toBe(130);
    expect(output).not.toContain('of 90 s');
  });

  it('leaves nothing behind', () => {
    expect(readdirSync(folder).sort()).toEqual(['crippled.json', 'stopped.json', 'whole.json']);
  });
});
