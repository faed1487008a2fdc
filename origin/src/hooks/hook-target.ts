import * as z from 'zod';

/** Whom hooks are told: an address that is called, or a program that is run. */
export type HookTarget = { readonly kind: 'webhook'; readonly url: string } | { readonly kind: 'command'; readonly path: string };

/** What is written as a hook: an http(s) address, or a program's path. */
export const hookTargetSchema = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(2048, 'must not exceed 2048 characters')
  .transform((value, context): HookTarget => {
    if (!/^https?:/i.test(value)) return { kind: 'command', path: value };
    if (URL.canParse(value)) return { kind: 'webhook', url: value };
    context.addIssue('must be an address such as https://example.org/hook, or the path of a program');
    return z.NEVER;
  });
