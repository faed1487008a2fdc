import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { RenditionId } from '@p2ptv/protocol';
import { describe, expect, it, vi } from 'vitest';

import { planCadence } from '../../src/encode/cadence.js';
import { encoderArguments, type EncoderRun } from '../../src/encode/encoder-arguments.js';
import { startEncoderSession, type EncoderSession, type SessionEnd } from '../../src/encode/encoder-session.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import type { AssembledPart } from '../../src/fragment/part-assembler.js';
import type { SourceFeed } from '../../src/ingest/source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { allFfmpegs, withFolder } from './encoder-fixture.js';
import { VirtualTime } from './virtual-time.js';

const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

async function runOf(ffmpeg: Ffmpeg, change: Partial<SourceFeed> = {}): Promise<EncoderRun> {
  const feed = await new TestCardSource({ width: 320, height: 180 }).open(new AbortController().signal);
  return {
    ffmpeg,
    feed: { ...feed!, ...change },
    cadence: planCadence({ frameRate: feed!.media.frameRate, partMs: 200 }),
    renditions: [{ rendition: 0 as RenditionId, bounds: { width: 1280, height: 720 }, videoBitrateKbps: 300 }],
    encoding: {},
  };
}

function started(run: EncoderRun): { session: EncoderSession; firstPart: Promise<AssembledPart>; end: Promise<SessionEnd>; partCount: () => number } {
  let onPart: (part: AssembledPart) => void;
  let onEnd: (end: SessionEnd) => void;
  let count = 0;
  const firstPart = new Promise<AssembledPart>((resolve) => (onPart = resolve));
  const end = new Promise<SessionEnd>((resolve) => (onEnd = resolve));
  const session = startEncoderSession(run, clock, {
    onInit: () => {},
    onPart: (part) => {
      count++;
      onPart(part);
    },
    onEnd: (ended) => onEnd(ended),
  });
  return { session, firstPart, end, partCount: () => count };
}

/** A session whose ffmpeg can be stopped like a process that hangs. */
async function hangable(
  folder: string,
  ffmpeg: Ffmpeg,
  change: Partial<SourceFeed>,
): Promise<ReturnType<typeof started> & { time: VirtualTime; pid: number }> {
  const path = join(folder, 'ffmpeg');
  await writeFile(path, `#!/bin/sh\necho $$ > '${folder}/pid'\nexec '${ffmpeg.path}' "$@"\n`, { mode: 0o755 });
  const time = new VirtualTime();
  const run = started({ ...(await runOf({ ...ffmpeg, path }, change)), startTimer: time.startTimer });
  await run.firstPart;
  return { ...run, time, pid: Number(await readFile(join(folder, 'pid'), 'utf8')) };
}

/** Lets what is on its way from a process that has just been stopped arrive. */
async function drained(partCount: () => number): Promise<void> {
  for (let before = -1; before !== partCount(); ) {
    before = partCount();
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const ffmpeg of await allFfmpegs()) {
  describe(`a session of ffmpeg ${ffmpeg.version}`, () => {
    it('ends when it is asked to, and gives nothing afterwards', async () => {
      const { session, firstPart, end, partCount } = started(await runOf(ffmpeg));
      await firstPart;
      const before = partCount();
      await session.stop();
      expect(await end).toEqual({ kind: 'finished' });
      expect(partCount()).toBe(before);
    });

    it('tells the exit code and the last lines when ffmpeg fails', async () => {
      const { end } = started(await runOf(ffmpeg, { inputArguments: ['-i', 'file:there/is/nothing.mp4'], audioMap: undefined }));
      expect(await end).toMatchObject({
        kind: 'died',
        exitCode: 1,
        lastLines: expect.arrayContaining([expect.stringContaining('No such file or directory')]) as unknown,
      });
    });

    it('is reported when somebody kills ffmpeg', async () => {
      await withFolder(async (folder) => {
        const path = join(folder, 'ffmpeg');
        await writeFile(path, `#!/bin/sh\necho $$ > '${folder}/pid'\nexec '${ffmpeg.path}' "$@"\n`, { mode: 0o755 });
        const { firstPart, end } = started(await runOf({ ...ffmpeg, path }));
        await firstPart;
        process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGKILL');
        expect(await end).toMatchObject({ kind: 'died', exitCode: null });
      });
    });

    it.each([
      ['an input of its own', false, 15],
      ['what we feed it', true, 5],
    ])('is given up and killed when it hangs over %s', async (_name, isFed, limitSeconds) => {
      await withFolder(async (folder) => {
        const stdin = new PassThrough();
        const { time, pid, end, partCount } = await hangable(folder, ffmpeg, isFed ? { stdin } : {});
        time.advance(1000);
        process.kill(pid, 'SIGSTOP');
        await drained(partCount);
        time.advance(1000);
        for (let second = 0; second < limitSeconds; second++) {
          expect(isAlive(pid)).toBe(true);
          stdin.write('some input');
          await drained(partCount);
          time.advance(1000);
        }
        // It does not hear the SIGTERM.
        time.advance(1000);
        expect(await end).toMatchObject({ kind: 'died', lastLines: expect.arrayContaining([`the encoder gave nothing for ${limitSeconds} s`]) as unknown });
        expect(isAlive(pid)).toBe(false);
      });
    });

    it('is given up when it does not even take what waits for it', async () => {
      await withFolder(async (folder) => {
        const stdin = new PassThrough();
        const { time, pid, end, partCount } = await hangable(folder, ffmpeg, { stdin });
        time.advance(1000);
        process.kill(pid, 'SIGSTOP');
        stdin.write(Buffer.alloc(1_000_000));
        await drained(partCount);
        for (let second = 0; second < 8; second++) {
          time.advance(1000);
          await drained(partCount);
        }
        expect(await end).toMatchObject({ kind: 'died' });
      });
    });

    it('is not blamed for a publisher that is silent', async () => {
      await withFolder(async (folder) => {
        const { time, pid, session, end, partCount } = await hangable(folder, ffmpeg, { stdin: new PassThrough() });
        time.advance(1000);
        process.kill(pid, 'SIGSTOP');
        await drained(partCount);
        for (let second = 0; second < 60; second++) time.advance(1000);
        process.kill(pid, 'SIGCONT');
        const before = partCount();
        await vi.waitUntil(() => partCount() > before, { timeout: 40_000, interval: 20 });
        await session.stop();
        expect(await end).toEqual({ kind: 'finished' });
      });
    });

    it('hangs no longer than a second when we stop, and not beyond our exit', async () => {
      await withFolder(async (folder) => {
        const exitListeners = process.listeners('exit');
        const { time, pid, session } = await hangable(folder, ffmpeg, {});
        process.kill(pid, 'SIGSTOP');
        const stopped = session.stop();
        time.advance(1000);
        await stopped;
        expect(isAlive(pid)).toBe(false);
        expect(process.listeners('exit')).toEqual(exitListeners);
      });
      await withFolder(async (folder) => {
        const exitListeners = process.listeners('exit');
        const { pid, end } = await hangable(folder, ffmpeg, {});
        process.kill(pid, 'SIGSTOP');
        for (const listener of process.listeners('exit')) if (!exitListeners.includes(listener)) listener.call(process, 0);
        expect(await end).toMatchObject({ kind: 'died' });
        expect(isAlive(pid)).toBe(false);
      });
    });

    it('ends with the bytes that we feed it', async () => {
      const { end } = started(
        await runOf(ffmpeg, {
          stdin: Readable.from([Buffer.from('no media at all')]),
          inputArguments: ['-f', 'flv', '-i', 'pipe:0'],
          audioMap: undefined,
        }),
      );
      expect(await end).toMatchObject({ kind: 'died' });
    });

    it('does not outlive a process of ours that was killed', async () => {
      const args = encoderArguments(await runOf(ffmpeg));
      const script = `
        const child = require('node:child_process').spawn(process.argv[1], JSON.parse(process.argv[2]), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
        child.stdio[3].resume();
        child.stdout.once('data', () => console.log(child.pid)).resume();`;
      const parent = spawn(process.execPath, ['-e', script, ffmpeg.path, JSON.stringify(args)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
      await vi.waitUntil(() => !isAlive(pid), { timeout: 40_000, interval: 50 });
    });
  });
}

it('a binary that cannot be run is a death, not an exception', async () => {
  const run = await runOf({ path: 'there/is/no/ffmpeg', version: '', foundBy: 'environment', constantRateOptions: [] });
  expect(await started(run).end).toMatchObject({ kind: 'died', exitCode: null });
});
