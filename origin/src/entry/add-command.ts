import { basename, extname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Option } from 'commander';
import * as z from 'zod';

import { CHANNEL_SCHEMAS, LADDER_HEIGHTS } from '../channel/channel-settings.js';
import { locateFfmpeg } from '../encode/ffmpeg-location.js';
import { checkFile } from '../ingest/file-source.js';
import { loadPublisher } from '../package/publisher.js';
import { startImport } from '../recording/file-import.js';
import { DataFolder } from '../server/data-folder.js';
import { openRecordings } from '../server/recordings.js';
import { SqliteStore, STORE_FILE } from '../store/sqlite-store.js';
import { createLogger } from './logging.js';
import { UsageError } from './usage-error.js';

const { title, description, tags } = CHANNEL_SCHEMAS;
const flagsSchema = z.object({
  title: title.optional(),
  description: description.default(''),
  tag: tags.default([]),
  ladder: LADDER_HEIGHTS.optional(),
  private: z.boolean().default(false),
  data: z.string().min(1).default('./data'),
});

/** The flags of `add`. */
export function addFlags(): Option[] {
  return [
    new Option('--title <text>', 'what viewers see (default: the name of the file)'),
    new Option('--description <text>', 'more about it'),
    new Option('--tag <word>', 'what it is found by (repeatable)').argParser<string[] | undefined>((value, before) => [...(before ?? []), value]),
    new Option('--ladder <heights>', 'the renditions, by height in pixels, best first, with commas (default: 720,480,240)'),
    new Option('--private', 'left out of the lists, and only for viewers with a token'),
    new Option('--data <folder>', "the origin's data folder (default: ./data)"),
  ];
}

/**
 * Makes a recording of a file, and tells how far it is.
 *
 * @throws UsageError, IngestError, PackageError or RecordingError, each with one sentence
 */
export async function runAdd(file: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const parsed = flagsSchema.safeParse(flags);
  if (!parsed.success) throw new UsageError(`--${String(parsed.error.issues[0]?.path[0] ?? '')} ${parsed.error.issues[0]?.message ?? 'is wrong'}: see --help.`);
  const { data, private: isPrivate, tag, ...described } = parsed.data;
  checkFile(file);
  const folder = await DataFolder.open(resolve(data));
  const logger = createLogger({ 'log-level': 'warn', 'log-format': 'text' });
  const store = SqliteStore.open(join(folder.path, STORE_FILE));
  try {
    const publisher = loadPublisher(folder.path);
    const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
    const { library, keeper, close } = openRecordings(store.recordings, { dataFolder: folder.path, publisher, gate: undefined, wallMs: clock.wallMs, logger });
    await keeper.recover();
    const request = { ...described, title: described.title ?? basename(file, extname(file)), tags: tag, isPrivate, file: resolve(file) };
    const running = await startImport(request, { dataFolder: folder.path, library, publisher, clock, logger, ffmpeg: await locateFfmpeg(), onProgress: progressWriter() });
    const cancel = (): void => running.cancel();
    process.once('SIGINT', cancel).once('SIGTERM', cancel);
    await running.done;
    await keeper.settled();
    close();
    process.stdout.write(`Added as ${running.id}: /watch/recordings/${running.id} of the origin.\n`);
  } finally {
    store.close();
    folder.close();
  }
}

/** A line that changes on a terminal, a line each tenth elsewhere. */
function progressWriter(): (ratio: number) => void {
  let told = -1;
  return (ratio) => {
    const percent = Math.floor(ratio * 100);
    const step = process.stderr.isTTY ? 1 : 10;
    if (percent < told + step && !(percent === 100 && told < 100)) return;
    told = percent;
    process.stderr.write(process.stderr.isTTY ? `\rEncoding: ${percent} %${percent === 100 ? '\n' : ''}` : `Encoding: ${percent} %\n`);
  };
}
