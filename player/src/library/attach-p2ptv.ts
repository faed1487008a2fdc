import type Hls from 'hls.js';
import { isStreamLink, parseStreamLink, type StreamLink } from '@p2ptv/protocol';
import type { PeerSession } from '@p2ptv/peer';
import { createBrowserPeer } from '@p2ptv/peer/browser';
import type { P2ptvAttachment, P2ptvOptions } from './attachment.js';
import { sendBeacons } from './beacons.js';
import { HlsAttachment } from './hls-attachment.js';
import { baseUrlOf } from './stream-resource.js';
import { connectionHints, defaultUpload } from './upload-default.js';

/** A link that is none: the caller's mistake. */
export class InvalidLinkError extends Error {
  readonly code = 'INVALID_LINK';
}

/**
 * Gives an hls.js instance the mesh: it plays the link's stream from other viewers and passes on
 * what it plays. Playlists and media come from the signed chunks that the peer has verified; what
 * peers won't deliver in time comes from the origin.
 *
 * Call it instead of `hls.loadSource`; `hls.attachMedia` stays the page's own call, before or after.
 * Nothing is requested before this call. When peers cannot be had at all, hls.js plays from the
 * origin's playlists as it would without this library, and `state` says so.
 *
 * @throws InvalidLinkError (`code: 'INVALID_LINK'`) when the link is a text that is no link
 */
export function attachP2ptv(hls: Hls, options: P2ptvOptions): P2ptvAttachment {
  const link = resolveLink(options.link);
  const upload = options.upload ?? defaultUpload(connectionHints(navigator));
  let session: PeerSession | undefined;
  try {
    session = createBrowserPeer({
      link,
      upload,
      ...(options.joinDelayMs === undefined ? {} : { joinDelayMs: options.joinDelayMs }),
      ...(options.cache === undefined ? {} : { cache: options.cache }),
      ...(options.hasPeers === undefined ? {} : { hasPeers: options.hasPeers }),
    });
  } catch (error) {
    // The picture matters more than the peers; the error still shows in the page's console.
    reportError(error);
  }
  const baseUrl = baseUrlOf(link);
  const attachment = new HlsAttachment(hls, { session, baseUrl, upload });
  if (options.beacons !== false && link.origins.length > 0) sendBeacons(attachment, baseUrl);
  return attachment;
}

function resolveLink(link: StreamLink | string): StreamLink {
  if (typeof link !== 'string') return link;
  const parsed = parseStreamLink(link);
  if (!isStreamLink(parsed)) throw new InvalidLinkError(parsed.problem);
  return parsed;
}
