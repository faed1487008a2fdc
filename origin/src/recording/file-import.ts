import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '@p2ptv/protocol';
import type { FastifyBaseLogger } from 'fastify';

import { readCaptions } from '../captions/file-captions.js';
import { timestampMap, writeCues } from '../captions/text-cue.js';
import type { ChannelSettings } from '../channel/channel-settings.js';
import { feedStream } from '../channel/encoder-feed.js';
import { Encoder } from '../encode/encoder.js';
import type { Ffmpeg } from '../encode/ffmpeg-location.js';
import { DEFAULT_LADDER_HEIGHTS } from '../encode/ladder.js';
import { IngestError } from '../ingest/errors.js';
import { FileSource } from '../ingest/file-source.js';
import { LiveStream } from '../package/live-stream.js';
import { describeWriteFailure, isDiskFull } from '../package/errors.js';
import type { Publisher } from '../package/publisher.js';
import { RecordingError } from './errors.js';
import type { OpenRecording, RecordingLibrary } from './recording-library.js';
import { recordingName } from './recording-names.js';

/** What a file is to become. */
export type ImportRequest = Pick<ChannelSettings, 'title' | 'description' | 'tags' | 'isPrivate'> & {
  readonly file: string;
  /** Heights, best first, none enlarged. Default: {@link DEFAULT_LADDER_HEIGHTS}. */
  readonly ladder?: readonly number[] | undefined;
};

/** What a {@link startImport | file} is added with. */
export type ImportPorts = {
  readonly dataFolder: string;
  readonly library: RecordingLibrary;
  readonly publisher: Publisher;
  readonly ffmpeg: Ffmpeg;
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  /** How much is done, 0 to 1; nothing where the file does not tell its length. */
  readonly onProgress?: (ratio: number) => void;
};

/** A file that is being made into a recording. */
export type RunningImport = {
  readonly id: string;
  /** Rejects with an IngestError or a RecordingError where nothing could be made of it; nothing is then left of it. */
  readonly done: Promise<void>;
  /** Gives it up: `done` rejects, with the reason if there is one. */
  readonly cancel: (reason?: Error) => void;
};

const PART_MS = 200;
const SEGMENT_MS = 2000;
/** Where so much less has come than the file says it has, a part of it may be missing; a sound or a picture may end a little early. */
const LEAST_COME_RATIO = 0.9;

/**
 * Makes a recording of a media file: encoded like a live stream, as fast as the machine can beside what is live, under a
 * stream of its own.
 *
 * @throws IngestError `BAD_INPUT` when the file cannot be played, RecordingError `NO_ROOM`
 */
export async function startImport(request: ImportRequest, ports: ImportPorts): Promise<RunningImport> {
  const { file, title, description, tags, isPrivate } = request;
  const { dataFolder, library, ffmpeg, clock } = ports;
  const source = await FileSource.create({ ffmpegPath: ffmpeg.path, file, isLooped: false, isPaced: false });
  const startedAtMs = clock.wallMs();
  const id = recordingName(nameOf(title), startedAtMs, (name) => library.find(name) !== undefined);
  let open: OpenRecording | undefined;
  try {
    open = library.begin({ id, stream: id, firstSequence: 0, channel: undefined, title, description, tags, isPrivate, state: 'importing' });
    const captions = await readCaptions(ffmpeg.path, file, source.media);
    // They count from where the picture does.
    if (captions.length > 0) library.folderOf(id).writeCaptions(captions.map(({ cues, ...track }) => ({ ...track, text: writeCues(cues, [timestampMap(0, 0)]) })));
    return run(request, { ...ports, source, startedAtMs, open, folder: join(dataFolder, 'streams', id) });
  } catch (error) {
    await open?.discard();
    throw explained(error, title);
  }
}

type BegunImport = ImportPorts & { readonly source: FileSource; readonly startedAtMs: number; readonly open: OpenRecording; readonly folder: string };

function run({ file, title, ladder }: ImportRequest, begun: BegunImport): RunningImport {
  const { publisher, ffmpeg, clock, logger, onProgress, source, startedAtMs, open, folder } = begun;
  let problem: unknown;
  const live: LiveStream = new LiveStream({
    publisher,
    slug: open.id,
    title,
    folder,
    // The recording has what is whole.
    archiveMs: 0,
    wallMs: () => clock.wallMs(),
    notice: (notice) => {
      if (notice.kind === 'recordingPaused') problem ??= notice.error;
    },
    fileClosed: (rendition, closed) => {
      try {
        open.keep(rendition, closed, (initHash) => live.rendition(rendition)?.init(initHash));
      } catch (error) {
        problem ??= error;
      }
    },
  });
  const encoding = { hasClock: false, ladder: ladder ?? DEFAULT_LADDER_HEIGHTS };
  const encoder = new Encoder({ ffmpeg, source, cadence: { partMs: PART_MS, segmentMs: SEGMENT_MS }, encoding, clock });
  feedStream(encoder, live, { encoding, logger, dateOf: ({ decodeTimeUs }) => startedAtMs + decodeTimeUs / 1000 });
  let comeSeconds = 0;
  let cancel = (_reason?: Error): void => undefined;
  const done = new Promise<void>((resolve, reject) => {
    let isFailed = false;
    const fail = (error: unknown): void => {
      problem ??= error;
      if (isFailed) return;
      isFailed = true;
      void encoder.stop().then(async () => {
        live.close();
        rmSync(folder, { recursive: true, force: true });
        await open.discard();
      }).finally(() => reject(explained(problem, title)));
    };
    encoder.on('part', ({ rendition, decodeTimeUs, durationUs }) => {
      const { durationSeconds } = source.media;
      if (rendition === live.defaultRendition) {
        comeSeconds = (decodeTimeUs + durationUs) / 1e6;
        if (durationSeconds !== undefined) onProgress?.(Math.min(1, comeSeconds / durationSeconds));
      }
      if (problem !== undefined) fail(problem);
    });
    encoder.on('died', ({ lastLines }) => fail(new IngestError('BAD_INPUT', `The file ${file} cannot be encoded: ${lastLines.at(-1) ?? 'ffmpeg failed'}.`)));
    encoder.on('exhausted', () => {
      live.closeFiles();
      const { record } = live;
      if (problem !== undefined || !record) {
        fail(new IngestError('BAD_INPUT', `The file ${file} holds nothing that can be played.`));
        return;
      }
      try {
        if (!open.finish(record)) problem = new IngestError('BAD_INPUT', `The file ${file} is too short for a recording.`);
      } catch (error) {
        problem = error;
      }
      if (problem !== undefined) {
        fail(problem);
        return;
      }
      const { durationSeconds = 0 } = source.media;
      if (comeSeconds < durationSeconds * LEAST_COME_RATIO) {
        logger.warn(`Of "${title}" only ${comeSeconds.toFixed(0)} s can be played, where the file says that it has ${durationSeconds.toFixed(0)} s: see whether it is whole.`);
      }
      live.close();
      rmSync(folder, { recursive: true, force: true });
      resolve();
    });
    cancel = (reason) => fail(reason ?? new RecordingError('BROKEN_OFF', `Adding "${title}" was given up.`));
  });
  encoder.start();
  return { id: open.id, done, cancel: (reason) => cancel(reason) };
}

/** A full disk in words of its own; what is explained already stays as it is. */
function explained(error: unknown, title: string): Error {
  if (isDiskFull(error)) return new RecordingError('NO_ROOM', `"${title}" cannot be added, because ${describeWriteFailure(error)}: make room, and add it again.`, { cause: error });
  return error instanceof Error ? error : new IngestError('BAD_INPUT', String(error));
}

/** A title as the beginning of a name: letters and digits, the rest hyphens. */
function nameOf(title: string): string {
  const plain = title.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 30).replace(/-+$/, '') || 'recording';
}
