import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { CaptionPair } from '@p2ptv/protocol';
import { eraseCaption, popOnCaption, rollUpCaption, withCaptions } from '@p2ptv/protocol/caption-writer';

const FRAMES_PER_SECOND = 30;
/** Who watches from its beginning has joined before the first caption. */
const FIRST_AFTER_SECONDS = 2;
const CAPTIONS = 6;
/** A caption begins so often, and stands until shortly before the next. */
const CAPTION_SECONDS = 2;
const SECONDS = FIRST_AFTER_SECONDS + CAPTIONS * CAPTION_SECONDS;
const ERASED_AFTER_FRAMES = 54;

const run = promisify(execFile);

/** Makes a film of fourteen seconds whose picture brings captions: `Words number <n>` on CC1, at once, and `Letter by letter in row <n>` on CC3, as it says. */
export async function makeCaptionedFilm(folder: string): Promise<string> {
  const ffmpeg = process.env['P2PTV_FFMPEG'] ?? 'ffmpeg';
  const [plain, captioned, film] = ['plain.h264', 'captioned.h264', 'film.mp4'].map((name) => path.join(folder, name)) as [string, string, string];
  const picture = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=${FRAMES_PER_SECOND}:d=${SECONDS}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', String(FRAMES_PER_SECOND), '-pix_fmt', 'yuv420p', '-x264-params', 'bframes=0:slices=1'];
  await run(ffmpeg, ['-loglevel', 'error', ...picture, '-f', 'h264', plain]);
  const carried = captionsByFrame();
  await writeFile(captioned, withCaptions(await readFile(plain), (frame) => carried.get(frame) ?? []));
  const inputs = ['-r', String(FRAMES_PER_SECOND), '-f', 'h264', '-i', captioned, '-f', 'lavfi', '-i', `sine=d=${SECONDS}`];
  await run(ffmpeg, ['-loglevel', 'error', ...inputs, '-c:v', 'copy', '-c:a', 'aac', film]);
  return film;
}

function captionsByFrame(): Map<number, CaptionPair[]> {
  const carried = new Map<number, CaptionPair[]>();
  const put = (from: number, pairs: readonly CaptionPair[]): void => {
    for (const [index, pair] of pairs.entries()) carried.set(from + index, [...(carried.get(from + index) ?? []), pair]);
  };
  for (let number = 1; number <= CAPTIONS; number++) {
    const from = (FIRST_AFTER_SECONDS + (number - 1) * CAPTION_SECONDS) * FRAMES_PER_SECOND;
    put(from, popOnCaption(`Words number ${number}`));
    put(from + ERASED_AFTER_FRAMES, eraseCaption());
    put(from, rollUpCaption(`Letter by letter in row ${number}`, 'CC3'));
  }
  return carried;
}
