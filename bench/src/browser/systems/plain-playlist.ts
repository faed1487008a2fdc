const LOW_LATENCY_TAG = /^#EXT-X-(?:SERVER-CONTROL|PART-INF|PART|PRELOAD-HINT|RENDITION-REPORT)\b/;

/**
 * A low-latency media playlist (RFC 8216bis) as a plain origin would write it (RFC 8216): whole segments
 * only, and no invitation to ask with delivery directives. Other playlists stay as they are.
 */
export function plainPlaylist(text: string): string {
  const lines = text.split('\n');
  if (!lines.some((line) => LOW_LATENCY_TAG.test(line))) return text;
  const plain = lines.filter((line) => !LOW_LATENCY_TAG.test(line));
  // What follows the last segment belongs to one that is not whole yet.
  const last = plain.findLastIndex((line) => (line !== '' && !line.startsWith('#')) || line === '#EXT-X-ENDLIST');
  return `${plain.slice(0, last + 1).join('\n')}\n`;
}
