import { encodeHeaderBatch, LIMITS, type OriginBytes } from '@p2ptv/protocol';

import type { UplinkPriority } from '../uplink/uplink-budget.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import { CaptionCache } from './caption-cache.js';
import { EdgeWaiters } from './edge-waiters.js';
import { PlaylistCache } from './playlist-cache.js';
import { RecordingCache } from './recording-cache.js';
import { WholeAnswers } from './whole-answers.js';
import type { ServedStream } from './served-stream.js';

/** A crowd asks for the same few; bounds the memory of one who asks for all. */
const MAX_CACHED_BATCHES = 32;

/** A stream as it is served: with those who wait for it, its playlists, and what was sent of it. */
export class PublishedStream {
  readonly live: ServedStream;
  readonly waiters = new EdgeWaiters();
  readonly playlists: PlaylistCache;
  readonly recording: RecordingCache;
  readonly captions: CaptionCache;
  /** What those who wait are due. */
  readonly wholes = new WholeAnswers();
  /** Where the uplink is limited: what lets answers out. */
  readonly gate: UplinkGate | undefined;
  readonly #bytes: OriginBytes = { media: 0, init: 0, playlists: 0, headers: 0, join: 0, seeder: 0 };
  readonly #seederBytes: () => number;
  readonly #unsubscribe: () => void;
  readonly #headerBatches = new Map<string, Uint8Array>();

  /**
   * @param seederBytes what the embedded seeder has sent so far
   * @param gate shared by all that the origin sends; undefined: no limit
   */
  constructor(live: ServedStream, seederBytes: () => number = () => 0, gate?: UplinkGate) {
    this.live = live;
    this.gate = gate;
    this.playlists = new PlaylistCache(live);
    this.recording = new RecordingCache(live);
    this.captions = new CaptionCache(live);
    this.#seederBytes = seederBytes;
    this.#unsubscribe = live.onChange((change) => {
      this.playlists.invalidate(change);
      this.#headerBatches.clear();
      this.wholes.clear();
      // Seeds go before all else: who else hears of the change, the seeder too, hears of it before thousands are answered.
      queueMicrotask(() => this.waiters.wake());
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

  /** What an answer of some urgency has to wait for. */
  uplinkFor(priority: UplinkPriority): { readonly gate: UplinkGate; readonly priority: UplinkPriority } | undefined {
    return this.gate && { gate: this.gate, priority };
  }

  /** The headers of a rendition after a sequence, packed once for all who ask for the same. */
  headerBatch(rendition: number, after: number): Uint8Array {
    const key = `${rendition}/${after}`;
    const known = this.#headerBatches.get(key);
    if (known) return known;
    const headers = this.live.rendition(rendition)?.headersAfter(after, LIMITS.headersPerAnswer) ?? [];
    const batch = encodeHeaderBatch(headers);
    if (this.#headerBatches.size < MAX_CACHED_BATCHES) this.#headerBatches.set(key, batch);
    return batch;
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
