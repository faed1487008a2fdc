import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { CaptionTrack } from '@p2ptv/protocol';

import { inputUrl, type ProbedMedia } from '../ingest/media-probe.js';

/** Languages of one film. Addresses have one digit for them. */
const MAX_TRACKS = 8;
/** Of one language: a film's are a hundred kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** All of a file is read for them. */
const LIMIT_MS = 600_000;
/** Tells players that captions count from where the picture does (RFC 8216bis section 3.1.4). */
const TIMESTAMP_MAP = 'X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000';

/** Reads the captions of a file, as WebVTT; those that cannot be read are left out. */
export async function readCaptions(ffmpegPath: string, file: string, { captions }: Pick<ProbedMedia, 'captions'>): Promise<(CaptionTrack & { readonly text: string })[]> {
  const found: (CaptionTrack & { readonly text: string })[] = [];
  for (const { stream, language } of captions.slice(0, MAX_TRACKS)) {
    const text = await webVttOf(ffmpegPath, file, stream);
    if (text?.includes('-->') === true) found.push({ ...named(language, found), text: text.replace(/^WEBVTT[^\n]*\n/, `WEBVTT\n${TIMESTAMP_MAP}\n`) });
  }
  return found;
}

async function webVttOf(ffmpegPath: string, file: string, stream: number): Promise<string | undefined> {
  const options = ['-v', 'error', '-nostdin', '-i', inputUrl(file), '-map', `0:${stream}`, '-f', 'webvtt', 'pipe:1'];
  try {
    return (await promisify(execFile)(ffmpegPath, options, { timeout: LIMIT_MS, maxBuffer: MAX_BYTES, windowsHide: true })).stdout;
  } catch {
    return undefined;
  }
}

/** A language as browsers know it, and what its own speakers call it; of several in it each has a name of its own (RFC 8216bis section 4.4.6.1.1). */
function named(language: string | undefined, others: readonly CaptionTrack[]): CaptionTrack {
  const [tag = 'und'] = language === undefined || language === 'und' ? [] : canonical(language);
  const spoken = tag === 'und' ? undefined : new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
  if (spoken === undefined || spoken === tag) return { language: tag, name: `Captions ${others.length + 1}` };
  const before = others.filter((other) => other.language === tag).length;
  return { language: tag, name: before === 0 ? spoken : `${spoken} ${before + 1}` };
}

function canonical(language: string): string[] {
  try {
    return Intl.getCanonicalLocales(language);
  } catch {
    return [];
  }
}
