import type { OriginBytes } from '@p2ptv/protocol';

/** All application bytes of an origin, whatever they were. */
export function totalBytes(bytes: OriginBytes): number {
  return bytes.media + bytes.init + bytes.playlists + bytes.headers + bytes.join + bytes.seeder;
}

/** Kind by kind, `after` less `before`. */
export function bytesSince(before: OriginBytes, after: OriginBytes): OriginBytes {
  return {
    media: after.media - before.media,
    init: after.init - before.init,
    playlists: after.playlists - before.playlists,
    headers: after.headers - before.headers,
    join: after.join - before.join,
    seeder: after.seeder - before.seeder,
  };
}

/** Kind by kind, the sum. */
export function sumBytes(all: readonly OriginBytes[]): OriginBytes {
  const sum: OriginBytes = { media: 0, init: 0, playlists: 0, headers: 0, join: 0, seeder: 0 };
  for (const bytes of all) {
    sum.media += bytes.media;
    sum.init += bytes.init;
    sum.playlists += bytes.playlists;
    sum.headers += bytes.headers;
    sum.join += bytes.join;
    sum.seeder += bytes.seeder;
  }
  return sum;
}

/**
 * The share of the viewing that the origin did not have to send.
 *
 * @param sentBytes every application byte that the origin sent to viewers
 * @param handedBytes unique verified media bytes that the viewers' players were handed
 * @returns below 0 when the origin sent more than was watched; undefined when nothing was
 */
export function offloadRatio(sentBytes: number, handedBytes: number): number | undefined {
  return handedBytes > 0 ? 1 - sentBytes / handedBytes : undefined;
}

/** How far two counts of the same bytes are apart, as a share of the larger; 0 when both are 0. */
export function differenceRatio(one: number, other: number): number {
  const larger = Math.max(one, other);
  return larger > 0 ? Math.abs(one - other) / larger : 0;
}
