import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { seekPreviewsSchema, STREAM_PATHS, type SeekPreviews, type StreamRecord } from '@p2ptv/protocol';
import * as z from 'zod';

import { recordedTrackSchema, type RecordedTrack } from '../captions/recorded-captions.js';
import { replaceFile } from '../package/durable-file.js';
import { systemCode } from '../package/errors.js';
import { decodeFileIndex, type FileIndex } from './file-index.js';

/** What is known of a recording beside its media and its row in the database. */
export type RecordingManifest = {
  readonly version: 1;
  /** Slug of the stream that it is part of, and that names its chunks. */
  readonly stream: string;
  /** Of its first chunk, in all renditions. */
  readonly firstSequence: number;
  /** Undefined while it still grows. */
  readonly record?: StreamRecord | undefined;
};

const captionsSchema = z.array(recordedTrackSchema);
const INIT_PATTERN = /^init-([0-9a-f]{64})\.mp4$/;

/** A recording's small files on this machine: what it is, what is where in its media, its init segments, its thumbnail. */
export class RecordingFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get thumbnail(): string {
    return join(this.path, 'thumbnail.jpg');
  }

  /** The sheet of pictures for a seek bar. */
  get previews(): string {
    return join(this.path, 'previews.jpg');
  }

  /** What is on that sheet; undefined where there is none. */
  describedPreviews(): SeekPreviews | undefined {
    try {
      return seekPreviewsSchema.parse(JSON.parse(readFileSync(join(this.path, 'previews.json'), 'utf8')));
    } catch {
      return undefined;
    }
  }

  describePreviews(previews: SeekPreviews): void {
    replaceFile(join(this.path, 'previews.json'), JSON.stringify(previews));
  }

  /** Its captions; their texts are in files of their own. */
  captions(): readonly RecordedTrack[] {
    try {
      return captionsSchema.parse(JSON.parse(readFileSync(join(this.path, 'captions.json'), 'utf8')));
    } catch {
      return [];
    }
  }

  /** Where the WebVTT of captions is. */
  captionFile(track: number): string {
    return join(this.path, `captions-${track}.vtt`);
  }

  writeCaptions(captions: readonly (RecordedTrack & { readonly text: string })[]): void {
    for (const [track, { text }] of captions.entries()) replaceFile(this.captionFile(track), text);
    replaceFile(join(this.path, 'captions.json'), JSON.stringify(captions.map(({ text: _text, ...track }) => track)));
  }

  /** Captions that come while it grows. */
  get captionJournal(): string {
    return join(this.path, 'captions.jsonl');
  }

  /** Undefined when there is none that can be read. */
  manifest(): RecordingManifest | undefined {
    try {
      return JSON.parse(readFileSync(join(this.path, 'recording.json'), 'utf8')) as RecordingManifest;
    } catch {
      return undefined;
    }
  }

  writeManifest(manifest: RecordingManifest): void {
    mkdirSync(this.path, { recursive: true });
    replaceFile(join(this.path, 'recording.json'), JSON.stringify(manifest));
  }

  /** The index of a file of its media; undefined when it is missing or torn. */
  index(name: string): FileIndex | undefined {
    try {
      return decodeFileIndex(readFileSync(this.#indexPath(name)));
    } catch {
      return undefined;
    }
  }

  /** The files of its media that have an index, in the order of their chunks. */
  indexedNames(): string[] {
    const folder = join(this.path, 'index');
    return namesIn(folder).flatMap((rendition) => namesIn(join(folder, rendition)).flatMap((name) => (name.endsWith('.index') ? `${rendition}/${name.slice(0, -'.index'.length)}` : [])));
  }

  writeIndex(name: string, bytes: Uint8Array): void {
    const path = this.#indexPath(name);
    mkdirSync(dirname(path), { recursive: true });
    replaceFile(path, bytes);
  }

  /** Its init segments, by hash; one that is not what its name says is left out. */
  inits(): Map<string, Uint8Array> {
    return readInits(this.path);
  }

  writeInit(initHash: string, bytes: Uint8Array): void {
    replaceFile(join(this.path, STREAM_PATHS.init(initHash)), bytes);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #indexPath(name: string): string {
    return join(this.path, 'index', `${name}.index`);
  }
}

/** The init segments in a folder, by hash. */
export function readInits(folder: string): Map<string, Uint8Array> {
  const inits = new Map<string, Uint8Array>();
  for (const name of namesIn(folder)) {
    const initHash = INIT_PATTERN.exec(name)?.[1];
    if (initHash === undefined) continue;
    const bytes = readFileSync(join(folder, name));
    if (createHash('sha256').update(bytes).digest('hex') === initHash) inits.set(initHash, bytes);
  }
  return inits;
}

/** Names in a folder, in their order; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
