import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import { IngestError } from '../ingest/errors.js';
import { probeMedia } from '../ingest/media-probe.js';
import { unlinkIfThere } from '../package/durable-file.js';
import { describeWriteFailure, isDiskFull } from '../package/errors.js';
import { RecordingError } from './errors.js';
import { startImport, type ImportPorts, type ImportRequest, type RunningImport } from './file-import.js';

/** A file that is sent here, and what has become of it. */
export type Upload = {
  readonly id: string;
  /** As whoever sent it names it; never used as a path. */
  readonly fileName: string;
  readonly title: string;
  /** `receiving`: on its way; `waiting`: whole, others are encoded first; `encoding`; `ready`: a recording; `failed`. */
  readonly state: 'receiving' | 'waiting' | 'encoding' | 'ready' | 'failed';
  readonly receivedBytes: number;
  /** Undefined where the sender did not say. */
  readonly byteLength: number | undefined;
  /** How much is encoded, 0 to 1. */
  readonly encodedRatio: number;
  /** The recording that it becomes; undefined before it is encoded. */
  readonly recordingId: string | undefined;
  /** Why it failed, a sentence for people. */
  readonly problem: string | undefined;
};

/** What is sent, beside its bytes. */
export type UploadRequest = Omit<ImportRequest, 'file'> & { readonly fileName: string; readonly byteLength: number | undefined };

/** What an {@link UploadDesk} needs. */
export type UploadDeskPorts = Omit<ImportPorts, 'ffmpeg' | 'onProgress'> & {
  /** The largest file that is taken. */
  readonly maxBytes: number;
  /** What must stay free for what is live. Default: {@link RESERVE_BYTES}. */
  readonly reserveBytes?: number;
};

/** Files that are received at a time. Bounds what comes in beside what goes out. */
const MAX_AT_ONCE = 3;
/** Some minutes of what is live. */
const RESERVE_BYTES = 256 * 1024 * 1024;
/** How often it is looked how much room there is. */
const LOOK_EVERY_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 2_000;
/** A sender that gives nothing for so long has gone. */
const STALL_MS = 60_000;
/** Uploads that have ended are told for a while: so many. */
const MAX_ENDED = 20;
/** Containers that name other files, which would be read from this machine's disk. */
const LISTS = /^(?:hls|dash|concat|sdp|rtsp|image2\w*|imf|applehttp)(?:,|$)/;

type Entry = { -readonly [Name in keyof Upload]: Upload[Name] } & { readonly request: UploadRequest; readonly path: string; isGivenUp: boolean; giveUp: (() => void) | undefined };

/**
 * Takes files and makes recordings of them, one after the other. A file lies in `uploads` of the data folder until it
 * is a recording; what a crash leaves there is removed at the next start.
 */
export class UploadDesk {
  readonly maxBytes: number;
  readonly #ports: UploadDeskPorts;
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  #ffmpeg: Promise<Ffmpeg> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(ports: UploadDeskPorts) {
    this.#ports = ports;
    this.maxBytes = ports.maxBytes;
    this.#folder = join(ports.dataFolder, 'uploads');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Those that are under way, and some that have ended; newest first. */
  list(): Upload[] {
    return [...this.#entries.values()].reverse().map(shown);
  }

  /** How large a file may be at the moment. */
  get roomBytes(): number {
    const { bavail, bsize } = statfsSync(this.#ports.dataFolder);
    return Math.max(0, Math.min(this.maxBytes, bavail * bsize - (this.#ports.reserveBytes ?? RESERVE_BYTES)));
  }

  /**
   * Takes a file. Resolves when it is whole and can be played; it is encoded after that, see {@link list}. The body is not
   * destroyed, so that whoever sends it can be answered.
   *
   * @throws RecordingError, or IngestError where there is no encoder; nothing is then left of it
   */
  async receive(body: Readable, request: UploadRequest): Promise<Upload> {
    const { fileName, byteLength } = request;
    this.#check(request);
    const id = randomUUID();
    const entry: Entry = {
      id,
      fileName,
      title: request.title,
      state: 'receiving',
      receivedBytes: 0,
      byteLength,
      encodedRatio: 0,
      recordingId: undefined,
      problem: undefined,
      request,
      path: join(this.#folder, id),
      isGivenUp: false,
      giveUp: () => void body.destroy(new RecordingError('BROKEN_OFF', `Sending "${fileName}" was given up.`)),
    };
    this.#entries.set(id, entry);
    // It may break off while nobody reads from it yet, or any more; who reads hears of it by itself.
    body.on('error', () => undefined);
    try {
      await this.#write(body, entry);
      await this.#probe(entry);
    } catch (error) {
      throw this.#fail(entry, error);
    }
    if (entry.isGivenUp) throw this.#fail(entry, givenUp(entry));
    entry.state = 'waiting';
    entry.giveUp = undefined;
    this.#turn = this.#turn.then(() => this.#import(entry));
    return shown(entry);
  }

  /** Gives up one that is under way, or forgets one that has ended; false when there is none. */
  dismiss(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    if (entry.state === 'ready' || entry.state === 'failed') this.#entries.delete(id);
    else this.#giveUp(entry);
    return true;
  }

  /** Gives up what is under way; nothing of it is left when this resolves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) this.#giveUp(entry);
    await this.#turn;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #giveUp(entry: Entry): void {
    entry.isGivenUp = true;
    entry.giveUp?.();
    if (entry.state === 'waiting') this.#fail(entry, givenUp(entry));
  }

  #check({ fileName, byteLength }: UploadRequest): void {
    if (this.#isClosed) throw new RecordingError('BUSY', 'The origin is stopping.');
    const receiving = [...this.#entries.values()].filter(({ state }) => state === 'receiving').length;
    if (receiving >= MAX_AT_ONCE) throw new RecordingError('BUSY', `${MAX_AT_ONCE} files are being sent already: wait until one has come.`);
    this.#checkSize(fileName, byteLength ?? 0);
    this.#checkRoom(fileName, byteLength ?? 0);
  }

  #checkSize(fileName: string, bytes: number): void {
    if (bytes > this.maxBytes) throw new RecordingError('TOO_LARGE', `"${fileName}" is too large: a file may have ${megabytes(this.maxBytes)} MB at most.`);
  }

  #checkRoom(fileName: string, bytes: number): void {
    const { roomBytes } = this;
    if (roomBytes === 0 || (bytes > roomBytes && bytes <= this.maxBytes)) {
      throw new RecordingError('NO_ROOM', `There is no room for "${fileName}": the disk has ${megabytes(roomBytes)} MB to spare. Delete recordings, or make room.`);
    }
  }

  async #write(body: Readable, entry: Entry): Promise<void> {
    const { fileName, path } = entry;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    const stalled = setTimeout(() => void body.destroy(new RecordingError('BROKEN_OFF', `"${fileName}" did not come whole: nothing came for a minute.`)), STALL_MS);
    try {
      let lookedAtBytes = 0;
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        stalled.refresh();
        entry.receivedBytes += chunk.length;
        this.#checkSize(fileName, entry.receivedBytes);
        if (entry.receivedBytes - lookedAtBytes >= LOOK_EVERY_BYTES) {
          lookedAtBytes = entry.receivedBytes;
          this.#checkRoom(fileName, 0);
        }
        await file.appendFile(chunk);
      }
    } finally {
      clearTimeout(stalled);
      await file.close();
    }
    if (entry.receivedBytes === 0) throw new RecordingError('NO_MEDIA', `"${fileName}" is empty.`);
  }

  async #probe({ fileName, path }: Entry): Promise<void> {
    try {
      const { format } = await probeMedia(await this.#ffmpegPath(), path);
      if (LISTS.test(format)) throw new RecordingError('NO_MEDIA', `"${fileName}" only names other files: send the film itself.`);
    } catch (error) {
      if (error instanceof IngestError && error.code === 'BAD_INPUT') throw new RecordingError('NO_MEDIA', named(error.message, path, fileName), { cause: error });
      throw error;
    }
  }

  async #import(entry: Entry): Promise<void> {
    if (entry.state !== 'waiting') return;
    const { request, path } = entry;
    entry.state = 'encoding';
    try {
      const ffmpeg = await (this.#ffmpeg ??= locateFfmpeg());
      const running: RunningImport = await startImport({ ...request, file: path }, { ...this.#ports, ffmpeg, onProgress: (ratio) => (entry.encodedRatio = ratio) });
      entry.recordingId = running.id;
      entry.giveUp = () => running.cancel();
      if (entry.isGivenUp) running.cancel();
      await this.#watchRoom(entry, running);
    } catch (error) {
      this.#fail(entry, error);
      return;
    }
    entry.state = 'ready';
    this.#end(entry);
    this.#ports.logger.info(`"${entry.fileName}" was added as the recording ${entry.recordingId}.`);
  }

  /** What is live goes first: before it has no room, the file is given up. */
  async #watchRoom({ title }: Entry, running: RunningImport): Promise<void> {
    const timer = setInterval(() => {
      if (this.roomBytes > 0) return;
      running.cancel(new RecordingError('NO_ROOM', `"${title}" cannot be added, because the disk is nearly full: make room, and send it again.`));
    }, LOOK_EVERY_MS);
    try {
      await running.done;
    } finally {
      clearInterval(timer);
    }
  }

  /** @returns what whoever sent it is told */
  #fail(entry: Entry, error: unknown): Error {
    const told = this.#told(entry, error);
    if (entry.state === 'failed') return told;
    entry.state = 'failed';
    entry.problem = told.message;
    entry.recordingId = undefined;
    this.#end(entry);
    this.#ports.logger.warn(`Not added: ${told.message}`);
    return told;
  }

  #told({ fileName, path }: Entry, error: unknown): Error {
    if (error instanceof RecordingError) return error;
    if (error instanceof IngestError) return new IngestError(error.code, named(error.message, path, fileName), { cause: error });
    if (isDiskFull(error)) return new RecordingError('NO_ROOM', `There is no room for "${fileName}", because ${describeWriteFailure(error)}: delete recordings, or make room.`, { cause: error });
    if (error instanceof Error && 'syscall' in error) return new RecordingError('BROKEN_OFF', `"${fileName}" could not be written, because ${describeWriteFailure(error)}.`, { cause: error });
    return new RecordingError('BROKEN_OFF', `"${fileName}" did not come whole.`, { cause: error });
  }

  #end(entry: Entry): void {
    entry.giveUp = undefined;
    unlinkIfThere(entry.path);
    const ended = [...this.#entries.values()].filter(({ state }) => state === 'ready' || state === 'failed');
    for (const { id } of ended.slice(0, -MAX_ENDED)) this.#entries.delete(id);
  }

  async #ffmpegPath(): Promise<string> {
    return (await (this.#ffmpeg ??= locateFfmpeg())).path;
  }
}

function givenUp({ title }: Entry): RecordingError {
  return new RecordingError('BROKEN_OFF', `Adding "${title}" was given up.`);
}

function shown({ request: _request, path: _path, isGivenUp: _isGivenUp, giveUp: _giveUp, ...upload }: Entry): Upload {
  return upload;
}

/** Where it lies here is nobody's business. */
function named(message: string, path: string, fileName: string): string {
  return message.replaceAll(path, `"${fileName}"`);
}

function megabytes(bytes: number): string {
  return bytes < 10e6 ? (bytes / 1e6).toFixed(1) : Math.floor(bytes / 1e6).toLocaleString('en');
}
