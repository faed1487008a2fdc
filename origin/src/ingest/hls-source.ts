import { UpstreamCaptions } from '../captions/upstream-captions.js';
import type { PresenceOptions } from './publisher-presence.js';
import { RelaySource } from './relay-source.js';

/** A pull that brings nothing for so long has broken, or the upstream has: both begin anew. */
const SILENCE_MS = 20_000;

/**
 * Pulls an upstream HLS, in real time from three segments before its edge; of several variants the
 * first, which is the one that its author prefers. When it breaks it is pulled anew, later each time. A
 * playlist that has its end is played once.
 *
 * @param url http or https; what the playlist names is fetched over these as well, and nothing else
 */
export function openHlsSource(ffmpegPath: string, url: string, options: PresenceOptions = {}): RelaySource {
  const { host } = new URL(url);
  return new RelaySource({
    ...options,
    kind: 'hls',
    label: `HLS from ${host}`,
    from: host,
    ffmpegPath,
    // Segments come at once and are to be spread: hence the natural speed.
    inputArguments: ['-re', '-protocol_whitelist', 'http,https,tcp,tls,crypto,httpproxy', '-analyzeduration', '1000000', '-f', 'hls', '-i', url],
    maps: { video: '0:p:0:v:0', audio: '0:p:0:a:0' },
    isRepeated: true,
    silenceMs: SILENCE_MS,
    captions: new UpstreamCaptions({ url, startTimer: options.startTimer }),
  });
}
