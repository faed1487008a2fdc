import * as z from 'zod';

import { machineSchema } from '../machine.js';

const count = z.int().min(0);
const ms = z.number().min(0);

/** How long one kind of search took, each from the call to the page of results. */
export const searchFigureSchema = z.strictObject({
  name: z.string(),
  samples: count,
  /** Recordings that matched, median over the searches. */
  foundP50: z.number().min(0),
  p50Ms: ms,
  p95Ms: ms,
  maxMs: ms,
});

/** What the catalogue suite writes. */
export const catalogueReportSchema = z.strictObject({
  suite: z.literal('catalogue'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: z.strictObject({ recordings: count, searches: count }),
  results: z.strictObject({
    p2ptv: z.strictObject({
      addedPerSecond: z.number().positive(),
      databaseBytes: count,
      searches: z.array(searchFigureSchema),
      /** Over the searches of all kinds together. */
      p95Ms: ms,
    }),
  }),
});
/** See {@link catalogueReportSchema}. */
export type CatalogueReport = z.infer<typeof catalogueReportSchema>;
