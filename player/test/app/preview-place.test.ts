import { describe, expect, it } from 'vitest';
import { previewPlace } from '../../src/app/preview-place.js';

describe('the picture of a place on the seek bar', () => {
  it('RC9: of a recording stands by its share of the whole, row by row', () => {
    const previews = { path: '/sheet.jpg', width: 160, height: 90, columns: 10, count: 25 };
    const placeAt = (ratio: number): unknown => previewPlace(previews, { ratio, dateMs: 0, newestMs: 0 });
    expect(placeAt(0)).toEqual({ path: '/sheet.jpg', column: 0, row: 0 });
    expect(placeAt(0.5)).toEqual({ path: '/sheet.jpg', column: 2, row: 1 });
    expect(placeAt(1)).toEqual({ path: '/sheet.jpg', column: 4, row: 2 });
  });

  it('RC9: of a live stream stands by its date, on a sheet whose address stays once it is full', () => {
    const previews = { path: '/{sheet}.jpg?newest={newest}', width: 160, height: 90, columns: 10, everyMs: 10_000 };
    const placeAt = (dateMs: number, newestMs: number): unknown => previewPlace(previews, { ratio: 0, dateMs, newestMs });
    expect(placeAt(1_234_567, 1_245_000)).toEqual({ path: '/12.jpg?newest=123', column: 3, row: 0 });
    expect(placeAt(1_299_999, 1_245_000)).toEqual({ path: '/12.jpg?newest=123', column: 3, row: 0 });
    expect(placeAt(1_200_000, 1_255_000)).toEqual({ path: '/12.jpg?newest=124', column: 0, row: 0 });
    expect(placeAt(1_200_000, 1_310_000)).toEqual({ path: '/12.jpg?newest=129', column: 0, row: 0 });
    // Segments are seconds long: what is just ten seconds old may have no picture yet.
    expect(placeAt(1_230_000, 1_230_000)).toEqual({ path: '/12.jpg?newest=122', column: 2, row: 0 });
    expect(placeAt(1_299_999, 1_300_000)).toEqual({ path: '/12.jpg?newest=129', column: 9, row: 0 });
    expect(placeAt(1_200_000, 9_999_999)).toEqual({ path: '/12.jpg?newest=129', column: 0, row: 0 });
  });
});
