import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { CaptionTrack } from '@p2ptv/protocol';

import { giveWay } from '../encode/give-way.js';
import { inputUrl, type ProbedMedia } from '../ingest/media-probe.js';
import { MAX_TRACKS } from './feed-captions.js';
import { readCues, type TextCue } from './text-cue.js';
import { namedTrack } from './track-names.js';

/** Captions of a file in one language; times count from where ffmpeg lets the file begin. */
export type FileTrack = CaptionTrack & { readonly cues: readonly TextCue[] };

/** Of one language: a film's are a hundred kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** All of a file is read for them. */
const LIMIT_MS = 600_000;

/** Reads the captions of a file; those that cannot be read are left out, and after an abort all that were not. */
export async function readCaptions(ffmpegPath: string, file: string, { captions, signal }: Pick<ProbedMedia, 'captions'> & { readonly signal?: AbortSignal }): Promise<FileTrack[]> {
  const found: FileTrack[] = [];
  for (const { stream, language } of captions.slice(0, MAX_TRACKS)) {
    const cues = readCues(await webVttOf(ffmpegPath, { file, stream }, signal));
    if (cues.length > 0) found.push({ ...namedTrack(language, found), cues });
  }
  return found;
}

async function webVttOf(ffmpegPath: string, { file, stream }: { readonly file: string; readonly stream: number }, signal: AbortSignal | undefined): Promise<string> {
  const options = ['-v', 'error', '-nostdin', '-i', inputUrl(file), '-map', `0:${stream}`, '-f', 'webvtt', 'pipe:1'];
  try {
    const running = promisify(execFile)(ffmpegPath, options, { timeout: LIMIT_MS, maxBuffer: MAX_BYTES, windowsHide: true, ...(signal ? { signal } : {}) });
    giveWay(running.child);
    return (await running).stdout;
  } catch {
    return '';
  }
}
