import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';

import { Encoder } from '../../src/encode/encoder.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { feedStream } from '../../src/channel/encoder-feed.js';
import { openStream, temporaryFolder } from '../package/stream-fixture.js';
import { startOrigin } from './origin-fixture.js';

const run = promisify(execFile);

/** How long ffmpeg and ffprobe play; the tests in plain browsers take it too. */
const SECONDS = Number(process.env['P2PTV_PLAIN_HLS_SECONDS'] ?? 4);

const RATES = [
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30_000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60, denominator: 1 },
];

describe('from the encoder to the playlist', () => {
  it.each(RATES)('at $numerator/$denominator fps all parts but a segment’s last are at least 85 % of PART-TARGET, and none is longer', async (frameRate) => {
    const folder = temporaryFolder();
    const { live } = openStream(folder.path);
    const encoder = new Encoder({
      ffmpeg: await locateFfmpeg(),
      source: new TestCardSource({ width: 160, height: 90, frameRate, isPaced: false, durationSeconds: 6 }),
      cadence: { partMs: 200, segmentMs: 2000 },
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
    });
    feedStream(encoder, live, { encoding: {}, logger: pino({ level: 'silent' }) });
    const isEnded = new Promise<void>((resolve) => void encoder.on('exhausted', () => resolve()));
    encoder.start();
    await isEnded;
    const { partTargetMs, targetDurationSeconds } = live.playlistOptions(live.defaultRendition, false)!;
    const { segments } = live.log.timeline;
    expect(segments.length).toBeGreaterThanOrEqual(3);
    for (const segment of segments) {
      expect(Math.round(segment.durationUs / 1e6)).toBeLessThanOrEqual(targetDurationSeconds);
      expect(segment.parts[0]!.isIndependent).toBe(true);
      for (const [index, part] of segment.parts.entries()) {
        expect(part.durationUs / 1000).toBeLessThanOrEqual(partTargetMs);
        if (index < segment.parts.length - 1) expect(part.durationUs / 1000).toBeGreaterThanOrEqual(partTargetMs * 0.85);
      }
    }
    live.close();
    folder.remove();
  });
});

describe('a live origin', () => {
  let origin: Awaited<ReturnType<typeof startOrigin>>;
  beforeAll(async () => {
    origin = await startOrigin();
  });
  afterAll(() => origin.close());

  it('plays in ffmpeg without an error line', async () => {
    const { path } = await locateFfmpeg();
    const args = ['-v', 'error', '-i', `${origin.base}/index.m3u8`, '-t', String(SECONDS), '-f', 'null', '-progress', 'pipe:1', '-'];
    const { stdout, stderr } = await run(path, args, { timeout: 50_000 + SECONDS * 1000 });
    expect(stderr).toBe('');
    expect(Number(/.*out_time_us=(\d+)/s.exec(stdout)?.[1]) / 1e6).toBeGreaterThan(SECONDS - 0.5);
  }, 60_000 + SECONDS * 1000);

  it.skipIf(!hasFfprobe())('is read by ffprobe without an error line', async () => {
    const args = ['-v', 'error', '-read_intervals', `%+${SECONDS}`, '-show_entries', 'packet=codec_type,pts_time', '-of', 'csv=p=0', `${origin.base}/index.m3u8`];
    const { stdout, stderr } = await run('ffprobe', args, { timeout: 50_000 + SECONDS * 1000, maxBuffer: 64 * 1024 * 1024 });
    expect(stderr).toBe('');
    const packets = stdout.trim().split('\n').map((line) => line.split(','));
    for (const kind of ['video', 'audio']) {
      const times = packets.filter(([type]) => type === kind).map(([, time]) => Number(time));
      expect(Math.max(...times) - Math.min(...times), kind).toBeGreaterThan(SECONDS - 0.5);
      expect(times, kind).toEqual([...times].sort((a, b) => a - b));
    }
  }, 60_000 + SECONDS * 1000);

  it('closes within two seconds, and all who wait are answered', async () => {
    const last = origin.channel.published.live.log.timeline.last!;
    const waiting = fetch(`${origin.base}/0/live.m3u8?_HLS_msn=${last.mediaSequence + 1}`);
    while (origin.channel.published.waiters.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const startedAt = performance.now();
    await origin.close();
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect((await waiting).status).toBe(503);
  });
});

/** It comes with every system's ffmpeg; the npm package has none. */
function hasFfprobe(): boolean {
  return spawnSync('ffprobe', ['-version'], { stdio: 'ignore' }).status === 0;
}
