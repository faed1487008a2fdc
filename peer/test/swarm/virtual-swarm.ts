import { createHash } from 'node:crypto';
import {
  encodeMessage,
  encodePublicKey,
  peerIdFromBytes,
  seededRandom,
  shuffled,
  WIRE_VERSION,
  type JoinRequest,
  type PeerDescription,
  type PeerId,
  type PeerRole,
  type Random,
  type Signal,
  type WireMessage,
} from '@p2ptv/protocol';
import { MemoryNetwork } from '../../src/adapters/memory/memory-network.js';
import { NodeVerifier } from '../../src/adapters/verifier/node-verifier.js';
import { VirtualTime } from '../../src/adapters/virtual/virtual-time.js';
import type { Link } from '../../src/ports/link.js';
import type { LinkTransport } from '../../src/ports/link-transport.js';
import type { TrackerClient, TrackerListener, TrackerState } from '../../src/ports/tracker-client.js';
import { LivePeerSession } from '../../src/runtime/live-peer-session.js';
import type { SessionParts } from '../../src/runtime/session-parts.js';
import { LINK, PART_MS, RENDITION, VirtualOrigin } from './virtual-origin.js';

const STRIPES = 8;
const BLOCK_TYPE = 0x07;
const OFFERS_TYPE = 0x24;
/** So late come the blocks of who pushes late, ms: no part waits for them. */
const LATE_MS = 1_500;
const NEIGHBOURS = 14;
/** From a peer to another over the tracker, or to the tracker and back, ms. */
const TRACKER_DELAY_MS = 30;

export type SwarmOptions = {
  readonly seed: number;
  readonly chunkBytes: number;
  readonly uplinkBitsPerSecond: number;
  readonly oneWayDelayMs?: number;
  readonly originRoundTripMs?: number;
  /** Playhead behind the publication of a part, ms. */
  readonly playoutDelayMs?: number;
};

/** What becomes of the blocks of a peer that offers everybody the shortest way to the origin. */
export type Lie = 'silent' | 'late' | 'altered';

export type Viewer = {
  readonly session: LivePeerSession;
  readonly peerId: PeerId;
  /** Milliseconds without media at the playhead, and in all since the first part. */
  stalledMs: number;
  playedMs: number;
  isGone: boolean;
};

type Member = { readonly request: JoinRequest; readonly listener: TrackerListener };

/** A whole swarm on virtual time: origin, seeder, a plain tracker and viewers that play. */
export class VirtualSwarm {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly origin: VirtualOrigin;
  readonly viewers: Viewer[] = [];
  readonly #options: SwarmOptions;
  readonly #members = new Map<PeerId, Member>();
  /** Over every frame that anybody sent: when, from whom, to whom, what kind, how long. */
  readonly trace = createHash('sha256');
  readonly #altering = new Set<PeerId>();
  readonly #boasting = new Map<PeerId, Lie>();
  readonly #strangers = new Map<PeerId, LinkTransport>();
  #seeder: LivePeerSession | undefined;
  #isTrackerAway = false;

  constructor(options: SwarmOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.network = new MemoryNetwork({
      time: this.time,
      random: this.random,
      oneWayDelayMs: options.oneWayDelayMs ?? 20,
      hasSignals: true,
    });
    this.origin = new VirtualOrigin(this.time, options.chunkBytes);
  }

  /** The origin's own peer. */
  get seeder(): LivePeerSession {
    this.#seeder ??= this.#startSeeder();
    return this.#seeder;
  }

  get isTrackerAway(): boolean {
    return this.#isTrackerAway;
  }

  /** Away, it neither hears nor says anything; back, it deals duty anew. */
  set isTrackerAway(isAway: boolean) {
    this.#isTrackerAway = isAway;
    this.#dealDuty();
  }

  /** A viewer comes in now. */
  join(more: Partial<SessionParts> = {}): Viewer {
    const peerId = this.newPeerId();
    const session = this.#session('viewer', peerId, {
      origin: this.origin.client(this.#options.originRoundTripMs ?? 30),
      ...more,
    });
    const viewer: Viewer = { session, peerId, stalledMs: 0, playedMs: 0, isGone: false };
    this.viewers.push(viewer);
    session.on('partReady', ({ header }) => this.#play(viewer, header.programDateTimeMs));
    session.start();
    return viewer;
  }

  /** A viewer who turns a bit in every block that he passes on. */
  joinAltering(): Viewer {
    const viewer = this.join();
    this.#altering.add(viewer.peerId);
    return viewer;
  }

  /** A viewer who offers to push every stripe as if he were the origin, and then does not, or too late, or other blocks. */
  joinBoasting(lie: Lie): Viewer {
    const viewer = this.join();
    this.#boasting.set(viewer.peerId, lie);
    return viewer;
  }

  /**
   * A stranger who speaks the protocol and follows no rule: linked to every viewer, it says HELLO and
   * then, every 100 ms, what `lies` makes it say. Returns the number of its links that are still open.
   */
  joinRogue(lies: (round: number) => readonly WireMessage[]): () => number {
    const peerId = this.newPeerId();
    const transport = this.network.createTransport({ peerId, role: 'viewer', uplinkBitsPerSecond: 50_000_000 });
    transport.setCredentials({ ticket: '', trackerKey: LINK.publicKey, iceServers: [] });
    const links = new Set<Link>();
    this.#strangers.set(peerId, transport);
    transport.listen({
      sendSignal: (signal) => this.#relaySignal(signal),
      dialFailed: () => undefined,
      linkOpened: (link) => {
        links.add(link);
        link.listen({ frame: () => undefined, drained: () => undefined, ended: () => void links.delete(link) });
        const status = { uplinkKbps: 100_000, queuedBytes: 0, isUploading: true, isVisible: true };
        link.send(encodeMessage({ kind: 'hello', version: WIRE_VERSION, status }));
      },
    });
    for (const viewer of this.viewers) transport.dial(viewer.peerId);
    const speak = (round: number): void => {
      const frames = lies(round);
      for (const link of links) for (const message of frames) link.send(encodeMessage(message));
      this.time.schedule(this.time.nowMs() + 100, () => speak(round + 1));
    };
    this.time.schedule(this.time.nowMs() + 500, () => speak(0));
    return () => links.size;
  }

  /** A viewer goes without a word. */
  kill(viewer: Viewer): void {
    viewer.isGone = true;
    this.network.vanish(viewer.peerId);
    this.#members.delete(viewer.peerId);
    viewer.session.close();
    this.#dealDuty();
  }

  newPeerId(): PeerId {
    return peerIdFromBytes(new Uint8Array(16).map(() => Math.floor(this.random.next() * 256)));
  }

  /** Media bytes that viewers verified, by who delivered them. */
  verifiedBytes(): { peer: number; seeder: number; origin: number } {
    const total = { peer: 0, seeder: 0, origin: 0 };
    for (const { session } of this.viewers) {
      const { verifiedBytes } = session.stats();
      total.peer += verifiedBytes.peerBytes;
      total.seeder += verifiedBytes.seederBytes;
      total.origin += verifiedBytes.originBytes;
    }
    return total;
  }

  /** A tracker that hands everybody a random mix, and deals the stripes in turn. */
  tracker(): TrackerClient {
    let member: Member | undefined;
    const start = (joinRequest: () => JoinRequest, listener: TrackerListener): void => {
      this.time.schedule(this.time.nowMs() + TRACKER_DELAY_MS, () => {
        if (this.isTrackerAway) {
          start(joinRequest, listener);
          return;
        }
        member = { request: joinRequest(), listener };
        this.#admit(member);
      });
    };
    const stateNow = (): TrackerState => (this.isTrackerAway ? 'away' : member ? 'joined' : 'connecting');
    const client: TrackerClient = {
      get state() {
        return stateNow();
      },
      start,
      signal: (signal) => {
        if (this.isTrackerAway) return;
        this.time.schedule(this.time.nowMs() + TRACKER_DELAY_MS, () => this.#relaySignal(signal));
      },
      report: () => undefined,
      reportLinked: () => undefined,
      wantNeighbours: ({ count, exclude }) => {
        if (this.isTrackerAway) return;
        this.time.schedule(this.time.nowMs() + TRACKER_DELAY_MS, () => {
          if (member) member.listener.neighbours(this.#mix(member, count, exclude));
        });
      },
      close: () => {
        if (member) this.#members.delete(member.request.peerId);
      },
    };
    return client;
  }

  /** As the real one: a signal to somebody who is gone comes back as a refusal. */
  #relaySignal(signal: Signal): void {
    if (this.isTrackerAway) return;
    const receiver = this.#members.get(signal.to)?.listener ?? this.#strangers.get(signal.to);
    if (receiver) {
      receiver.signal(signal);
      return;
    }
    const { from, to, connectionId } = signal;
    if (signal.body.kind !== 'offer') return;
    this.#members
      .get(from)
      ?.listener.signal({ from: to, to: from, connectionId, body: { kind: 'refuse', reason: 'gone' } });
  }

  #admit(member: Member): void {
    const neighbours = member.request.role === 'origin' ? [] : this.#mix(member, NEIGHBOURS, []);
    this.#members.set(member.request.peerId, member);
    member.listener.joined({
      kind: 'joined',
      ticket: 'memory links need none',
      ticketExpiresAtMs: Infinity,
      trackerKey: encodePublicKey(LINK.publicKey),
      neighbours,
      dutyStripes: [],
      iceServers: [],
      reportIntervalMs: 2_000,
      wallMs: this.time.wallMs(),
    });
    this.#dealDuty();
  }

  #mix(member: Member, count: number, exclude: readonly PeerId[]): PeerDescription[] {
    const others = [...this.#members.values()].filter(
      ({ request }) =>
        request.role !== 'origin' && request.peerId !== member.request.peerId && !exclude.includes(request.peerId),
    );
    return shuffled(others, this.random)
      .slice(0, count)
      .map(({ request }) => ({ peerId: request.peerId, role: request.role, uplinkBitsPerSecond: 0 }));
  }

  #dealDuty(): void {
    if (this.isTrackerAway) return;
    const viewers = [...this.#members.values()].filter(({ request }) => request.role === 'viewer');
    const seeder = [...this.#members.values()].find(({ request }) => request.role === 'origin');
    const stripes = Array.from({ length: STRIPES }, (_, stripe) => {
      const member = viewers[stripe % Math.max(1, Math.min(STRIPES, viewers.length))];
      return member ? [member.request.peerId] : [];
    });
    seeder?.listener.dutyMap({ stripes });
    for (const { request, listener } of viewers) {
      listener.duty({ stripes: stripes.flatMap((peers, stripe) => (peers.includes(request.peerId) ? [stripe] : [])) });
    }
  }

  #startSeeder(): LivePeerSession {
    const seeder = this.#session('origin', this.newPeerId(), {});
    this.origin.onPublished = ({ signed, bytes }) => seeder.publish(signed, bytes);
    seeder.start();
    return seeder;
  }

  #session(role: PeerRole, peerId: PeerId, more: Partial<SessionParts>): LivePeerSession {
    const transport = this.network.createTransport({
      peerId,
      role,
      uplinkBitsPerSecond: this.#options.uplinkBitsPerSecond,
    });
    return new LivePeerSession({
      peerId,
      role,
      link: LINK,
      clock: this.time,
      random: seededRandom(Math.floor(this.random.next() * 2 ** 31)),
      verifier: new NodeVerifier(LINK.publicKey),
      wakeTimer: this.time.createWakeTimer(),
      tracker: this.tracker(),
      openTransport: (opened) => opened(this.#tapped(peerId, transport)),
      ...more,
    });
  }

  #tapped(peerId: PeerId, transport: LinkTransport): LinkTransport {
    return {
      fingerprint: transport.fingerprint,
      setCredentials: (credentials) => transport.setCredentials(credentials),
      setLinkLimit: (limit) => transport.setLinkLimit(limit),
      dial: (other) => transport.dial(other),
      signal: (signal) => transport.signal(signal),
      listen: (listener) =>
        transport.listen({
          sendSignal: (signal) => listener.sendSignal(signal),
          linkOpened: (link, isInitiator) => listener.linkOpened(this.#tappedLink(peerId, link), isInitiator),
          dialFailed: (other, failure) => listener.dialFailed(other, failure),
        }),
      close: () => transport.close(),
    };
  }

  #tappedLink(peerId: PeerId, link: Link): Link {
    return {
      remote: link.remote,
      get bufferedBytes() {
        return link.bufferedBytes;
      },
      send: (frame) => {
        this.trace.update(`${this.time.nowMs()} ${peerId} ${link.remote.peerId} ${frame[0]} ${frame.length};`);
        const lie = this.#boasting.get(peerId);
        const isBlock = frame[0] === BLOCK_TYPE;
        if (lie !== undefined && frame[0] === OFFERS_TYPE) frame.fill(0, 2);
        if (isBlock && (this.#altering.has(peerId) || lie === 'altered')) frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1;
        if (isBlock && lie === 'silent') return;
        if (isBlock && lie === 'late') this.time.schedule(this.time.nowMs() + LATE_MS, () => link.send(frame));
        else link.send(frame);
      },
      close: () => link.close(),
      listen: (listener) => link.listen(listener),
    };
  }

  /** Starts a viewer's playhead at its first part, a fixed delay behind the capture; it halts where media is missing. */
  #play(viewer: Viewer, firstDateMs: number): void {
    if (viewer.playedMs + viewer.stalledMs > 0) return;
    const stepMs = 20;
    let playheadMs = firstDateMs;
    viewer.playedMs = 1;
    const startAtMs = firstDateMs - this.time.wallMs() + (this.#options.playoutDelayMs ?? 1_000);
    const step = (): void => {
      if (viewer.isGone) return;
      const last = viewer.session.timeline(RENDITION).last;
      const bufferedToMs = (last?.programDateTimeMs ?? 0) + PART_MS;
      const isStalled = playheadMs + stepMs > bufferedToMs;
      if (isStalled) viewer.stalledMs += stepMs;
      else {
        playheadMs += stepMs;
        viewer.playedMs += stepMs;
      }
      viewer.session.setPlayback({ playheadMs, rate: isStalled ? 0 : 1 });
      this.time.schedule(this.time.nowMs() + stepMs, step);
    };
    this.time.schedule(this.time.nowMs() + Math.max(0, startAtMs), step);
  }
}
