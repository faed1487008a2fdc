import type { OriginBytes } from '@p2ptv/protocol';

import type { LiveStream } from '../package/live-stream.js';
import { EdgeWaiters } from './edge-waiters.js';
import { PlaylistCache } from './playlist-cache.js';

/** A stream as it is served: with those who wait for it, its playlists, and what was sent of it. */
export class PublishedStream {
  readonly live: LiveStream;
  readonly waiters = new EdgeWaiters();
  readonly playlists: PlaylistCache;
  readonly #bytes: OriginBytes = { media: 0, init: 0, playlists: 0, headers: 0, join: 0, seeder: 0 };
  readonly #seederBytes: () => number;
  readonly #unsubscribe: () => void;

  /** @param seederBytes what the embedded seeder has sent so far */
  constructor(live: LiveStream, seederBytes: () => number = () => 0) {
    this.live = live;
    this.playlists = new PlaylistCache(live);
    this.#seederBytes = seederBytes;
    this.#unsubscribe = live.onChange(() => {
      this.playlists.invalidate();
      this.waiters.wake();
    });
  }

  /** Application body bytes sent so far. */
  originBytes(): OriginBytes {
    return { ...this.#bytes, seeder: this.#seederBytes() };
  }

  /** Makes the counter of one kind of bytes. */
  counter(kind: Exclude<keyof OriginBytes, 'seeder'>): (bytes: number) => void {
    return (bytes) => void (this.#bytes[kind] += bytes);
  }

  /** Longest that a request may wait for media, ms: three target durations (RFC 8216bis section 6.2.5.2). */
  get patienceMs(): number {
    return 3000 * (this.live.record?.targetDurationSeconds ?? 2);
  }

  /** Answers all who wait, and stops following the stream. */
  close(): void {
    this.#unsubscribe();
    this.waiters.close();
  }
}
