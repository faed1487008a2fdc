import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runWithHeapFor } from '../../src/sim/heap.js';

describe('a run in a process with a heap of its own', () => {
  const [, bench = ''] = process.argv;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2ptv-test-'));
    process.argv[1] = join(folder, 'program.cjs');
  });
  afterEach(() => {
    process.argv[1] = bench;
    rmSync(folder, { recursive: true });
  });

  const run = (program: string): Promise<boolean | undefined> => {
    writeFileSync(join(folder, 'program.cjs'), program);
    return runWithHeapFor(10_000, 0, { signal: new AbortController().signal, print: () => undefined });
  };

  it('passes on whether all was met', async () => {
    expect(await run('process.exit(0)')).toBe(true);
    expect(await run('process.exit(1)')).toBe(false);
  });

  it('that is killed says so, for it could not itself', async () => {
    await expect(run("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1e6);")).rejects.toMatchObject({
      code: 'BENCH_FAILED',
      message: expect.stringContaining('SIGKILL') as string,
    });
  });
});
