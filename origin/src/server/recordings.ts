import { join } from 'node:path';

import type { FastifyBaseLogger } from 'fastify';

import type { Publisher } from '../package/publisher.js';
import type { StreamDirectory } from '../publish/stream-directory.js';
import { DiskStorage } from '../recording/disk-storage.js';
import { RecordingKeeper } from '../recording/recording-keeper.js';
import { RecordingLibrary, type Retention } from '../recording/recording-library.js';
import type { RecordingStore } from '../store/state-store.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';

/** What is kept of what was live, and who looks after it. */
export type Recordings = { readonly store: RecordingStore; readonly library: RecordingLibrary; readonly keeper: RecordingKeeper; readonly close: () => void };

/** Opens the recordings of a data folder; they are closed after the channels that make them. */
export function openRecordings(
  store: RecordingStore,
  options: {
    readonly dataFolder: string;
    readonly publisher: Publisher;
    readonly gate: UplinkGate | undefined;
    readonly retention?: Retention;
    readonly wallMs: () => number;
    readonly logger: FastifyBaseLogger;
  },
): Recordings {
  const { retention = {}, logger } = options;
  const storage = new DiskStorage(join(options.dataFolder, 'recordings'));
  const library = new RecordingLibrary({ ...options, store, storage, retention });
  const keeper = new RecordingKeeper({ library, store, logger });
  const close = (): void => {
    keeper.close();
    library.close();
  };
  return { store, library, keeper, close };
}

/** Recordings are served like streams; a channel of the same name comes first. */
export function withRecordings(channels: StreamDirectory, library: RecordingLibrary): StreamDirectory {
  return {
    get: (slug) => channels.get(slug) ?? library.get(slug),
    values: () => [...channels.values(), ...library.served()],
  };
}
