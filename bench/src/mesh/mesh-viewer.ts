import { createNodePeer, pacedTransport } from '@p2ptv/peer/node';
import type { PeerSession } from '@p2ptv/peer';
import type { ChunkSequence } from '@p2ptv/protocol';

import { SimPlayer, type PlayerListener } from '../sim/sim-player.js';
import { originBehind, transportBehind } from './behind-downlink.js';
import { meteredTransport, type FrameFacts, type FrameMark, type FrameMeter } from './metered-transport.js';
import type { RealTimeQueue } from './real-time-queue.js';
import { SerialDownlink } from './serial-downlink.js';
import { SerialUplink } from './serial-uplink.js';
import type { PeerPlan, PeerRecord, PeerTotals, TimedMark, WorkerPlan } from './worker-messages.js';

/** As in browsers: links wait for the first frame, but no longer than this, ms. */
const MESH_DELAY_MS = 1_000;

/** What a viewer stands on. */
export type MeshViewerPorts = {
  readonly queue: RealTimeQueue;
  readonly record: (record: PeerRecord) => void;
  readonly mark: (mark: TimedMark) => void;
  readonly linked: (tookMs: number) => void;
};

/** What a record says beside who and when. */
type Told = PeerRecord extends infer Each ? (Each extends PeerRecord ? Omit<Each, 'peer' | 'atMs'> : never) : never;

/**
 * One Node viewer: a peer over real WebRTC behind an uplink of its own, and a downlink where these are limited, and in place of hls.js and a screen the simulator's
 * player on the real clock, which holds the delay by the real player's rules.
 */
export class MeshViewer {
  readonly #index: number;
  readonly #startedWallMs: number;
  readonly #ports: MeshViewerPorts;
  readonly #session: PeerSession;
  readonly #player: SimPlayer;
  readonly #sent = { bytes: 0, mediaBytes: 0 };
  readonly #fromSeeder = { bytes: 0, mediaBytes: 0 };
  /** Media that came over links and were not told yet, by chunk. */
  readonly #came = new Map<ChunkSequence, number>();

  constructor(peer: PeerPlan, run: WorkerPlan, ports: MeshViewerPorts) {
    this.#index = peer.index;
    this.#startedWallMs = run.startedWallMs;
    this.#ports = ports;
    const uplink = new SerialUplink(peer.uplinkBitsPerSecond);
    const downlink = run.downlinkBitsPerSecond === undefined ? undefined : new SerialDownlink(run.downlinkBitsPerSecond);
    const meter = this.#meter();
    this.#session = createNodePeer({
      link: run.link,
      role: 'viewer',
      joinDelayMs: run.joinDelayMs,
      meshDelayMs: MESH_DELAY_MS,
      // Counted where frames leave the line, not where they begin to wait for it.
      wrapTransport: (transport) => {
        const paced = pacedTransport(meteredTransport(transport, this.#session.peerId, meter), uplink);
        return downlink ? transportBehind(downlink, paced) : paced;
      },
      ...(downlink ? { wrapOrigin: (origin) => originBehind(downlink, origin) } : {}),
    });
    this.#player = new SimPlayer(
      { targetMs: run.playoutMs, partMs: run.partMs },
      { queue: ports.queue, listener: this.#playerListener(), peerIndex: peer.index },
    );
    this.#session.on('partReady', ({ header }) => {
      const fromMs = header.programDateTimeMs - this.#startedWallMs;
      this.#tell({ kind: 'partReady', sequence: header.sequence, byteLength: header.byteLength });
      this.#player.partReady(ports.queue.nowMs, { fromMs, toMs: fromMs + header.durationUs / 1_000 });
    });
    this.#session.on('chunkVerified', ({ header }) => {
      this.#tell({ kind: 'chunkVerified', sequence: header.sequence, byteLength: header.byteLength });
    });
  }

  /** The viewer clicks. */
  start(): void {
    this.#tell({ kind: 'came' });
    this.#session.start();
  }

  /** Tells what it has counted. */
  tellTotals(): void {
    for (const [sequence, bytes] of this.#came) this.#tell({ kind: 'mediaCame', sequence, bytes });
    this.#came.clear();
    this.#tell({ kind: 'totals', totals: this.#totals() });
  }

  /** The run is over: a stall is counted up to here, and nothing follows. */
  finish(): void {
    this.#player.close(this.#ports.queue.nowMs);
    this.tellTotals();
    this.#session.close();
  }

  #totals(): PeerTotals {
    const { originReceived, fallbackBytes, verifiedBytes, neighbours, mechanisms } = this.#session.stats();
    return {
      http: { ...originReceived },
      fallbackBytes,
      fromSeeder: { ...this.#fromSeeder },
      sent: { ...this.#sent },
      verifiedBytes,
      neighbours: neighbours.length,
      mechanisms: { ...mechanisms },
    };
  }

  #meter(): FrameMeter {
    return {
      sent: (frame) => add(this.#sent, frame),
      received: (frame) => {
        if (frame.isFromOrigin) add(this.#fromSeeder, frame);
        if (frame.chunk) this.#came.set(frame.chunk.sequence, (this.#came.get(frame.chunk.sequence) ?? 0) + frame.mediaBytes);
      },
      linked: (tookMs) => this.#ports.linked(tookMs),
      marked: (mark: FrameMark) =>
        this.#ports.mark({ ...mark, atMs: performance.timeOrigin + performance.now() - this.#startedWallMs }),
    };
  }

  #playerListener(): PlayerListener {
    return {
      playheadMoved: (dateMs, rate) => this.#session.setPlayback({ playheadMs: dateMs + this.#startedWallMs, rate }),
      started: () => this.#tell({ kind: 'started' }),
      stallBegan: () => this.#tell({ kind: 'stallBegan' }),
      stallEnded: (fromMs, toMs) => this.#tell({ kind: 'stallEnded', fromMs, toMs }),
      skipped: (fromMs, toMs) => this.#tell({ kind: 'skipped', fromMs, toMs }),
      delaySampled: (_nowMs, delayMs) => this.#tell({ kind: 'delaySampled', delayMs }),
    };
  }

  #tell(told: Told): void {
    this.#ports.record({ peer: this.#index, atMs: this.#ports.queue.nowMs, ...told });
  }
}

function add(sum: { bytes: number; mediaBytes: number }, { bytes, mediaBytes }: FrameFacts): void {
  sum.bytes += bytes;
  sum.mediaBytes += mediaBytes;
}
