import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { FileSource } from '../../src/ingest/file-source.js';
import { parseFfmpegLog, probeMedia } from '../../src/ingest/media-probe.js';
import { allFfmpegs, withFolder } from '../encode/encoder-fixture.js';

const CLIP = fileURLToPath(new URL('../../media/clip.mp4', import.meta.url));

for (const ffmpeg of await allFfmpegs()) {
  describe(`probing with ffmpeg ${ffmpeg.version}`, () => {
    it('sees what the bundled clip is, and that it can be looped within ffmpeg', async () => {
      const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file: CLIP });
      expect(source.media).toEqual({
        width: 640,
        height: 426,
        frameRate: { numerator: 30, denominator: 1 },
        captions: [],
        format: 'mov,mp4,m4a,3gp,3g2,mj2',
        isVariableRate: false,
        hasVideo: true,
        hasAudio: true,
        durationSeconds: 36,
      });
      const feed = await source.open(new AbortController().signal);
      expect(feed!.inputArguments.slice(0, 3)).toEqual(['-re', '-stream_loop', '-1']);
    });

    it('says in one sentence what is wrong with a bad input', async () => {
      await withFolder(async (folder) => {
        const broken = join(folder, 'broken.mp4');
        await writeFile(broken, (await readFile(CLIP)).subarray(0, 20_000).fill(0x55, 100));
        const text = join(folder, 'text.mp4');
        await writeFile(text, 'This is no film.');
        const truncated = join(folder, 'half: a film.mp4');
        await writeFile(truncated, (await readFile(CLIP)).subarray(0, 30_000));
        const words = join(folder, 'words.srt');
        await writeFile(words, '1\n00:00:00,500 --> 00:00:01,000\nWords alone\n');
        await mkdir(join(folder, 'folder'));
        for (const [file, reason] of [
          [join(folder, 'none.mp4'), /^The input .*none\.mp4 cannot be played: there is no such file\.$/],
          [broken, /^The input .*broken\.mp4 cannot be played: .+\.$/],
          [text, /^The input .*text\.mp4 cannot be played: .+\.$/],
          [truncated, /^The input .*film\.mp4 cannot be played: .+\.$/],
          [words, /: there is neither picture nor sound in it\.$/],
          [join(folder, 'folder'), /: it is a directory\.$/],
        ] as const) {
          const failure = await probeMedia(ffmpeg.path, file).catch((error: unknown) => error);
          expect(failure).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(reason) as unknown });
          expect((failure as Error).message).not.toContain('\n');
        }
      });
    });
  });
}

describe('parseFfmpegLog', () => {
  const log = (video: string, more = '') =>
    `Input #0, mov, from 'x':\n  Duration: 01:02:03.50, start: 0.000000, bitrate: 1 kb/s\n  Stream #0:0: ${video}\n${more}Output #0, null, to 'pipe:':\n  Stream #0:0: Video: wrapped_avframe, 1x1, 1 fps, 1 tbr\n`;

  it.each([
    ['Video: h264 (High), yuv420p(tv), 1920x1080 [SAR 1:1 DAR 16:9], 5 kb/s, 29.97 fps, 29.97 tbr, 30k tbn', 1920, 1080, 30_000 / 1001, false],
    ['Video: vp9 (Profile 0), yuv420p(tv), 640x480, SAR 1:1 DAR 4:3, 60 fps, 60 tbr, 1k tbn (default)', 640, 480, 60, false],
    ['Video: mpeg2video, yuv420p(tv), 720x576 [SAR 64:45 DAR 16:9], 25 fps, 25 tbr, 90k tbn', 1024, 576, 25, false],
    ['Video: h264, yuv420p, 1280x720, 24.31 fps, 60 tbr, 90k tbn', 1280, 720, 24, true],
    ['Video: flv1, yuv420p, 320x240, 1k tbr, 1k tbn', 320, 240, 60, false],
  ])('%s', (video, width, height, rate, isVariableRate) => {
    const media = parseFfmpegLog(log(video))!;
    expect(media).toMatchObject({ width, height, isVariableRate, hasAudio: false, durationSeconds: 3723.5 });
    expect(media.frameRate.numerator / media.frameRate.denominator).toBe(rate);
  });

  it('turns a picture that was held upright', () => {
    const turned = log('Video: h264, yuv420p, 1920x1080, 30 fps, 30 tbr', '    Side data:\n      displaymatrix: rotation of -90.00 degrees\n');
    expect(parseFfmpegLog(turned)).toMatchObject({ width: 1080, height: 1920 });
  });

  it('takes a cover picture for no video', () => {
    expect(parseFfmpegLog(log('Video: mjpeg, yuvj420p, 500x500, 90k tbr (attached pic)'))).toBeUndefined();
    const sound = '  Stream #0:1: Audio: mp3, 44100 Hz, stereo, fltp, 128 kb/s\n';
    expect(parseFfmpegLog(log('Video: mjpeg, yuvj420p, 500x500, 90k tbr (attached pic)', sound))).toMatchObject({ width: 0, height: 0, hasVideo: false, hasAudio: true });
  });
});
