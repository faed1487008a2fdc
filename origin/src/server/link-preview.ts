import type { FastifyRequest } from 'fastify';

import type { ChannelRegistry } from '../channel/channel-registry.js';
import { requestedBaseUrl } from '../publish/api-routes.js';
import type { RecordingLibrary } from '../recording/recording-library.js';

/** What pages elsewhere show of a link to a page of ours. */
export type LinkPreview = {
  readonly title: string;
  readonly description: string;
  /** Absolute. */
  readonly url: string;
  /** Absolute address of a picture; undefined: there is none. */
  readonly image: string | undefined;
};

/** What a page's address names, where everybody may know of it. */
export type LinkPreviewSource = (request: FastifyRequest, named: { readonly kind: 'stream' | 'recording'; readonly name: string }) => LinkPreview | undefined;

const WATCHED = /^\/(?:watch|embed)\/(recordings\/)?([\w-]{1,200})\/?$/;

/** Says in the head of a page what is watched on it (Open Graph, https://ogp.me), since whoever shows links runs no script. */
export function withLinkPreview(page: string, request: FastifyRequest, source: LinkPreviewSource): string {
  const [path = ''] = request.url.split('?', 1);
  const [, recordings, name] = WATCHED.exec(path) ?? [];
  const preview = name === undefined ? undefined : source(request, { kind: recordings === undefined ? 'stream' : 'recording', name });
  if (!preview) return page;
  const { title, description, url, image } = preview;
  const properties: readonly (readonly [string, string | undefined])[] = [
    ['og:type', 'video.other'],
    ['og:site_name', 'P2PTV'],
    ['og:title', title],
    ['og:description', description === '' ? undefined : description],
    ['og:url', url],
    ['og:image', image],
    ['twitter:card', image === undefined ? 'summary' : 'summary_large_image'],
  ];
  const tags = properties.flatMap(([property, content]) => (content === undefined ? [] : `<meta property="${property}" content="${escaped(content)}" />`));
  // By a function: what people write may hold what a replacement text would take for its own.
  return page.replace('</head>', () => `${tags.join('')}</head>`);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** What is told of the links to channels and recordings that everybody may see. */
export function previewLinks(from: { readonly publicUrl: string | undefined; readonly channels: ChannelRegistry; readonly library: RecordingLibrary | undefined }): LinkPreviewSource {
  const { publicUrl, channels, library } = from;
  return (request, { kind, name }) => {
    const base = publicUrl ?? requestedBaseUrl(request);
    if (kind === 'recording') {
      const recording = library?.find(name);
      if (recording?.state !== 'ready' || recording.isPrivate) return undefined;
      const { id, title, description, hasThumbnail } = recording;
      return { title: title || id, description, url: `${base}/watch/recordings/${id}`, image: hasThumbnail ? `${base}/api/recordings/${id}/thumbnail.jpg` : undefined };
    }
    const channel = channels.find(name);
    if (!channel || channel.settings.isPrivate) return undefined;
    const { slug, title, description } = channel.settings;
    const hasPicture = (channel.live.record?.renditions[0]?.height ?? 0) > 0;
    return { title: title || slug, description, url: `${base}/watch/${slug}`, image: hasPicture ? `${base}/api/streams/${slug}/thumbnail.jpg` : undefined };
  };
}
