import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { FLASH_EVERY_MS } from './flash-and-beep.js';

/** A moment of a picture or of sound, and how bright or loud it was. */
export type Level = { readonly timeMs: number; readonly level: number };

/** What a file of flashes and beeps has, on its own clock, ms. */
export type FlashReading = { readonly firstFrameMs: number; readonly flashesMs: readonly number[]; readonly beepsMs: readonly number[] };

/** Mean of the picture's luma, 0 … 255: half of what white is. */
const BRIGHT = 128;
/** Peak of a millisecond, dB of full scale: the tone has -6, and what codecs put before it is far below. */
const LOUD_DB = -20;
const SAMPLES_A_MS = 48;

/**
 * Decodes a file of both, and looks when it flashes and beeps. Flashes so near to an end that their beep may be beyond it are left out.
 *
 * @param folder for what ffmpeg tells
 */
export async function readFlashes(path: string, { ffmpegPath, folder }: { readonly ffmpegPath: string; readonly folder: string }): Promise<FlashReading> {
  const [bright, loud] = [join(folder, 'brightness.txt'), join(folder, 'loudness.txt')];
  const picture = `scale=16:16:flags=area,signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=${bright}`;
  const sound = `aformat=sample_rates=48000:channel_layouts=mono,asetnsamples=n=${SAMPLES_A_MS}:p=0,astats=metadata=1:reset=1,ametadata=mode=print:key=lavfi.astats.Overall.Peak_level:file=${loud}`;
  const output = ['-f', 'null', '-'];
  await promisify(execFile)(ffmpegPath, ['-nostdin', '-loglevel', 'error', '-copyts', '-i', path, '-map', '0:v:0', '-vf', picture, ...output, '-map', '0:a:0', '-af', sound, ...output]);
  const [frames, samples] = await Promise.all([bright, loud].map(async (file) => parseLevels(await readFile(file, 'utf8'))));
  await Promise.all([rm(bright), rm(loud)]);
  const [firstFrameMs = 0, lastFrameMs = 0] = [frames?.[0]?.timeMs, frames?.at(-1)?.timeMs];
  const isInside = (timeMs: number): boolean => timeMs >= firstFrameMs + FLASH_EVERY_MS / 2 && timeMs <= lastFrameMs - FLASH_EVERY_MS / 2;
  return { firstFrameMs, flashesMs: risesOf(frames ?? [], BRIGHT).filter(isInside), beepsMs: risesOf(samples ?? [], LOUD_DB) };
}

/** What ffmpeg's `metadata=print` writes of one figure: a line with the time, then one with the value. */
export function parseLevels(text: string): Level[] {
  return [...text.matchAll(/pts_time:(\S+)\s+lavfi\.[^=\n]+=(\S+)/g)].map(([, time, value]) => ({ timeMs: Number(time) * 1000, level: value === '-inf' ? -Infinity : Number(value) }));
}

/** When a level came to a threshold from below; within half a period only once. */
export function risesOf(levels: readonly Level[], threshold: number): number[] {
  const rises: number[] = [];
  let before: number | undefined;
  for (const { timeMs, level } of levels) {
    // What it begins with may have begun before.
    const isRise = before !== undefined && before < threshold && level >= threshold;
    if (isRise && timeMs - (rises.at(-1) ?? -Infinity) > FLASH_EVERY_MS / 2) rises.push(timeMs);
    before = level;
  }
  return rises;
}

/** For each of `from` that has one of `to` within half a period, how much later that is, ms: negative when it is earlier. */
export function offsetsOf(from: readonly number[], to: readonly number[]): { readonly atMs: number; readonly offsetMs: number }[] {
  return from.flatMap((atMs) => {
    const offsets = to.map((time) => time - atMs);
    const offsetMs = offsets.reduce((nearest, offset) => (Math.abs(offset) < Math.abs(nearest) ? offset : nearest), Infinity);
    return Math.abs(offsetMs) <= FLASH_EVERY_MS / 2 ? [{ atMs, offsetMs }] : [];
  });
}
