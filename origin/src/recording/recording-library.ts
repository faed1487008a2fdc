import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { joinCaptions, noteCaptions, readCaptionJournal, type CaptionEntry } from '../captions/caption-journal.js';
import type { RenditionId, StreamId, StreamRecord } from '@p2ptv/protocol';
import type { FastifyBaseLogger } from 'fastify';

import { TypedEvents } from '../ingest/typed-events.js';
import type { ClosedFile } from '../package/chunk-archive.js';
import { isDiskFull } from '../package/errors.js';
import type { Publisher } from '../package/publisher.js';
import { PublishedStream } from '../publish/published-stream.js';
import type { Recording, RecordingStore } from '../store/state-store.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import { encodeFileIndex } from './file-index.js';
import { RecordedRendition, type IndexedFile } from './recorded-rendition.js';
import { RecordedStream } from './recorded-stream.js';
import { RecordingFolder, type RecordingManifest } from './recording-folder.js';
import { recordingName, renditionOfName, storedName } from './recording-names.js';
import type { RecordingStorage } from './recording-storage.js';
import { repairRecording } from './recording-repair.js';

/** What a {@link RecordingLibrary} needs. */
export type RecordingLibraryPorts = {
  /** Of the origin; recordings are in `recordings`, streams in `streams`. */
  readonly dataFolder: string;
  readonly storage: RecordingStorage;
  readonly store: RecordingStore;
  readonly publisher: Publisher;
  readonly gate: UplinkGate | undefined;
  /** Wall clock, ms. */
  readonly wallMs: () => number;
  readonly retention: Retention;
  readonly logger: FastifyBaseLogger;
};

/** What is kept; the oldest go first. Undefined: no such limit. */
export type Retention = {
  /** Age from its start, ms. */
  readonly maxAgeMs?: number | undefined;
  /** Of all recordings together. */
  readonly maxBytes?: number | undefined;
};

/** Events of a {@link RecordingLibrary}, after the fact. */
export type RecordingEvents = {
  /** It can be watched. */
  readonly finished: { readonly recording: Recording };
  readonly removed: { readonly id: string };
};

/** What a recording is when it begins. */
export type NewRecording = Pick<Recording, 'channel' | 'title' | 'description' | 'tags' | 'isPrivate'> & {
  /** Slug of the stream that it is part of. */
  readonly stream: string;
  readonly firstSequence: number;
  /** Default: made of the stream's name and the date. */
  readonly id?: string;
  /** Default: `recording`. */
  readonly state?: 'recording' | 'importing';
};

/** A recording that grows. */
export interface OpenRecording {
  readonly id: string;
  /** Takes a file of a rendition's chunks over. @throws the system's error */
  keep(rendition: RenditionId, file: ClosedFile, initOf: (initHash: string) => Uint8Array | undefined): void;
  /** Takes captions that came. @throws the system's error */
  noteCaptions(entry: CaptionEntry): void;
  /** Nothing will follow. False: there was too little, and it is gone. @throws the system's error */
  finish(record: StreamRecord): boolean;
  /** Removes what there is of it. */
  discard(): Promise<void>;
}

/** Kept open at a time; one of three hours takes 2 MB a rendition. */
const MAX_OPEN = 32;
/** What is shorter was a mistake, ms. */
const LEAST_DURATION_MS = 1000;
const PAGE = 500;

/** The recordings of an origin: what is kept of them, how they begin and end, and what is served of them. */
export class RecordingLibrary {
  readonly #ports: RecordingLibraryPorts;
  readonly #events = new TypedEvents<RecordingEvents>();
  /** Newest used last. */
  readonly #served = new Map<string, PublishedStream>();
  /** Those of them that are private. */
  readonly #private = new Set<string>();
  readonly #growing = new Set<string>();
  /** Names of the streams that recordings are of. */
  readonly #streams = new Map<StreamId, string>();

  constructor(ports: RecordingLibraryPorts) {
    this.#ports = ports;
    for (const { id, channel = id } of this.#all()) this.#streams.set(ports.publisher.streamId(channel), channel);
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof RecordingEvents>(name: Name, listener: (payload: RecordingEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Whether any recording is of that stream. */
  hasStream(streamId: StreamId): boolean {
    return this.#streams.has(streamId);
  }

  /** The name of a stream where any recording of it is private. */
  privateStream(streamId: StreamId): string | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return undefined;
    const { store } = this.#ports;
    const isPrivate = store.search({ channel: stream, isPrivate: true, offset: 0, limit: 1 }).total > 0 || store.get(stream)?.isPrivate === true;
    return isPrivate ? stream : undefined;
  }

  /** What is known of a recording; undefined when there is none. */
  find(id: string): Recording | undefined {
    return this.#ports.store.get(id);
  }

  /** Whether viewers need a token for it; undefined when there is none. */
  isPrivate(id: string): boolean | undefined {
    // Asked for each request.
    if (this.#served.has(id)) return this.#private.has(id);
    return this.#ports.store.get(id)?.isPrivate;
  }

  /** A recording that can be watched, for who serves it. */
  get(id: string): PublishedStream | undefined {
    const known = this.#served.get(id);
    if (known) {
      this.#served.delete(id);
      this.#served.set(id, known);
      return known;
    }
    const recording = this.#ports.store.get(id);
    if (recording?.state !== 'ready') return undefined;
    const stream = this.#load(recording);
    if (!stream) return undefined;
    const published = new PublishedStream(stream, () => 0, this.#ports.gate);
    this.#served.set(id, published);
    if (recording.isPrivate) this.#private.add(id);
    for (const oldest of this.#served.keys()) {
      if (this.#served.size <= MAX_OPEN) break;
      this.#release(oldest);
    }
    return published;
  }

  /** Those that are open. */
  served(): Iterable<PublishedStream> {
    return this.#served.values();
  }

  /** Where its thumbnail is, if it has one. */
  thumbnail(id: string): string | undefined {
    return this.#ports.store.get(id)?.hasThumbnail === true ? this.folderOf(id).thumbnail : undefined;
  }

  /** A recording's small files. */
  folderOf(id: string): RecordingFolder {
    return new RecordingFolder(join(this.#ports.dataFolder, 'recordings', id));
  }

  /**
   * Begins a recording.
   *
   * @throws the system's error, or the database's, when nothing can be written
   */
  begin({ id: wanted, stream, firstSequence, state = 'recording', ...described }: NewRecording): OpenRecording {
    const { store, wallMs, publisher } = this.#ports;
    const startedAtMs = wallMs();
    const id = wanted ?? recordingName(stream, startedAtMs, (name) => store.get(name) !== undefined);
    const manifest: RecordingManifest = { version: 1, stream, firstSequence };
    try {
      this.folderOf(id).writeManifest(manifest);
      store.add({ ...described, id, state, startedAtMs, durationMs: 0, byteLength: 0, width: 0, height: 0, hasThumbnail: false });
    } catch (error) {
      this.folderOf(id).remove();
      throw error;
    }
    this.#streams.set(publisher.streamId(stream), stream);
    this.#growing.add(id);
    return this.#grow(id, manifest);
  }

  /** Finishes what an earlier run left unfinished; to be called once, before anything is published. */
  async recover(): Promise<void> {
    const { store, dataFolder, storage, publisher, logger } = this.#ports;
    for (const { id, title } of store.search({ states: ['importing'], offset: 0, limit: 10_000 }).recordings) {
      rmSync(join(dataFolder, 'streams', id), { recursive: true, force: true });
      await this.#drop(id);
      logger.warn(`"${title}" was not added, because the origin ended meanwhile: add it again.`);
    }
    for (const { id } of store.search({ states: ['recording'], offset: 0, limit: 10_000 }).recordings) {
      try {
        const folder = this.folderOf(id);
        const manifest = folder.manifest();
        const streamFolder = manifest && join(dataFolder, 'streams', manifest.stream);
        const record = manifest && streamFolder !== undefined ? await repairRecording({ id, folder, manifest, streamFolder, storage, publisher }) : undefined;
        if (!record || !manifest) await this.#drop(id);
        else if (await this.#finish(id, manifest, record)) logger.warn(`The recording ${id} was interrupted: it was repaired, and can be watched.`);
      } catch (error) {
        logger.error({ error }, `The recording ${id} could not be repaired.`);
      }
    }
  }

  /** Changes what is told of a recording; undefined when there is none. */
  update(id: string, change: Partial<Pick<Recording, 'title' | 'description' | 'tags' | 'isPrivate'>>): Recording | undefined {
    const changed = this.#ports.store.update(id, change);
    // Its record tells the title.
    this.#release(id);
    return changed;
  }

  /**
   * Removes a recording and its media.
   *
   * @returns `growing` for one that is being made, which stays
   */
  async remove(id: string): Promise<'removed' | 'unknown' | 'growing'> {
    if (this.#growing.has(id)) return 'growing';
    if (!this.#ports.store.get(id)) return 'unknown';
    await this.#drop(id);
    this.#events.emit('removed', { id });
    return 'removed';
  }

  /** Removes what is to be kept no longer, oldest first. */
  async expire(): Promise<void> {
    const { wallMs, retention, logger } = this.#ports;
    const { maxAgeMs = Infinity, maxBytes = Infinity } = retention;
    const recordings = [...this.#all()].filter(({ state }) => state === 'ready' || state === 'failed');
    let bytes = recordings.reduce((sum, { byteLength }) => sum + byteLength, 0);
    for (const { id, byteLength, startedAtMs } of recordings) {
      const isOld = wallMs() - startedAtMs > maxAgeMs;
      if (!isOld && bytes <= maxBytes) continue;
      bytes -= byteLength;
      await this.remove(id);
      logger.info(`The recording ${id} was removed: ${isOld ? 'it is older than' : 'all together are more than'} what is to be kept.`);
    }
  }

  /** Answers all who wait. */
  close(): void {
    for (const id of [...this.#served.keys()]) this.#release(id);
  }

  #grow(id: string, manifest: RecordingManifest): OpenRecording {
    const { storage, store } = this.#ports;
    const folder = this.folderOf(id);
    const storedInits = new Set<string>();
    let byteLength = 0;
    const durationsUs = new Map<number, number>();
    return {
      id,
      keep: (rendition, file, initOf) => {
        const records = file.records.filter(({ header }) => header.sequence >= manifest.firstSequence);
        if (records.length === 0) return;
        for (const initHash of new Set(records.map(({ header }) => header.initHash))) {
          const bytes = storedInits.has(initHash) ? undefined : initOf(initHash);
          if (bytes) folder.writeInit(initHash, bytes);
          storedInits.add(initHash);
        }
        const name = storedName(rendition, file.path);
        storage.put({ recording: id, name }, file.path);
        folder.writeIndex(name, encodeFileIndex(records));
        byteLength += file.byteLength;
        durationsUs.set(rendition, (durationsUs.get(rendition) ?? 0) + records.reduce((sum, { header }) => sum + header.durationUs, 0));
        store.update(id, { byteLength, durationMs: Math.round(Math.max(...durationsUs.values()) / 1000) });
      },
      noteCaptions: (entry) => noteCaptions(folder.captionJournal, entry),
      finish: (record) => {
        const durationMs = Math.max(0, ...durationsUs.values()) / 1000;
        if (durationMs < LEAST_DURATION_MS) {
          void this.#drop(id);
          return false;
        }
        this.#complete(id, manifest, { record, durationMs, byteLength, renditions: new Set(durationsUs.keys()) });
        return true;
      },
      discard: () => this.#drop(id),
    };
  }

  /** Finishes a recording of which only its files tell what is in it. */
  async #finish(id: string, manifest: RecordingManifest, record: StreamRecord): Promise<boolean> {
    const folder = this.folderOf(id);
    const files = await this.#ports.storage.list(id);
    const renditions = new Set(files.map(({ name }) => renditionOfName(name)));
    const { loaded } = this.#renditions(id, folder, files);
    const durations = [...loaded.values()].map((rendition) => rendition.recorded().reduce((sum, { durationUs }) => sum + durationUs, 0));
    const durationMs = Math.max(0, ...durations) / 1000;
    if (durationMs < LEAST_DURATION_MS) {
      await this.#drop(id);
      return false;
    }
    this.#complete(id, manifest, { record, durationMs, byteLength: files.reduce((sum, file) => sum + file.byteLength, 0), renditions });
    return true;
  }

  #complete(
    id: string,
    manifest: RecordingManifest,
    found: { readonly record: StreamRecord; readonly durationMs: number; readonly byteLength: number; readonly renditions: ReadonlySet<number> },
  ): void {
    const made = found.record.renditions.filter((rendition) => found.renditions.has(rendition.id));
    const record: StreamRecord = { ...found.record, isEnded: true, renditions: made.length > 0 ? made : found.record.renditions };
    this.folderOf(id).writeManifest({ ...manifest, record });
    this.#joinCaptions(id, record);
    const [best] = record.renditions;
    const { durationMs, byteLength } = found;
    const recording = this.#ports.store.update(id, { state: 'ready', durationMs: Math.round(durationMs), byteLength, width: best?.width ?? 0, height: best?.height ?? 0 });
    this.#growing.delete(id);
    if (recording) this.#events.emit('finished', { recording });
  }

  /** What came while it grew becomes captions like those of a film. */
  #joinCaptions(id: string, { renditions: [best] }: StreamRecord): void {
    const folder = this.folderOf(id);
    const entries = readCaptionJournal(folder.captionJournal);
    if (!best || entries.length === 0) return;
    try {
      const { loaded } = this.#renditions(id, folder, folder.indexedNames().map((name) => ({ name })));
      folder.writeCaptions(joinCaptions(entries, loaded.get(best.id)?.recorded() ?? []));
      rmSync(folder.captionJournal);
    } catch (error) {
      this.#ports.logger.error({ error }, `The recording ${id} has no captions: they could not be written.`);
    }
  }

  #load(recording: Recording): RecordedStream | undefined {
    const folder = this.folderOf(recording.id);
    const record = folder.manifest()?.record;
    if (!record) return undefined;
    const files = folder.indexedNames().map((name) => ({ name }));
    const { loaded } = this.#renditions(recording.id, folder, files);
    const renditions = record.renditions.filter(({ id }) => loaded.has(id));
    if (renditions.length === 0) return undefined;
    const described = { slug: recording.id, startedAtMs: recording.startedAtMs, record: { ...record, renditions, title: recording.title } };
    return new RecordedStream(described, { renditions: loaded, publisher: this.#ports.publisher, folder });
  }

  #renditions(id: string, folder: RecordingFolder, files: readonly { readonly name: string }[]): { readonly loaded: Map<number, RecordedRendition> } {
    const byRendition = new Map<number, IndexedFile[]>();
    for (const { name } of files) {
      const index = folder.index(name);
      const rendition = renditionOfName(name);
      if (index) byRendition.set(rendition, [...(byRendition.get(rendition) ?? []), { name, index }]);
    }
    const from = { recording: id, storage: this.#ports.storage, inits: folder.inits() };
    return { loaded: new Map([...byRendition].map(([rendition, indexed]) => [rendition, new RecordedRendition(indexed, from)])) };
  }

  /** The row goes first: what then is left of the files is nobody's. */
  async #drop(id: string): Promise<void> {
    this.#growing.delete(id);
    this.#release(id);
    const { store, storage } = this.#ports;
    const isForgotten = this.#forget(id);
    await storage.remove(id);
    this.folderOf(id).remove();
    if (!isForgotten) store.remove(id);
  }

  /** Returns false where the database has no room even for that: the media must go first. */
  #forget(id: string): boolean {
    try {
      this.#ports.store.remove(id);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  #release(id: string): void {
    this.#served.get(id)?.close();
    this.#served.delete(id);
    this.#private.delete(id);
  }

  /** Oldest first. */
  *#all(): Iterable<Recording> {
    for (let offset = 0; ; offset += PAGE) {
      const { recordings, total } = this.#ports.store.search({ order: 'oldest', offset, limit: PAGE });
      yield* recordings;
      if (offset + PAGE >= total) return;
    }
  }
}
