import type { ChunkSequence, DvrPreviews as Described, RecordedSegment, Rendition } from '@p2ptv/protocol';

import type { Ffmpeg } from '../encode/ffmpeg-location.js';
import { previewSheet, previewSize } from '../encode/preview-sheet.js';
import type { ServedStream } from './served-stream.js';

/** Between two pictures, ms. */
const EVERY_MS = 10_000;
/** Pictures of a sheet: so much is made by one ffmpeg. */
const COLUMNS = 10;
/** Kept of a stream: 3 MB are five hours. */
const MAX_SHEETS = 180;
/** In line at once: one who asks for all does not keep the machine busy for long. */
const MAX_IN_LINE = 8;

/** A sheet that is not whole yet is made anew as the stream goes on. */
export type DvrSheet = { readonly jpeg: Buffer; readonly isWhole: boolean };

type MadeSheet = DvrSheet & { readonly count: number };

/** By number. */
type StreamSheets = {
  /** The one made last at the end. */
  readonly made: Map<number, MadeSheet>;
  readonly inLine: Map<number, Promise<MadeSheet | undefined>>;
};

/**
 * Pictures for the seek bar of a live stream whose past is kept, at even distances by date: of single key frames of its
 * smallest rendition, made when somebody looks and then kept, one sheet after the other.
 */
export class DvrPreviews {
  readonly #locate: () => Promise<Ffmpeg>;
  readonly #sheets = new WeakMap<ServedStream, StreamSheets>();
  #inLine = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(locate: () => Promise<Ffmpeg>) {
    this.#locate = locate;
  }

  /** What a stream's viewers are told of them, but for their address; undefined where there are none. */
  describe(stream: ServedStream): Omit<Described, 'path'> | undefined {
    const smallest = smallestOf(stream);
    if (!smallest || stream.log.keptFromMs === undefined) return undefined;
    return { ...previewSize(smallest), columns: COLUMNS, everyMs: EVERY_MS };
  }

  /** The sheet whose first picture is of `number` × 100 s since the Unix epoch; undefined where nothing is kept of it, `busy` where too many others are asked for. */
  async get(stream: ServedStream, number: number): Promise<DvrSheet | 'busy' | undefined> {
    const { made, inLine } = this.#sheetsOf(stream);
    const known = made.get(number);
    if (known?.isWhole === true) return known;
    const shared = inLine.get(number);
    if (shared) return shared;
    if (this.#inLine >= MAX_IN_LINE) return known ?? 'busy';
    this.#inLine++;
    const making = this.#turn
      .then(() => this.#make(stream, { number, known }))
      .finally(() => {
        this.#inLine--;
        inLine.delete(number);
      });
    inLine.set(number, making);
    this.#turn = making.catch(() => undefined);
    return making;
  }

  async #make(stream: ServedStream, { number, known }: { readonly number: number; readonly known: MadeSheet | undefined }): Promise<MadeSheet | undefined> {
    const smallest = smallestOf(stream);
    const log = smallest && stream.rendition(smallest.id);
    const chosen = chooseSegments(log?.recorded() ?? [], number);
    // As long as nothing is added to it, it stays.
    if (known && known.count >= chosen.length) return known;
    const init = chosen[0] && log?.init(chosen[0].initHash);
    if (!smallest || !log || !init) return known;
    const chunks: Uint8Array[] = [];
    for (const { sequence } of chosen) {
      const chunk = await log.read(sequence as ChunkSequence);
      if (!chunk) return known;
      chunks.push(chunk.bytes);
    }
    const jpeg = await previewSheet((await this.#locate()).path, { init, chunks, size: previewSize(smallest), columns: COLUMNS });
    if (!jpeg) return known;
    const sheet = { jpeg, count: chosen.length, isWhole: chosen.length === COLUMNS };
    const { made } = this.#sheetsOf(stream);
    made.delete(number);
    made.set(number, sheet);
    const [oldest] = made.keys();
    if (made.size > MAX_SHEETS && oldest !== undefined) made.delete(oldest);
    return sheet;
  }

  #sheetsOf(stream: ServedStream): StreamSheets {
    const sheets = this.#sheets.get(stream) ?? { made: new Map<number, MadeSheet>(), inLine: new Map<number, Promise<MadeSheet | undefined>>() };
    this.#sheets.set(stream, sheets);
    return sheets;
  }
}

function smallestOf({ record }: ServedStream): Rendition | undefined {
  return [...(record?.renditions ?? [])].filter(({ height }) => height > 0).sort((left, right) => left.height - right.height)[0];
}

/** What is shown at each date of a sheet, as far as the stream has come; all in one encoding. */
function chooseSegments(segments: readonly RecordedSegment[], number: number): readonly RecordedSegment[] {
  const fromMs = number * COLUMNS * EVERY_MS;
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last || first.programDateTimeMs >= fromMs + COLUMNS * EVERY_MS) return [];
  const endMs = last.programDateTimeMs + last.durationUs / 1000;
  const dates = Array.from({ length: COLUMNS }, (_, column) => fromMs + column * EVERY_MS).filter((dateMs) => dateMs < endMs);
  const { initHash } = segments.findLast(({ programDateTimeMs }) => programDateTimeMs <= (dates.at(-1) ?? 0)) ?? first;
  const alike = segments.filter((segment) => segment.initHash === initHash);
  return dates.flatMap((dateMs) => alike.findLast(({ programDateTimeMs }) => programDateTimeMs <= dateMs) ?? alike[0] ?? []);
}
