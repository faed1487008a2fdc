import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { RecordingListing } from '@p2ptv/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readCues } from '../../src/captions/text-cue.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { FileSource } from '../../src/ingest/file-source.js';
import { measureTurnMs } from '../../src/ingest/media-probe.js';
import { Origin } from '../../src/server/origin.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { inputsOf, ON_LOOPBACK } from '../server/origin-fixture.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

const run = promisify(execFile);

/** A film of 3 s, with sound and a caption; another may lie far beyond its end. */
async function makeFilm({ isOverlong = false } = {}): Promise<string> {
  const [film, titles] = [join(folder.path, 'film.mkv'), join(folder.path, 'titles.srt')];
  writeFileSync(titles, `1\n00:00:00,500 --> 00:00:01,500\nGood evening\n${isOverlong ? '\n2\n00:10:00,000 --> 00:10:02,000\nNever\n' : ''}`);
  const { path } = await locateFfmpeg();
  await run(path, ['-f', 'lavfi', '-i', 'testsrc=s=160x90:r=30:d=3', '-f', 'lavfi', '-i', 'sine=d=3', '-i', titles, '-map', '0', '-map', '1', '-map', '2', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-c:s', 'srt', '-metadata:s:s:0', 'language=eng', film]);
  return film;
}

/** An ffmpeg that tells its process and then stands still where it is to read captions. */
async function standingFfmpeg(): Promise<{ readonly path: string; readonly pid: () => number | undefined }> {
  const [path, pidFile] = [join(folder.path, 'ffmpeg'), join(folder.path, 'pid')];
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *webvtt*) echo $$ > '${pidFile}'; exec sleep 600;; *) exec '${(await locateFfmpeg()).path}' "$@";; esac\n`, { mode: 0o755 });
  return { path, pid: () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) || undefined : undefined) };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a file that runs as a channel', () => {
  it('is not read for its captions any more when it is closed', async () => {
    const ffmpeg = await standingFfmpeg();
    const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: await makeFilm() });
    await source.open(new AbortController().signal);
    const pid = await vi.waitUntil(ffmpeg.pid, { timeout: 10_000, interval: 20 });
    expect(runs(pid)).toBe(true);
    await source.close();
    await vi.waitUntil(() => !runs(pid), { timeout: 10_000, interval: 20 });
  });


  it('is measured as ffmpeg counts it when it loops', async () => {
    const film = await makeFilm();
    const { path } = await locateFfmpeg();
    const turnMs = await measureTurnMs(path, film, { hasVideo: true, hasAudio: true });
    // Where the caption stands in the 20th turn, by ffmpeg itself.
    const args = ['-v', 'error', '-stream_loop', '20', '-i', film, '-map', '0:v:0', '-f', 'null', '-', '-map', '0:a:0', '-f', 'null', '-', '-map', '0:s:0', '-f', 'webvtt', 'pipe:1'];
    const cues = readCues((await run(path, args, { encoding: 'utf8' })).stdout).filter(({ text }) => text === 'Good evening');
    expect(cues).toHaveLength(21);
    expect(Math.abs(cues[20]!.startMs - cues[0]!.startMs - 20 * turnMs!)).toBeLessThan(5);
    expect(await measureTurnMs(path, join(folder.path, 'none.mp4'), { hasVideo: true, hasAudio: true })).toBeUndefined();
  });

  it('PL22, RC13: brings its captions turn after turn, and into its recording; the picture goes on however they are', async () => {
    const source = await FileSource.create({ ffmpegPath: (await locateFfmpeg()).path, file: await makeFilm({ isOverlong: true }) });
    const store = SqliteStore.open(join(folder.path, 'state.db'));
    const channels = [channelSettingsSchema.parse({ slug: 'main', title: 'Film', ladder: [90], isRecorded: true })];
    const origin = await Origin.start({ dataFolder: folder.path, channels, ...ON_LOOPBACK, inputs: inputsOf(() => source), store, logger: pino({ level: 'silent' }) });
    try {
      const { live } = origin.channels.require('main');
      await vi.waitUntil(() => (live.log.last?.mediaSequence ?? 0) >= 5, { timeout: 30_000, interval: 100 });
      expect(live.captions).toEqual([{ language: 'en', name: 'English' }]);
      // The file did not begin anew with ffmpeg.
      expect(live.record?.epoch).toBe(live.log.timeline.segments[0]?.epoch);
      const starts = live.log.timeline.segments.flatMap(({ epoch, mediaSequence }) => readCues(live.textCaptions.segment(0, { epoch, mediaSequence }, 2) ?? ''));
      const turns = [...new Set(starts.map(({ startMs }) => startMs))];
      expect(starts.every(({ text }) => text === 'Good evening')).toBe(true);
      expect(turns.length).toBeGreaterThanOrEqual(3);
      for (const [turn, startMs] of turns.entries()) expect(Math.abs(startMs - 500 - turn * (turns[1]! - turns[0]!))).toBeLessThan(60);
      await origin.channels.require('main').stop();
      await vi.waitUntil(() => store.recordings.search({ states: ['ready'], offset: 0, limit: 1 }).total === 1, { timeout: 10_000, interval: 50 });
      const base = `http://127.0.0.1:${origin.port}`;
      const { recordings } = (await (await fetch(`${base}/api/recordings`)).json()) as { recordings: RecordingListing[] };
      const recording = (await (await fetch(`${base}/api/recordings/${recordings[0]?.id}`)).json()) as RecordingListing;
      expect(recording.captions).toMatchObject([{ language: 'en', name: 'English' }]);
      expect(await (await fetch(`${base}/api/streams/${recording.id}`)).json()).not.toHaveProperty('captions');
      const cues = readCues(await (await fetch(`${base}${recording.captions?.[0]?.path}`)).text());
      expect(cues.slice(0, turns.length - 1).map(({ startMs }) => startMs)).toEqual(turns.slice(0, -1));
    } finally {
      await origin.close();
      store.close();
    }
  });
});
