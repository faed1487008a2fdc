import { base64urlnopad } from '@scure/base';
import {
  decodeMessage,
  encodeMessage,
  type IceServer,
  type JoinRequest,
  type PeerDescription,
  type PeerId,
  type RenditionId,
  type Signal,
  viewerTokenOf,
  type WireMessage,
} from '@p2ptv/protocol';
import type { EngineCommand, EngineInput, LinkId } from '../engine/engine-io.js';
import type { EngineState } from '../engine/engine-state.js';
import type { Link } from '../ports/link.js';
import type { LinkTransport } from '../ports/link-transport.js';
import type { TrackerClient, TrackerState } from '../ports/tracker-client.js';
import type { EventHub } from './event-hub.js';
import type { PeerSessionEvents } from './peer-session.js';
import type { SessionParts } from './session-parts.js';
import { SignalRoutes } from './signal-routes.js';

/** What is meant where the tracker says no rendition. */
const FIRST_RENDITION = 0 as RenditionId;

/** What the mesh side needs of its session. */
export type MeshSideHost = {
  readonly handle: (input: EngineInput) => void;
  readonly hub: EventHub<PeerSessionEvents>;
  readonly engineState: () => EngineState;
  readonly uplinkBitsPerSecond: () => number;
  /** Media bytes fetched for another purpose than the first frame. */
  readonly fallbackBytes: () => number;
  /** The viewer plays something else than the live edge: it is of no use as one of those who have the newest first. */
  readonly isBehind: () => boolean;
};

/** The session's side towards other peers: links, the tracker, signals between them. */
export class MeshSide {
  readonly #parts: SessionParts;
  readonly #host: MeshSideHost;
  readonly #links = new Map<LinkId, Link>();
  readonly #routes = new SignalRoutes();
  #state: 'new' | 'started' | 'closed' = 'new';
  #transport: LinkTransport | undefined;
  #isWebRtcAvailable = true;
  #nextLinkId = 1;
  #warmPeers: readonly PeerDescription[] = [];
  #reportAtMs = Infinity;
  #reportIntervalMs = 2_000;
  #seederFrameBytes = 0;
  /** Only at the origin: those to whom chunks are pushed. */
  #onDuty: ReadonlySet<PeerId> = new Set();
  #trackerKey: string | undefined;
  #iceServers: readonly IceServer[] = [];

  constructor(parts: SessionParts, host: MeshSideHost) {
    this.#parts = parts;
    this.#host = host;
  }

  get isWebRtcAvailable(): boolean {
    return this.#isWebRtcAvailable;
  }

  /** Bytes received in frames from the origin's seeder, control included. */
  get seederFrameBytes(): number {
    return this.#seederFrameBytes;
  }

  get trackerState(): TrackerState {
    return this.#parts.tracker?.state ?? 'away';
  }

  /** When {@link report} is due, ms. */
  get reportAtMs(): number {
    return this.#reportAtMs;
  }

  bufferedBytes(linkId: LinkId): number {
    return this.#links.get(linkId)?.bufferedBytes ?? 0;
  }

  /** Sets up links from now on; the first call counts. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#parts.openTransport((transport) => this.#transportOpened(transport));
  }

  /** Those whom the origin named may be dialled once there is something to dial with. */
  offerWarmPeers(peers: readonly PeerDescription[]): void {
    this.#warmPeers = peers;
    this.#offerWarmPeers();
  }

  send(linkId: LinkId, message: WireMessage): void {
    this.#links.get(linkId)?.send(encodeMessage(message));
  }

  closeLink(linkId: LinkId): void {
    this.#links.get(linkId)?.close();
  }

  dial(peerId: PeerId, via: LinkId | undefined): void {
    // A neighbour has told us of ourselves.
    if (peerId === this.#parts.peerId) {
      this.#host.handle({ kind: 'dialFailed', peerId });
      return;
    }
    this.#routes.dialled(peerId, via);
    this.#transport?.dial(peerId);
  }

  /** Takes a signal that came over a link. */
  takeSignal({ signal, linkId }: Extract<EngineCommand, { kind: 'takeSignal' }>): void {
    if (signal.to !== this.#parts.peerId) return;
    this.#routes.brought(signal, linkId);
    this.#transport?.signal(signal);
  }

  wantNeighbours({ count, exclude, rendition }: Extract<EngineCommand, { kind: 'wantNeighbours' }>): void {
    this.#parts.tracker?.wantNeighbours({ count, exclude: [...exclude], ...(rendition === undefined ? {} : { rendition }) });
  }

  /** Reports totals, where the tracker is joined. */
  report(): void {
    const { tracker, clock, origin } = this.#parts;
    if (tracker?.state !== 'joined') {
      this.#reportAtMs = Infinity;
      return;
    }
    const state = this.#host.engineState();
    this.#reportAtMs = clock.nowMs() + this.#reportIntervalMs;
    tracker.report({
      fromPeersBytes: state.verifiedBytes.peerBytes,
      fromOriginBytes: origin?.received.media ?? 0,
      fromSeederBytes: state.verifiedBytes.seederBytes,
      fallbackBytes: this.#host.fallbackBytes(),
      sentBytes: state.sentMediaBytes,
      uplinkBitsPerSecond: this.#host.uplinkBitsPerSecond(),
      neighbourCount: state.neighbours.length,
      isUploading: state.uploadPolicy.mode !== 'off',
      isVisible: this.#isOfDuty(state),
      rendition: state.rendition ?? FIRST_RENDITION,
    });
    if (this.#parts.role !== 'origin') return;
    const linked = state.neighbours.map(({ peerId }) => peerId).filter((peerId) => this.#onDuty.has(peerId));
    tracker.reportLinked(linked, this.#parts.uplink?.maxCopies());
  }

  /** Sends a signal over the link that it is to go over, or by the tracker. */
  #sendSignal(signal: Signal, tracker: TrackerClient): void {
    const via = this.#routes.to(signal.to);
    if (via === undefined && tracker.state === 'joined') tracker.signal(signal);
    else this.#host.handle({ kind: 'signal', signal, via });
  }

  /** Says good-bye to tracker and transport. */
  close(): void {
    this.#state = 'closed';
    this.#parts.tracker?.close();
    this.#transport?.close();
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #offerWarmPeers(): void {
    if (!this.#transport || this.#warmPeers.length === 0) return;
    this.#host.handle({ kind: 'neighboursOffered', neighbours: this.#warmPeers });
    this.#warmPeers = [];
  }

  #transportOpened(transport: LinkTransport | undefined): void {
    if (this.#isClosed) {
      transport?.close();
      return;
    }
    this.#transport = transport;
    this.#isWebRtcAvailable = transport !== undefined;
    const { tracker } = this.#parts;
    if (!transport || !tracker) return;
    const { handle, hub } = this.#host;
    // The origin's seeder chooses whom it serves: nobody else may make it set up connections.
    if (this.#parts.role === 'origin') transport.setLinkLimit(0);
    transport.listen({
      sendSignal: (signal) => this.#sendSignal(signal, tracker),
      linkOpened: (link) => this.#linkOpened(link),
      dialFailed: (peerId) => {
        this.#routes.settled(peerId);
        handle({ kind: 'dialFailed', peerId });
      },
    });
    this.#offerWarmPeers();
    tracker.start(() => this.#joinRequest(transport), {
      joined: (answer) => {
        this.#parts.trackerClock?.set(answer.wallMs);
        transport.setCredentials({
          ticket: answer.ticket,
          trackerKey: base64urlnopad.decode(answer.trackerKey),
          iceServers: answer.iceServers,
        });
        this.#reportIntervalMs = answer.reportIntervalMs;
        this.#reportAtMs = this.#parts.clock.nowMs() + answer.reportIntervalMs;
        this.#trackerKey = answer.trackerKey;
        this.#iceServers = answer.iceServers;
        handle({ kind: 'duty', rendition: this.#rendition, stripes: answer.dutyStripes });
        handle({ kind: 'neighboursOffered', neighbours: answer.neighbours });
      },
      refused: (answer) => hub.emit('trackerStateChanged', { state: 'refused', message: answer.message }),
      stateChanged: (state) => {
        if (state !== 'refused') hub.emit('trackerStateChanged', { state });
      },
      neighbours: (neighbours) => handle({ kind: 'neighboursOffered', neighbours }),
      signal: (signal) => transport.signal(signal),
      duty: ({ stripes, rendition = FIRST_RENDITION }) => handle({ kind: 'duty', rendition, stripes }),
      dutyMap: (map) => {
        this.#onDuty = new Set(map.stripes.flat());
        handle({ kind: 'dutyMap', map });
      },
      reportInterval: (intervalMs) => {
        this.#reportIntervalMs = intervalMs;
        // The tracker waits no longer than the new one allows.
        this.#reportAtMs = Math.min(this.#reportAtMs, this.#parts.clock.nowMs() + intervalMs);
      },
      ticket: ({ ticket }) => {
        if (this.#trackerKey === undefined) return;
        transport.setCredentials({
          ticket,
          trackerKey: base64urlnopad.decode(this.#trackerKey),
          iceServers: this.#iceServers,
        });
      },
    });
  }

  #joinRequest(transport: LinkTransport): JoinRequest {
    const { link, role, proof, peerId } = this.#parts;
    const state = this.#host.engineState();
    const { fingerprint } = transport;
    // A private stream's link holds one, which the tracker is shown, too.
    const viewerToken = viewerTokenOf(link.origins);
    return {
      version: 1,
      streamId: link.streamId,
      peerId,
      role,
      fingerprint,
      uplinkBitsPerSecond: this.#host.uplinkBitsPerSecond(),
      isUploading: state.uploadPolicy.mode !== 'off',
      isVisible: this.#isOfDuty(state),
      rendition: this.#rendition,
      ...(proof ? { proof: proof(fingerprint) } : {}),
      ...(viewerToken === undefined ? {} : { viewerToken }),
    };
  }

  #linkOpened(link: Link): void {
    const { handle, hub } = this.#host;
    const linkId = this.#nextLinkId++;
    this.#routes.settled(link.remote.peerId);
    const isSeeder = link.remote.role === 'origin';
    this.#links.set(linkId, link);
    handle({ kind: 'linkOpened', linkId, ...link.remote });
    hub.emit('linkOpened', link.remote);
    link.listen({
      frame: (bytes) => {
        if (isSeeder) this.#seederFrameBytes += bytes.length;
        const message = decodeMessage(bytes);
        if (message.kind === 'malformed') handle({ kind: 'malformed', linkId });
        else if (message.kind !== 'unknown') handle({ kind: 'message', linkId, message });
      },
      drained: () => handle({ kind: 'linkDrained', linkId }),
      ended: () => {
        this.#links.delete(linkId);
        handle({ kind: 'linkEnded', linkId });
        hub.emit('linkClosed', { peerId: link.remote.peerId });
      },
    });
  }

  /** The rendition that is watched, as the tracker is told. */
  get #rendition(): RenditionId {
    return this.#host.engineState().rendition ?? FIRST_RENDITION;
  }

  /** Whom the origin may push the newest to: nobody who does not watch it. */
  #isOfDuty({ isVisible }: EngineState): boolean {
    return isVisible && !this.#host.isBehind();
  }
}
