import type { DvrPreviews, RecordingListing } from '@p2ptv/protocol';

/** Pictures at even distances over what can be watched: of a recording all on one sheet, of a live stream by date. */
export type Previews = NonNullable<RecordingListing['previews']> | DvrPreviews;

/** Where a picture is: on which sheet, and where on it, counted in pictures. */
export type PreviewPlace = { readonly path: string; readonly column: number; readonly row: number };

/** A place on a seek bar: as a share of it and as a date; and the date of its end. */
export type PointedAt = { readonly ratio: number; readonly dateMs: number; readonly newestMs: number };

/** The picture that shows what is nearest to a place on the seek bar. */
export function previewPlace(previews: Previews, { ratio, dateMs, newestMs }: PointedAt): PreviewPlace {
  const { columns, path } = previews;
  if ('count' in previews) {
    const picture = Math.min(previews.count - 1, Math.floor(ratio * previews.count));
    return { path, column: picture % columns, row: Math.floor(picture / columns) };
  }
  // The last one that is surely there: of the next, the segment may not be whole yet, and a browser would keep the hole.
  const last = Math.floor(newestMs / previews.everyMs) - 1;
  const picture = Math.min(Math.floor(dateMs / previews.everyMs), last);
  const sheet = Math.floor(picture / columns);
  // A sheet to which pictures are added has another path with each of them, and the same for ever when it is full.
  const newest = Math.min(last, (sheet + 1) * columns - 1);
  return { path: path.replace('{sheet}', String(sheet)).replace('{newest}', String(newest)), column: picture % columns, row: 0 };
}
