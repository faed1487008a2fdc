import {
  encodePublisherProof,
  keyPairFromSecret,
  deriveStreamId,
  seededRandom,
  sign,
  type JoinRequest,
  type PeerId,
  type PeerReport,
  type Signal,
  type StreamId,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
} from '@p2ptv/protocol';
import { Tracker, type TrackerEffect, type TrackerOptions, type TrackerMessage } from '../../src/index.js';

export const PUBLISHER = keyPairFromSecret(new Uint8Array(32).fill(7));
export const SLUG = 'main';
export const STREAM = deriveStreamId(PUBLISHER.publicKey, SLUG);
export const TRACKER_KEY = keyPairFromSecret(new Uint8Array(32).fill(9));
/** A date well after 1970, so that wall and monotonic time can't be mixed up unnoticed. */
export const WALL_START_MS = 1_790_000_000_000;

export type Joined = Extract<TrackerJoinAnswer, { kind: 'joined' }>;

export function peerId(index: number): PeerId {
  return index.toString(16).padStart(32, '0') as PeerId;
}

export function fingerprint(index: number): string {
  const digits = index.toString(16).toUpperCase().padStart(64, '0');
  return digits.match(/../g)!.join(':');
}

export function joinRequest(index: number, change: Partial<JoinRequest> = {}): JoinRequest {
  return {
    version: 1,
    streamId: STREAM,
    peerId: peerId(index),
    role: 'viewer',
    fingerprint: fingerprint(index),
    uplinkBitsPerSecond: 0,
    isUploading: true,
    isVisible: true,
    ...change,
  };
}

/** The join of the publisher's own seeder. */
export function originJoin(index: number, wallMs: number): JoinRequest {
  const claim = { streamId: STREAM, peerId: peerId(index), fingerprint: fingerprint(index) };
  const signer = (message: Uint8Array) => sign(message, PUBLISHER.secretKey);
  const proof = encodePublisherProof(claim, { publicKey: PUBLISHER.publicKey, slug: SLUG, signer, wallMs });
  return joinRequest(index, { role: 'origin', proof });
}

export function report(change: Partial<PeerReport> = {}): PeerReport {
  return {
    fromPeersBytes: 0,
    fromOriginBytes: 0,
    fromSeederBytes: 0,
    sentBytes: 0,
    uplinkBitsPerSecond: 5_000_000,
    neighbourCount: 3,
    isUploading: true,
    isVisible: true,
    ...change,
  };
}

export function signalTo(to: PeerId, body: Signal['body'] = { kind: 'offer', sdp: 'v=0', ticket: 't' }): Signal {
  return { from: peerId(0xbad), to, connectionId: '00112233', body };
}

/** A tracker in virtual time; keeps what it sent to whom, and who was cut off. */
export class TrackerWorld {
  nowMs = 0;
  readonly tracker: Tracker;
  readonly inboxes = new Map<string, TrackerMessage[]>();
  readonly cut = new Map<string, string>();

  constructor(options: TrackerOptions = {}, seed = 1) {
    const signer = (message: Uint8Array) => new Uint8Array(64).fill(message.length & 0xff);
    this.tracker = new Tracker(
      {
        clock: { nowMs: () => this.nowMs, wallMs: () => WALL_START_MS + this.nowMs },
        random: seededRandom(seed),
        // Real signatures cost a millisecond each in JavaScript; the ticket test signs for itself.
        signer,
        publicKey: TRACKER_KEY.publicKey,
      },
      // Duty is dealt at once, or tests that are not about its pace would have to wait for it.
      { ...options, duty: { dealIntervalMs: 0, ...options.duty } },
    );
  }

  carryOut(effects: readonly TrackerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') {
        this.inboxes.set(effect.to, [...(this.inboxes.get(effect.to) ?? []), effect.message]);
      } else {
        this.cut.set(effect.connection, effect.reason);
        this.carryOut(this.tracker.disconnected(effect.connection));
      }
    }
  }

  join(index: number, change: Partial<JoinRequest> = {}, connection = `c${index}`): TrackerJoinAnswer {
    const { answer, effects } = this.tracker.join(connection, joinRequest(index, change));
    this.carryOut(effects);
    return answer;
  }

  joined(index: number, change: Partial<JoinRequest> = {}, connection = `c${index}`): Joined {
    const answer = this.join(index, change, connection);
    if (answer.kind !== 'joined') throw new Error(`refused: ${answer.code}`);
    return answer;
  }

  /** A viewer joins from a network. */
  joinFrom(network: string, index: number): Joined {
    const { answer, effects } = this.tracker.join(`c${index}`, joinRequest(index), network);
    this.carryOut(effects);
    if (answer.kind !== 'joined') throw new Error(`refused: ${answer.code}`);
    return answer;
  }

  joinOrigin(index = 0xff): void {
    const { answer, effects } = this.tracker.join(`c${index}`, originJoin(index, WALL_START_MS + this.nowMs));
    if (answer.kind !== 'joined') throw new Error(`refused: ${answer.code}`);
    this.carryOut(effects);
  }

  report(index: number, change: Partial<PeerReport> = {}): void {
    this.carryOut(this.tracker.report(`c${index}`, report(change)));
  }

  /** The origin's seeder says whom it is linked to. */
  seeded(linked: readonly number[], origin = 0xff, maxCopies?: number): void {
    const peers = linked.map(peerId);
    this.tracker.seeded(`c${origin}`, maxCopies === undefined ? { peers } : { peers, maxCopies });
  }

  leave(index: number): void {
    this.carryOut(this.tracker.leave(`c${index}`));
  }

  disconnect(index: number): void {
    this.carryOut(this.tracker.disconnected(`c${index}`));
  }

  /** Lets time pass, doing what falls due when it does; `each` runs at every step of 500 ms. */
  advance(durationMs: number, each: () => void = () => {}): void {
    const endMs = this.nowMs + durationMs;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 500);
      each();
      this.carryOut(this.tracker.tick());
    }
  }

  /** Messages of one kind that a connection has got. */
  got<Name extends TrackerMessage['event']>(
    index: number,
    event: Name,
  ): Parameters<TrackerToPeerEvents[Name]>[0][] {
    const payloads: unknown[] = (this.inboxes.get(`c${index}`) ?? [])
      .filter((message) => message.event === event)
      .map((message) => message.payload);
    return payloads as Parameters<TrackerToPeerEvents[Name]>[0][];
  }

  /** The last duty map that the origin's seeder got. */
  dutyMap(origin = 0xff): readonly (readonly PeerId[])[] {
    return this.got(origin, 'dutyMap').at(-1)!.stripes;
  }

  scrape(streamId: StreamId = STREAM) {
    return this.tracker.scrape().find((swarm) => swarm.streamId === streamId)!;
  }
}
