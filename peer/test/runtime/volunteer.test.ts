import { chunkKey, type ChunkKey, type ChunkRef } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { ChunkCache } from '../../src/ports/chunk-cache.js';
import { VirtualSwarm } from '../swarm/virtual-swarm.js';

/** A disk on virtual time, which lasts as long as the test. */
class VirtualDisk {
  readonly #kept = new Map<ChunkKey, { readonly chunk: ChunkRef; readonly bytes: Uint8Array }>();
  readonly #later: (run: () => void) => void;
  readonly #quotaBytes: number;

  constructor(swarm: VirtualSwarm, quotaBytes = 1e9) {
    this.#later = (run) => void swarm.time.schedule(swarm.time.nowMs() + 5, run);
    this.#quotaBytes = quotaBytes;
  }

  /** Turns a bit in what is kept of a chunk. */
  damage({ rendition, sequence }: ChunkRef): void {
    const { bytes } = this.#kept.get(chunkKey(rendition, sequence))!;
    bytes[bytes.length - 1]! ^= 1;
  }

  open(): ChunkCache {
    const keyOf = ({ rendition, sequence }: ChunkRef): ChunkKey => chunkKey(rendition, sequence);
    const sizeOf = (): number => [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    const quotaBytes = this.#quotaBytes;
    return {
      open: (opened) => this.#later(() => opened([...this.#kept.values()].map(({ chunk }) => chunk))),
      read: (chunk, done) => this.#later(() => done(this.#kept.get(keyOf(chunk))?.bytes.slice())),
      put: (chunk, bytes) => void this.#kept.set(keyOf(chunk), { chunk, bytes }),
      drop: (chunk) => void this.#kept.delete(keyOf(chunk)),
      get size() {
        return { bytes: sizeOf(), quotaBytes };
      },
      clear: (cleared) => this.#later(cleared),
      close: (closed) => closed?.(),
    };
  }
}

/** A recording of 10 s, 1 MB. */
function recordedSwarm(): VirtualSwarm {
  const swarm = new VirtualSwarm({ seed: 1, chunkBytes: 20_000, uplinkBitsPerSecond: 20_000_000 });
  swarm.origin.publishUntil(10_000);
  swarm.time.runFor(10_000);
  swarm.origin.isEnded = true;
  return swarm;
}

describe('a volunteer’s session', () => {
  it('FI9: keeps a recording, and after a restart serves it while the origin is away', () => {
    const swarm = recordedSwarm();
    const disk = new VirtualDisk(swarm);
    const first = swarm.join({ role: 'seeder', seeds: disk.open() });
    swarm.time.runFor(5_000);
    expect(first.session.stats().kept).toMatchObject({ chunks: 50, isComplete: true, isFull: false });
    expect(swarm.origin.bytes.media).toBe(50 * 20_000);
    first.session.close();
    swarm.time.runFor(1_000);

    swarm.origin.isAway = true;
    const { session } = swarm.join({ role: 'seeder', seeds: disk.open() });
    swarm.time.runFor(3_000);
    expect(session.stats().kept).toMatchObject({ chunks: 50 });
    swarm.origin.isAway = false;
    const viewer = swarm.join();
    swarm.time.runFor(15_000);
    expect(session.stats().originReceived.media).toBe(0);
    expect(viewer.session.stats().verifiedBytes.peerBytes).toBeGreaterThan(35 * 20_000);
  });

  it('FI6: what its disk has wrong is got again, and nobody was sent it', () => {
    const swarm = recordedSwarm();
    const disk = new VirtualDisk(swarm);
    const { session } = swarm.join({ role: 'seeder', seeds: disk.open(), engine: { store: { budgetBytes: 0 } } });
    swarm.time.runFor(5_000);
    for (const { signed } of swarm.origin.chunks) disk.damage(signed.header);
    const viewer = swarm.join();
    swarm.time.runFor(15_000);
    expect(viewer.session.stats()).toMatchObject({ chunksVerified: 50, chunksRejected: 0 });
    expect(session.stats().originReceived.media).toBeGreaterThan(50 * 20_000);
    expect(session.stats().kept).toMatchObject({ chunks: 50, isComplete: true });
  });

  it('FI4: gets no more than its quota', () => {
    const swarm = recordedSwarm();
    const { session } = swarm.join({ role: 'seeder', seeds: new VirtualDisk(swarm, 500_000).open() });
    swarm.time.runFor(5_000);
    const { bytes, isFull } = session.stats().kept!;
    expect(isFull).toBe(true);
    expect(bytes).toBeLessThanOrEqual(500_000);
    expect(swarm.origin.bytes.media).toBeLessThan(500_000);
  });
});
