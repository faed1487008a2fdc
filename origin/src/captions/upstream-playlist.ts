import type { CaptionTrack } from '@p2ptv/protocol';

import { MAX_TRACKS } from './feed-captions.js';
import { canonicalLanguage } from './track-names.js';

/** Captions that a multivariant playlist offers with its first variant. */
export type OfferedTrack = CaptionTrack & { readonly url: string };

/** A segment of captions, as its playlist lists it. */
export type OfferedSegment = { readonly mediaSequence: number; readonly discontinuity: number; readonly url: string };

/** What a playlist of captions says. */
export type OfferedSegments = { readonly targetSeconds: number; readonly isEnded: boolean; readonly segments: readonly OfferedSegment[] };

const NAME_CHARACTERS = 80;

/** `NAME=value`, the value in quotes or without (RFC 8216bis section 4.2). */
const ATTRIBUTE = /([A-Z0-9-]+)=(?:"([^"]*)"|([^,"]*))/g;

// Of the parsers there are, m3u8-parser 7.2 writes into Object.prototype where a group is called `__proto__`, and hls-parser 0.16 throws at
// tags that it does not know; little of either is needed here.

/** Finds the captions of the variant that comes first, which is the one that is pulled; forced ones are for another reader. */
export function offeredTracks(playlist: string, baseUrl: string): OfferedTrack[] {
  const lines = linesOf(playlist);
  const group = attributesOf(lines, '#EXT-X-STREAM-INF:')[0]?.get('SUBTITLES');
  const found: OfferedTrack[] = [];
  for (const media of attributesOf(lines, '#EXT-X-MEDIA:')) {
    const url = resolved(media.get('URI'), baseUrl);
    if (media.get('TYPE') !== 'SUBTITLES' || media.get('GROUP-ID') !== group || media.get('FORCED') === 'YES' || url === undefined) continue;
    const said = (media.get('NAME') ?? '').trim().slice(0, NAME_CHARACTERS) || `Captions ${found.length + 1}`;
    const before = found.filter(({ name }) => name === said || name.startsWith(`${said} (`)).length;
    found.push({ language: canonicalLanguage(media.get('LANGUAGE')), name: before === 0 ? said : `${said} (${before + 1})`, url });
  }
  return found.slice(0, MAX_TRACKS);
}

/** Reads a playlist of WebVTT; undefined for what is none, is encrypted, or is packed in something else. */
export function offeredSegments(playlist: string, baseUrl: string): OfferedSegments | undefined {
  const lines = linesOf(playlist);
  if (lines[0] !== '#EXTM3U' || lines.some((line) => /^#EXT-X-(?:MAP:|BYTERANGE:|KEY:(?!METHOD=NONE))/.test(line))) return undefined;
  const number = (tag: string): number => Number(/^\d{1,15}/.exec(lines.find((line) => line.startsWith(tag))?.slice(tag.length) ?? '')?.[0] ?? 0);
  let mediaSequence = number('#EXT-X-MEDIA-SEQUENCE:');
  let discontinuity = number('#EXT-X-DISCONTINUITY-SEQUENCE:');
  const segments: OfferedSegment[] = [];
  let isAwaited = false;
  for (const line of lines) {
    if (line === '#EXT-X-DISCONTINUITY') discontinuity++;
    else if (line.startsWith('#EXTINF:')) isAwaited = true;
    else if (isAwaited && !line.startsWith('#')) {
      const url = resolved(line, baseUrl);
      if (url !== undefined) segments.push({ mediaSequence, discontinuity, url });
      mediaSequence++;
      isAwaited = false;
    }
  }
  return { targetSeconds: number('#EXT-X-TARGETDURATION:'), isEnded: lines.includes('#EXT-X-ENDLIST'), segments };
}

function linesOf(playlist: string): string[] {
  return playlist.split(/\r\n|\r|\n/).map((line) => line.trim()).filter((line) => line !== '');
}

function attributesOf(lines: readonly string[], tag: string): Map<string, string>[] {
  return lines.filter((line) => line.startsWith(tag)).map((line) => new Map([...line.slice(tag.length).matchAll(ATTRIBUTE)].map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain])));
}

/** Over http and https, and nothing else. */
function resolved(uri: string | undefined, baseUrl: string): string | undefined {
  if (uri === undefined || !URL.canParse(uri, baseUrl)) return undefined;
  const url = new URL(uri, baseUrl);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}
