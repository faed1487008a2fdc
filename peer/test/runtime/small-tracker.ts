import {
  encodePublicKey,
  encodeTicket,
  keyPairFromSecret,
  sign,
  type PeerId,
  type PeerRole,
  type Signal,
} from '@p2ptv/protocol';
import { systemClock } from '../../src/adapters/timer/system-clock.js';
import type { TrackerClient, TrackerListener, TrackerState } from '../../src/ports/tracker-client.js';
import { LINK, type OriginTime } from '../swarm/virtual-origin.js';

const trackerKeys = keyPairFromSecret(new Uint8Array(32).fill(42));

/** Real time for what is written for virtual time; {@link RealTime.stop} ends all that waits. */
export class RealTime implements OriginTime {
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  nowMs(): number {
    return systemClock.nowMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  schedule(atMs: number, run: () => void): () => void {
    const timer = setTimeout(run, Math.max(0, atMs - systemClock.nowMs()));
    this.#timers.add(timer);
    return () => clearTimeout(timer);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** A tracker in this process that lets each peer meet whom the test says, and can be killed. */
export class SmallTracker {
  readonly #time: RealTime;
  readonly #listeners = new Map<PeerId, TrackerListener>();
  #isKilled = false;
  onDuty: readonly PeerId[] = [];
  /** Everything that it relayed. */
  readonly relayed: Signal[] = [];

  constructor(time: RealTime) {
    this.#time = time;
  }

  /** It answers nothing and relays nothing any more. */
  kill(): void {
    this.#isKilled = true;
    for (const listener of this.#listeners.values()) listener.stateChanged('away');
  }

  /** @param ticketLifeMs how long the peer's ticket is valid; default 60 s */
  client(peerId: PeerId, role: PeerRole, more: { neighbours: readonly PeerId[]; ticketLifeMs?: number }): TrackerClient {
    const stateNow = (): TrackerState => (this.#isKilled ? 'away' : 'joined');
    return {
      get state() {
        return stateNow();
      },
      start: (joinRequest, listener) => {
        this.#listeners.set(peerId, listener);
        this.#time.schedule(0, () => {
          const { fingerprint } = joinRequest();
          const expiresAtMs = Date.now() + (more.ticketLifeMs ?? 60_000);
          const ticket = { version: 1, streamId: LINK.streamId, peerId, role, fingerprint, expiresAtMs } as const;
          listener.joined({
            kind: 'joined',
            ticket: encodeTicket(ticket, (message) => sign(message, trackerKeys.secretKey)),
            ticketExpiresAtMs: expiresAtMs,
            trackerKey: encodePublicKey(trackerKeys.publicKey),
            neighbours: more.neighbours.map((id) => ({ peerId: id, role: 'viewer', uplinkBitsPerSecond: 0 })),
            dutyStripes: [],
            iceServers: [],
            reportIntervalMs: 1_000,
            wallMs: Date.now(),
          });
          if (role === 'origin') listener.dutyMap({ stripes: Array.from({ length: 8 }, () => [...this.onDuty]) });
        });
      },
      signal: (signal) => {
        if (this.#isKilled) return;
        this.relayed.push({ ...signal, from: peerId });
        this.#time.schedule(0, () => this.#listeners.get(signal.to)?.signal({ ...signal, from: peerId }));
      },
      report: () => undefined,
      reportLinked: () => undefined,
      wantNeighbours: () => undefined,
      close: () => void this.#listeners.delete(peerId),
    };
  }
}
