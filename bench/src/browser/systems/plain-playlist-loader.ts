import Hls from 'hls.js';
import type { LoaderCallbacks, LoaderConfiguration, LoaderContext } from 'hls.js';

import { plainPlaylist } from './plain-playlist.js';

/** hls.js's own loader, whose playlists are plain ones. */
export class PlainPlaylistLoader extends Hls.DefaultConfig.loader {
  override load(context: LoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
    super.load(context, config, {
      ...callbacks,
      onSuccess: (response, ...rest) => {
        const { data } = response;
        callbacks.onSuccess(typeof data === 'string' ? { ...response, data: plainPlaylist(data) } : response, ...rest);
      },
    });
  }
}
