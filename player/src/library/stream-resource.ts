import {
  parseDeliveryDirectives,
  type ChunkSequence,
  type DeliveryDirectives,
  type RenditionId,
  type StreamLink,
} from '@p2ptv/protocol';

/** What a URL below a stream's base names (protocol: `STREAM_PATHS`). */
export type StreamResource =
  | { readonly kind: 'multivariantPlaylist' }
  | { readonly kind: 'mediaPlaylist'; readonly rendition: RenditionId; readonly directives: DeliveryDirectives }
  | { readonly kind: 'recordingPlaylist'; readonly rendition: RenditionId }
  | { readonly kind: 'part'; readonly rendition: RenditionId; readonly sequence: ChunkSequence }
  | {
      readonly kind: 'segment';
      readonly rendition: RenditionId;
      readonly epoch: number;
      readonly mediaSequence: number;
    }
  | { readonly kind: 'init'; readonly initHash: string };

const NO_ORIGIN = 'https://p2ptv.invalid';
const MEDIA_PATH = /^(\d{1,2})\/([\w.-]+)$/;

/**
 * The base that a stream's playlists and media have in hls.js: the first origin's, so that hls.js
 * can go on from there by itself. A link without an origin gets a base that resolves nowhere.
 */
export function baseUrlOf(link: StreamLink): string {
  const origin = link.origins[0];
  // As hls.js will write it, whatever the link's spelling.
  if (origin !== undefined) return new URL(origin).href.replace(/\/$/, '');
  return `${NO_ORIGIN}/${link.streamId}`;
}

/** Reads a URL that hls.js asks for; undefined when it names nothing of the stream. */
export function parseStreamResource(url: string, baseUrl: string): StreamResource | undefined {
  if (!url.startsWith(`${baseUrl}/`)) return undefined;
  const [path = '', query = ''] = url.slice(baseUrl.length + 1).split('?', 2);
  if (path === 'index.m3u8') return { kind: 'multivariantPlaylist' };
  const [, renditionText, name] = MEDIA_PATH.exec(path) ?? [];
  if (renditionText === undefined || name === undefined) return undefined;
  const rendition = Number(renditionText) as RenditionId;
  if (name === 'live.m3u8') {
    const directives = parseDeliveryDirectives(Object.fromEntries(new URLSearchParams(query)));
    return 'problem' in directives ? undefined : { kind: 'mediaPlaylist', rendition, directives };
  }
  if (name === 'recording.m3u8') return { kind: 'recordingPlaylist', rendition };
  const part = /^part-(\d+)\.m4s$/.exec(name);
  if (part) return { kind: 'part', rendition, sequence: Number(part[1]) as ChunkSequence };
  const segment = /^segment-(\d+)-(\d+)\.m4s$/.exec(name);
  if (segment) {
    return { kind: 'segment', rendition, epoch: Number(segment[1]), mediaSequence: Number(segment[2]) };
  }
  const init = /^init-([0-9a-f]{64})\.mp4$/.exec(name)?.[1];
  return init === undefined ? undefined : { kind: 'init', initHash: init };
}
