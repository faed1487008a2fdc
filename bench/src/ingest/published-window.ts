import { writeFile } from 'node:fs/promises';

import { BenchError } from '../errors.js';
import type { IngestOrigin } from './ingest-origin.js';

/** A whole segment that a media playlist lists. */
export type ListedSegment = { readonly uri: string; readonly dateMs: number; readonly durationMs: number };

/** What is listed since the last discontinuity: the init segment, and whole segments. */
export type ListedRun = { readonly init: string | undefined; readonly segments: readonly ListedSegment[] };

/** Reads a live media playlist as far as whole segments go. */
export function parseMediaPlaylist(text: string): ListedRun {
  let init: string | undefined;
  let dateMs: number | undefined;
  let durationMs = 0;
  let segments: ListedSegment[] = [];
  for (const line of text.split('\n')) {
    const [, tag = '', value = ''] = /^#(EXT[^:]*):?(.*)$/.exec(line) ?? [];
    if (tag === 'EXT-X-DISCONTINUITY') segments = [];
    else if (tag === 'EXT-X-MAP') init = /URI="([^"]+)"/.exec(value)?.[1];
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') dateMs = Date.parse(value);
    else if (tag === 'EXTINF') durationMs = Number.parseFloat(value) * 1000;
    else if (line !== '' && !line.startsWith('#') && dateMs !== undefined) {
      segments.push({ uri: line, dateMs, durationMs });
      dateMs += durationMs;
    }
  }
  return { init, segments };
}

/**
 * Writes what a rendition published of a stretch of time into one file.
 *
 * @param rendition `path`: of its live playlist; `stretch`: ms since the Unix epoch, of which whole segments are taken that lie in it; `file`: to write
 * @returns the date of its first frame, ms since the Unix epoch
 * @throws BenchError when there is nothing of it
 */
export async function savePublished(
  origin: Pick<IngestOrigin, 'get'>,
  { path, stretch: { fromMs, toMs }, file }: { readonly path: string; readonly stretch: { readonly fromMs: number; readonly toMs: number }; readonly file: string },
): Promise<number> {
  const { init, segments } = parseMediaPlaylist(await (await origin.get(path)).text());
  const within = segments.filter(({ dateMs, durationMs }) => dateMs >= fromMs && dateMs + durationMs <= toMs);
  const [first] = within;
  if (!first || init === undefined) throw new BenchError('Nothing was published in that time.');
  const pieces: Buffer[] = [];
  for (const uri of [init, ...within.map((segment) => segment.uri)]) {
    const { pathname, search } = new URL(uri, `http://origin${path}`);
    pieces.push(Buffer.from(await (await origin.get(pathname + search)).arrayBuffer()));
  }
  await writeFile(file, Buffer.concat(pieces));
  return first.dateMs;
}
