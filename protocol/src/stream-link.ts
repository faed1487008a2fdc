import { base64urlnopad } from '@scure/base';
import { isStreamId, type StreamId } from './ids.js';
import { PUBLIC_KEY_BYTES } from './signing.js';
import { encodePublicKey } from './stream-record.js';

/** Everything a viewer needs to watch a stream and to believe what it is sent. */
export type StreamLink = {
  readonly streamId: StreamId;
  /** The publisher's Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly title: string;
  /** Base URLs of trackers (http or https), best first; at most 8 are read. */
  readonly trackers: readonly string[];
  /** Base URLs of the stream at origins or CDNs, without a closing slash, best first; at most 8 are read. */
  readonly origins: readonly string[];
};

/** Why a text is no link: a sentence for people. */
export type StreamLinkProblem = { readonly problem: string };

const URN_PREFIX = 'urn:p2ptv:';
const MAX_LINK_CHARACTERS = 4096;
const MAX_ADDRESSES = 8;

/** Writes `magnet:?xt=urn:p2ptv:<stream id>&pk=<key>&dn=<title>&tr=<tracker>&as=<origin>`. */
export function formatMagnetLink(link: StreamLink): string {
  return `magnet:?${formatQuery(link)}`;
}

/** Writes the same as a page of a player: `<playerUrl>?xt=…`, behind a query that the URL may have already. */
export function formatWatchUrl(link: StreamLink, playerUrl: string): string {
  return `${playerUrl}${playerUrl.includes('?') ? '&' : '?'}${formatQuery(link)}`;
}

/** Reads a magnet link, or an http(s) URL with the same parameters. */
export function parseStreamLink(text: string): StreamLink | StreamLinkProblem {
  const isMagnet = text.startsWith('magnet:?');
  if (text.length > MAX_LINK_CHARACTERS) return { problem: 'The link is too long.' };
  if (!isMagnet && !/^https?:\/\//.test(text)) {
    return { problem: 'A link starts with magnet:? or with https://.' };
  }
  const start = text.indexOf('?');
  if (start < 0) return { problem: 'The link has no parameters.' };
  const fields = parseQuery(text.slice(start + 1).split('#')[0] ?? '');
  const topic = fields.get('xt')?.find((value) => value.startsWith(URN_PREFIX));
  const streamId = topic?.slice(URN_PREFIX.length) ?? '';
  if (!isStreamId(streamId)) return { problem: `The link needs xt=${URN_PREFIX}<40 hex digits>.` };
  const publicKey = parsePublicKey(fields.get('pk')?.[0] ?? '');
  if (!publicKey) return { problem: "The link needs pk=<the publisher's key, 43 characters>." };
  const trackers = (fields.get('tr') ?? []).filter(isHttpUrl).slice(0, MAX_ADDRESSES);
  const origins = (fields.get('as') ?? []).filter(isHttpUrl).map(withoutClosingSlash).slice(0, MAX_ADDRESSES);
  if (trackers.length + origins.length === 0) {
    return { problem: 'The link names neither a tracker (tr) nor an origin (as).' };
  }
  return { streamId, publicKey, title: fields.get('dn')?.[0] ?? '', trackers, origins };
}

/** True when {@link parseStreamLink} gave a link. */
export function isStreamLink(value: StreamLink | StreamLinkProblem): value is StreamLink {
  return 'streamId' in value;
}

function formatQuery(link: StreamLink): string {
  const fields = [
    `xt=${URN_PREFIX}${link.streamId}`,
    `pk=${encodePublicKey(link.publicKey)}`,
    ...(link.title ? [`dn=${encodeURIComponent(wellFormed(link.title))}`] : []),
    ...link.trackers.map((url) => `tr=${encodeURIComponent(url)}`),
    ...link.origins.map((url) => `as=${encodeURIComponent(url)}`),
  ];
  return fields.join('&');
}

function parseQuery(query: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals);
    let value: string;
    try {
      value = decodeURIComponent(pair.slice(equals + 1).replaceAll('+', ' '));
    } catch {
      continue;
    }
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  return fields;
}

function parsePublicKey(text: string): Uint8Array | undefined {
  try {
    const key = base64urlnopad.decode(text);
    return key.length === PUBLIC_KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}

/** A base URL that paths can be appended to: no query, no fragment, no user name, no space. */
function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/.test(value);
}

/** A title may hold half a surrogate pair, which cannot be written in UTF-8: it becomes U+FFFD. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

function withoutClosingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
