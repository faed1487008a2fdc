import { writeFile } from 'node:fs/promises';

import { BenchError } from '../errors.js';

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
 * @param stretch ms since the Unix epoch; whole segments that lie in it
 * @returns the date of its first frame, ms since the Unix epoch
 * @throws BenchError when there is nothing of it
 */
export async function savePublished(playlistUrl: string, { fromMs, toMs, path }: { readonly fromMs: number; readonly toMs: number; readonly path: string }): Promise<number> {
  const fetched = async (url: URL): Promise<Response> => {
    const response = await fetch(url);
    if (!response.ok) throw new BenchError(`The origin answered ${response.status} to ${url.pathname}.`);
    return response;
  };
  const url = new URL(playlistUrl);
  const { init, segments } = parseMediaPlaylist(await (await fetched(url)).text());
  const within = segments.filter(({ dateMs, durationMs }) => dateMs >= fromMs && dateMs + durationMs <= toMs);
  const [first] = within;
  if (!first || init === undefined) throw new BenchError('Nothing was published in that time.');
  const pieces: Buffer[] = [];
  for (const uri of [init, ...within.map((segment) => segment.uri)]) pieces.push(Buffer.from(await (await fetched(new URL(uri, url))).arrayBuffer()));
  await writeFile(path, Buffer.concat(pieces));
  return first.dateMs;
}
