import * as z from 'zod';

/** A year: who wants to let somebody in for ever makes the channel public. */
const MAX_TOKEN_SECONDS = 366 * 86_400;
const DEFAULT_TOKEN_SECONDS = 12 * 3600;

/** What is asked of a viewer token. */
export const newTokenSchema = z.strictObject({
  viewer: z.string().min(1).max(200).optional().describe('whom it is for; stands in the token'),
  lifetimeSeconds: z.int().min(1).max(MAX_TOKEN_SECONDS).default(DEFAULT_TOKEN_SECONDS),
});
/** A viewer token, and the page that it opens. */
export const tokenSchema = z.object({ token: z.string(), watchPath: z.string() });
