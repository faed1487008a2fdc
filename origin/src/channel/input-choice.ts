import * as z from 'zod';

/** Where a channel's picture comes from. */
export type InputChoice =
  | { readonly kind: 'clip' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'testcard' }
  | { readonly kind: 'rtmp' }
  | { readonly kind: 'none' };

/** The longest text that names an input. */
const MAX_CHARACTERS = 4096;

/** What is written as an input (`rtmp`, `testcard`, a file's path …), and what it means. */
export const inputSchema = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(MAX_CHARACTERS, `must not exceed ${MAX_CHARACTERS} characters`)
  .transform((value, context): InputChoice => {
    if (value === 'testcard' || value === 'rtmp' || value === 'none' || value === 'clip') return { kind: value };
    const scheme = /^([a-z]+):\/?/i.exec(value)?.[1]?.toLowerCase() ?? value;
    if (['srt', 'hls', 'http', 'https', 'udp', 'rtsp', 'rtmps'].includes(scheme)) {
      context.addIssue(`cannot be ${scheme} in this version: give a file, testcard, rtmp or none`);
      return z.NEVER;
    }
    return { kind: 'file', path: value };
  });

/** The text that means an input: the inverse of {@link inputSchema}. */
export function formatInput(input: InputChoice): string {
  return input.kind === 'file' ? input.path : input.kind;
}
