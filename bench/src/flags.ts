import * as z from 'zod';

import { UsageError } from './errors.js';

/** A whole number in a flag. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d{1,9}$/, message).transform(Number).refine((value) => value >= least && value <= most, message);
}

/** Whole numbers with commas, rising. */
export function risingNumbers(least: number, most: number): z.ZodType<readonly number[]> {
  const message = `must be whole numbers from ${least} to ${most} with commas, rising`;
  return z
    .string()
    .regex(/^\d{1,9}(,\d{1,9})*$/, message)
    .transform((text) => text.split(',').map(Number))
    .refine((values) => values.every((value, index) => value >= least && value <= most && value > (values[index - 1] ?? -1)), message);
}

/**
 * Checks flags as commander gives them.
 *
 * @throws UsageError naming the flag
 */
export function checkFlags<Options>(schema: z.ZodType<Options>, flags: Readonly<Record<string, unknown>>): Options {
  const parsed = schema.safeParse(flags);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? '');
  const given = flags[name];
  const value = typeof given === 'string' ? `, not "${given}"` : '';
  throw new UsageError(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${issue?.message ?? 'is wrong'}${value}.`);
}
