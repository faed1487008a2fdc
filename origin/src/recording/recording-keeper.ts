import { setImmediate } from 'node:timers/promises';

import type { FastifyBaseLogger } from 'fastify';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import type { RecordingStore } from '../store/state-store.js';
import { makePreviews } from './previews.js';
import type { RecordingLibrary } from './recording-library.js';
import { makeThumbnail } from './thumbnail.js';

/** How often it is looked what has become too old, ms. */
const EXPIRE_EVERY_MS = 3_600_000;
/** Recordings that are looked at before what is live has its turn: each is a file. */
const PAGE = 100;

/** What a {@link RecordingKeeper} needs. */
export type RecordingKeeperPorts = {
  readonly library: RecordingLibrary;
  readonly store: RecordingStore;
  readonly logger: FastifyBaseLogger;
};

/** Looks after recordings when they are finished: thumbnails, pictures for the seek bar, and what is to be kept no longer. One thing at a time. */
export class RecordingKeeper {
  readonly #ports: RecordingKeeperPorts;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #ffmpeg: Promise<Ffmpeg> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(ports: RecordingKeeperPorts) {
    this.#ports = ports;
    this.#unsubscribe = ports.library.on('finished', ({ recording }) => {
      this.#inTurn(() => this.#picture(recording.id));
      this.#inTurn(() => ports.library.expire());
    });
    this.#timer = setInterval(() => this.#inTurn(() => ports.library.expire()), EXPIRE_EVERY_MS);
    this.#timer.unref();
  }

  /** To be called once, before anything is published: finishes what was interrupted. */
  async recover(): Promise<void> {
    await this.#ports.library.recover();
    this.#inTurn(() => this.#ports.library.expire());
    this.#inTurn(() => this.#pictureMissing());
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    clearInterval(this.#timer);
  }

  /** Resolves when all that was begun is done. */
  async settled(): Promise<void> {
    const turn = this.#turn;
    await turn;
    // What is done may begin more.
    if (turn !== this.#turn) await this.settled();
  }

  /** Makes what a recording lacks of its pictures. */
  async #picture(id: string): Promise<void> {
    const { library, store } = this.#ports;
    const recording = store.get(id);
    if (!recording) return;
    this.#ffmpeg ??= locateFfmpeg();
    const { path } = await this.#ffmpeg;
    if (!recording.hasThumbnail && (await makeThumbnail(library, id, path))) store.update(id, { hasThumbnail: true });
    if (!library.folderOf(id).describedPreviews()) await makePreviews(library, id, path);
    // It may have been removed meanwhile.
    if (!library.find(id)) library.folderOf(id).remove();
  }

  /** Makes up for what an earlier run did not come to. */
  async #pictureMissing(): Promise<void> {
    const { library, store } = this.#ports;
    for (let offset = 0; ; offset += PAGE) {
      const { recordings, total } = store.search({ states: ['ready'], order: 'newest', offset, limit: PAGE });
      for (const { id, height, hasThumbnail } of recordings) {
        if (height > 0 && !(hasThumbnail && library.folderOf(id).describedPreviews())) this.#inTurn(() => this.#picture(id));
      }
      if (offset + PAGE >= total || this.#isClosed) return;
      await setImmediate();
    }
  }

  #inTurn(task: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#isClosed) return;
      try {
        await task();
      } catch (error) {
        this.#ports.logger.warn({ error }, 'Looking after the recordings failed.');
      }
    });
  }
}
