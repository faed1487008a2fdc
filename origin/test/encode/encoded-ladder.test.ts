import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { burntClockRow, readBurntClock } from '../../src/encode/burnt-clock.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { allFfmpegs, decodedLuma, encodeLadder, joined, withFolder, type EncodedSession } from './encoder-fixture.js';

const FFPROBE = await promisify(execFile)('ffprobe', ['-version']).then(
  () => true,
  () => false,
);

function encoded(ffmpeg: Ffmpeg, encoding: { hasClock?: boolean } = {}): Promise<EncodedSession[]> {
  const source = new TestCardSource({ width: 640, height: 360, durationSeconds: 4.5, isPaced: false });
  return encodeLadder(ffmpeg, source, { encoding: { ladder: [360, 180, 90], ...encoding } });
}

for (const ffmpeg of await allFfmpegs()) {
  describe(`a ladder encoded by ffmpeg ${ffmpeg.version}`, () => {
    it('has the same times, key frames, segments and sound in every rendition', async () => {
      const sessions = await encoded(ffmpeg);
      expect(sessions.map(({ init }) => [init.rendition, init.width, init.height])).toEqual([
        [0, 640, 360],
        [1, 320, 180],
        [2, 160, 90],
      ]);
      const [best, ...others] = sessions.map(({ parts }) =>
        parts.map(({ decodeTimeUs, durationUs, isIndependent, isSegmentLast, videoFrameCount, audioFrameCount }) => ({ decodeTimeUs, durationUs, isIndependent, isSegmentLast, videoFrameCount, audioFrameCount })),
      );
      expect(best!.length).toBeGreaterThanOrEqual(22);
      for (const other of others) expect(other).toEqual(best);
      for (const { end } of sessions) expect(end).toEqual({ kind: 'finished' });
    });

    it('draws the clock once, readable in every picture of every size', async () => {
      const sessions = await encoded(ffmpeg, { hasClock: true });
      const clocks = await Promise.all(
        sessions.slice(0, 2).map(async (session) => {
          const { width, height, pictures } = await decodedLuma(ffmpeg, session);
          return pictures.map((picture) => readBurntClock(picture.subarray(burntClockRow(height) * width, (burntClockRow(height) + 1) * width)));
        }),
      );
      expect(clocks[0]!.length).toBe(135);
      expect(clocks[0]!.every((clock) => clock !== undefined)).toBe(true);
      // The same frames, not only as many.
      expect(clocks[1]).toEqual(clocks[0]);
    });

    it.runIf(FFPROBE)('is read by ffprobe without a word in every rendition', async () => {
      await withFolder(async (folder) => {
        for (const session of await encoded(ffmpeg)) {
          const file = join(folder, `${session.init.rendition}.mp4`);
          await writeFile(file, joined(session));
          const { stdout, stderr } = await promisify(execFile)('ffprobe', ['-v', 'warning', '-show_entries', 'packet=stream_index,dts,duration', '-of', 'csv=p=0', file]);
          expect(stderr).toBe('');
          const ends = new Map<string, number>();
          for (const line of stdout.trim().split('\n')) {
            const [stream = '', dts = '', duration = ''] = line.split(',');
            if (ends.has(stream)) expect(Number(dts)).toBe(ends.get(stream));
            ends.set(stream, Number(dts) + Number(duration));
          }
          expect(ends.size).toBe(2);
        }
      });
    });
  });
}
