import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { Encoder, type EncoderEvents } from '../../src/encode/encoder.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { FileSource } from '../../src/ingest/file-source.js';
import { allFfmpegs, ffmpegOutput, withFolder } from './encoder-fixture.js';

type Made = { inits: EncoderEvents['init'][]; parts: EncoderEvents['part'][]; unfit: EncoderEvents['unfit'][] };

/** Passes a film of 6 s on that was encoded so. */
function passedOn(ffmpeg: Ffmpeg, encoding: readonly string[]): Promise<Made> {
  return withFolder(async (folder) => {
    const file = join(folder, 'film.mp4');
    const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=6', '-f', 'lavfi', '-i', 'sine=duration=6'];
    await ffmpegOutput(ffmpeg.path, ['-loglevel', 'error', ...inputs, '-pix_fmt', 'yuv420p', ...encoding, '-c:a', 'aac', file]);
    const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file, isPaced: false });
    const encoder = new Encoder({ ffmpeg, source, cadence: { partMs: 200 }, encoding: { isPassedOn: true }, clock: { nowMs: () => performance.now(), wallMs: () => Date.now() } });
    const made: Made = { inits: [], parts: [], unfit: [] };
    encoder.on('init', (init) => made.inits.push(init));
    encoder.on('unfit', (unfit) => made.unfit.push(unfit));
    await new Promise<void>((resolve) => {
      encoder.on('part', (part) => {
        made.parts.push(part);
        if (made.parts.length >= 15) resolve();
      });
      encoder.start();
    });
    await encoder.stop();
    return made;
  });
}

for (const ffmpeg of await allFfmpegs()) {
  describe(`a picture that ffmpeg ${ffmpeg.version} passes on`, () => {
    it('keeps its own key frames', async () => {
      const { inits, parts, unfit } = await passedOn(ffmpeg, ['-c:v', 'libx264', '-bf', '0', '-g', '48', '-keyint_min', '48', '-sc_threshold', '0']);
      expect(unfit).toEqual([]);
      expect(inits).toMatchObject([{ cadence: { framesPerGop: 48, framesPerPart: 6 }, renditions: [{ width: 320, height: 180, hasAudio: true }] }]);
      expect(parts.slice(0, 15).map(({ isIndependent }) => isIndependent)).toEqual(Array.from({ length: 15 }, (_, index) => index % 8 === 0));
      expect(parts.every(({ audioFrameCount }) => audioFrameCount > 0)).toBe(true);
    });

    it.each([
      ['B-frames', ['-c:v', 'libx264', '-bf', '2', '-g', '30'], 'B-frames'],
      ['key frames that are too rare', ['-c:v', 'libx264', '-bf', '0', '-g', '300', '-sc_threshold', '0'], 'more than 4 s apart'],
      ['another codec', ['-c:v', 'mpeg4'], ''],
    ])('is encoded instead where it has %s, and it is said why', async (_name, encoding, reason) => {
      const { inits, parts, unfit } = await passedOn(ffmpeg, encoding);
      expect(unfit).toHaveLength(1);
      expect(unfit[0]!.reason).toContain(reason);
      expect(inits).toMatchObject([{ cadence: { framesPerGop: 30, framesPerPart: 6 } }]);
      expect(parts[0]!.isIndependent).toBe(true);
    });
  });
}
