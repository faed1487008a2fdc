import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { SqliteStore, type RecordingQuery } from '@p2ptv/origin/store';
import { seededRandom, type Random } from '@p2ptv/protocol';

import { StoppedError } from '../errors.js';
import { formatBars, judge } from '../load/bars.js';
import { milliseconds, whole } from '../load/formats.js';
import { describeMachine } from '../machine.js';
import { percentile } from '../metrics/percentile.js';
import { writeJsonOutput } from '../output-file.js';
import type { Suite, SuiteContext } from '../suite.js';
import { formatTable } from '../text-table.js';
import { makeUpRecording, SEARCHES } from './made-up-recordings.js';
import { catalogueFlags, resolveCatalogueOptions, type CatalogueOptions } from './options.js';
import { catalogueReportSchema, type CatalogueReport } from './report.js';

const SEED = 5;
/** Searches that are not counted: code and pages of the file are cold. */
const WARM_UP = 20;
const BAR_MS = 50;

type SearchFigure = CatalogueReport['results']['p2ptv']['searches'][number];

/** How fast recordings are found. */
export const catalogueSuite: Suite = {
  name: 'catalogue',
  summary: 'search over many recordings: words, filters, orders and pages',
  configure: (command) => {
    for (const flag of catalogueFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveCatalogueOptions(flags);
    const report = await measure(options, context);
    context.print(`\n${formatReport(report)}`);
    if (options.jsonPath !== undefined) {
      // Our own schema: a figure that does not fit is a defect here, and must not be written.
      writeJsonOutput(options.jsonPath, catalogueReportSchema.parse(report));
      context.print(`\nFigures: ${options.jsonPath}`);
    }
    return true;
  },
};

async function measure(options: CatalogueOptions, context: SuiteContext): Promise<CatalogueReport> {
  const startedAt = new Date().toISOString();
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-catalogue-'));
  const path = join(folder, 'p2ptv.db');
  const store = SqliteStore.open(path);
  try {
    const random = seededRandom(SEED);
    context.print(`${options.recordings} recordings are added, one by one`);
    const startMs = performance.now();
    for (let index = 0; index < options.recordings; index++) {
      if (index % 1000 === 0) await pause(context);
      store.recordings.add(makeUpRecording(index, random));
    }
    const addedPerSecond = options.recordings / ((performance.now() - startMs) / 1000);
    const all: number[] = [];
    const searches: SearchFigure[] = [];
    for (const [name, makeUp] of Object.entries(SEARCHES)) {
      context.print(`${options.searches} searches: ${name}`);
      const { figure, tookMs } = await searchOften(store, { name, makeUp, random, count: options.searches, context });
      searches.push(figure);
      all.push(...tookMs);
    }
    return {
      suite: 'catalogue',
      startedAt,
      machine: describeMachine({ chromium: 'not used', ffmpeg: 'not used' }),
      config: { recordings: options.recordings, searches: options.searches },
      results: { p2ptv: { addedPerSecond, databaseBytes: statSync(path).size, searches, p95Ms: percentile(all, 0.95) ?? 0 } },
    };
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function searchOften(
  store: SqliteStore,
  kind: { readonly name: string; readonly makeUp: (random: Random) => RecordingQuery; readonly random: Random; readonly count: number; readonly context: SuiteContext },
): Promise<{ readonly figure: SearchFigure; readonly tookMs: readonly number[] }> {
  const tookMs: number[] = [];
  const found: number[] = [];
  for (let index = -WARM_UP; index < kind.count; index++) {
    if (index % 50 === 0) await pause(kind.context);
    const query = kind.makeUp(kind.random);
    const beforeMs = performance.now();
    const { total } = store.recordings.search(query);
    if (index < 0) continue;
    tookMs.push(performance.now() - beforeMs);
    found.push(total);
  }
  return {
    tookMs,
    figure: {
      name: kind.name,
      samples: tookMs.length,
      foundP50: percentile(found, 0.5) ?? 0,
      p50Ms: percentile(tookMs, 0.5) ?? 0,
      p95Ms: percentile(tookMs, 0.95) ?? 0,
      maxMs: percentile(tookMs, 1) ?? 0,
    },
  };
}

/** Lets a signal through. */
async function pause({ signal }: SuiteContext): Promise<void> {
  await setImmediate();
  if (signal.aborted) throw new StoppedError('Stopped before anything was measured.');
}

function formatReport({ machine, config, results: { p2ptv } }: CatalogueReport): string {
  const rows = p2ptv.searches.map(({ name, samples, foundP50, p50Ms, p95Ms, maxMs }) => [name, whole(samples), whole(foundP50), ...[p50Ms, p95Ms, maxMs].map(milliseconds)]);
  const bars = judge([{ name: `p95 of a search over ${whole(config.recordings)}`, value: p2ptv.p95Ms, limit: BAR_MS, sense: 'most', format: milliseconds }]);
  return [
    `${whole(config.recordings)} recordings, ${whole(p2ptv.addedPerSecond)} added a second, ${whole(p2ptv.databaseBytes / 1024)} KiB\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    formatTable([['', 'searches', 'found p50', 'p50', 'p95', 'most'], ...rows]),
    formatBars(bars),
  ].join('\n\n');
}
