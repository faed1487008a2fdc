import type { FastifyBaseLogger } from 'fastify';

import { locateFfmpeg, type Ffmpeg } from '../encode/ffmpeg-location.js';
import type { RecordingStore } from '../store/state-store.js';
import { makePreviews } from './previews.js';
import type { RecordingLibrary } from './recording-library.js';
import { makeThumbnail } from './thumbnail.js';

/** How often it is looked what has become too old, ms. */
const EXPIRE_EVERY_MS = 3_600_000;

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
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    clearInterval(this.#timer);
  }

  /** Resolves when all that was begun is done. */
  settled(): Promise<void> {
    return this.#turn;
  }

  async #picture(id: string): Promise<void> {
    const { library, store } = this.#ports;
    this.#ffmpeg ??= locateFfmpeg();
    const { path } = await this.#ffmpeg;
    if (await makeThumbnail(library, id, path)) store.update(id, { hasThumbnail: true });
    await makePreviews(library, id, path);
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
