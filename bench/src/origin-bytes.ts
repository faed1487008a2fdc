import * as z from 'zod';

const count = z.int().min(0);

/** Application bytes that an origin sent, by what they were. */
export const originBytesSchema = z.strictObject({
  media: count,
  init: count,
  playlists: count,
  headers: count,
  join: count,
  seeder: count,
});
