import { cpus, release, totalmem, type } from 'node:os';

import * as z from 'zod';

/** What the measuring was done on; figures of two machines are not to be compared without a look at it. */
export const machineSchema = z.strictObject({
  cpu: z.string(),
  cores: z.int().positive(),
  memoryBytes: z.int().positive(),
  os: z.string(),
  node: z.string(),
  chromium: z.string(),
  ffmpeg: z.string(),
});
/** See {@link machineSchema}. */
export type Machine = z.infer<typeof machineSchema>;

/** Describes this machine, and the programs that were found on it. */
export function describeMachine(programs: { readonly chromium: string; readonly ffmpeg: string }): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: Math.max(1, cores.length),
    memoryBytes: totalmem(),
    os: `${type()} ${release()}`,
    node: process.versions.node,
    ...programs,
  };
}
