import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { eraseCaption, popOnCaption, withCaptions } from '@p2ptv/protocol/caption-writer';
import { describe, expect, it } from 'vitest';

import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { FileSource } from '../../src/ingest/file-source.js';
import { allFfmpegs, encodeLadder, ffmpegOutput, joined, withFolder } from './encoder-fixture.js';

const WORDS = 'Words in the picture';

/** Three seconds, of which the second brings words. */
async function captionedFilm({ path }: Ffmpeg, folder: string): Promise<string> {
  const [plain, captioned, film] = ['plain.h264', 'captioned.h264', 'film.mp4'].map((name) => join(folder, name)) as [string, string, string];
  await ffmpegOutput(path, ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30:d=3', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p', '-x264-params', 'bframes=0:slices=1', plain]);
  const pairs = [...popOnCaption(WORDS), ...eraseCaption()];
  await writeFile(captioned, withCaptions(await readFile(plain), (frame) => (frame < 30 ? [] : pairs.slice(frame - 30, frame - 29))));
  await ffmpegOutput(path, ['-r', '30', '-f', 'h264', '-i', captioned, '-c', 'copy', film]);
  return film;
}

describe('captions in the picture of an input', async () => {
  for (const ffmpeg of await allFfmpegs()) {
    it(`PL21: are in all renditions that ffmpeg (${ffmpeg.foundBy}) makes, word for word, and told of from where they begin`, () =>
      withFolder(async (folder) => {
        const film = await captionedFilm(ffmpeg, folder);
        const sessions = await encodeLadder(ffmpeg, await FileSource.create({ ffmpegPath: ffmpeg.path, file: film, isLooped: false, isPaced: false }), { encoding: { ladder: [180, 90] } });
        expect(sessions.map(({ init }) => init.height)).toEqual([180, 90]);
        expect(sessions[0]!.parts.map(({ captions }) => captions.length)).toEqual([0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        for (const session of sessions) {
          const made = join(folder, `${session.init.height}.mp4`);
          await writeFile(made, joined(session));
          // ffmpeg's own reader of them.
          const { stdout } = await ffmpegOutput(ffmpeg.path, ['-loglevel', 'error', '-f', 'lavfi', '-i', `movie=${made}[out+subcc]`, '-map', 's', '-f', 'srt', '-']);
          expect(stdout.toString()).toContain(WORDS);
        }
      }));
  }
});
