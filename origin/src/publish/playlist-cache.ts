import { renderMediaPlaylist, renderMultivariantPlaylist, type RenditionId } from '@p2ptv/protocol';

import type { LiveStreamChange } from '../package/live-stream.js';
import { renderedText, type RenderedText } from './rendered-text.js';
import type { ServedStream } from './served-stream.js';

type Kind = `${number}/full` | `${number}/delta` | 'multivariant';

/**
 * The playlists of a stream, written once for each state of it and shared by all who ask: at a part's
 * arrival thousands may.
 */
export class PlaylistCache {
  readonly #stream: ServedStream;
  readonly #rendered = new Map<Kind, RenderedText>();

  constructor(stream: ServedStream) {
    this.#stream = stream;
  }

  /** The stream has changed. A new part concerns its own rendition's playlists: what others report of it is as new as they are. */
  invalidate(change: LiveStreamChange): void {
    if (change.kind !== 'published') {
      this.#rendered.clear();
      return;
    }
    const { rendition } = change.chunk.signed.header;
    this.#rendered.delete(`${rendition}/full`);
    this.#rendered.delete(`${rendition}/delta`);
  }

  /** A rendition's media playlist; undefined while there is no record, or for one that never was. */
  media(rendition: RenditionId, isSkipWanted: boolean): RenderedText | undefined {
    const options = this.#stream.playlistOptions(rendition, isSkipWanted);
    const log = this.#stream.rendition(rendition);
    if (!options || !log) return undefined;
    return this.#get(`${rendition}/${isSkipWanted ? 'delta' : 'full'}`, () => renderMediaPlaylist(log.timeline, options));
  }

  /** The multivariant playlist; undefined while there is no record. */
  multivariant(): RenderedText | undefined {
    const { record, captions } = this.#stream;
    return record && this.#get('multivariant', () => renderMultivariantPlaylist(record, captions));
  }

  #get(kind: Kind, render: () => string): RenderedText {
    const known = this.#rendered.get(kind);
    if (known) return known;
    const rendered = renderedText(render());
    this.#rendered.set(kind, rendered);
    return rendered;
  }
}
