import {
  decodeTicket,
  LIMITS,
  type Clock,
  type PeerId,
  type Signal,
  type SignalBody,
  type StreamId,
} from '@p2ptv/protocol';
import type { RemotePeer } from '../../ports/link.js';
import type { Credentials, DialFailure, LinkTransport, LinkTransportListener } from '../../ports/link-transport.js';
import { fingerprintOf } from './session-description.js';
import type { IceCandidate, WebRtcConnection, WebRtcHandler } from './webrtc-handler.js';
import { WebRtcLink } from './webrtc-link.js';

/** Options of a {@link WebRtcTransport}. */
export type WebRtcTransportOptions = {
  /** The platform; the transport owns it and closes it. */
  readonly handler: WebRtcHandler;
  readonly peerId: PeerId;
  readonly streamId: StreamId;
  /** The wall clock decides whether tickets have expired: set it by the tracker's where the machine's may be wrong. */
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Longest from dial or offer to an open link, ms. Default 8,000. */
  readonly dialTimeoutMs?: number;
};

/** A connection on its way to be a link, or a link. */
type Attempt = {
  readonly peerId: PeerId;
  readonly connectionId: string;
  /** We sent the offer. */
  readonly isInitiator: boolean;
  /** They wanted it and we did not: it counts against the limit. */
  isIncoming: boolean;
  readonly connection: WebRtcConnection;
  readonly timer: ReturnType<typeof setTimeout>;
  /** Set once the other side's ticket was found valid. */
  link: WebRtcLink | undefined;
  remoteFingerprint: string | undefined;
  isOpen: boolean;
  candidateCount: number;
  /** Tries so far for the same wish, this one included. */
  readonly tryCount: number;
};

type RefuseReason = Extract<SignalBody, { kind: 'refuse' }>['reason'];

const DEFAULT_DIAL_TIMEOUT_MS = 8_000;
/** Offers of one peer are counted over this, ms, and for so many peers. */
const OFFER_WINDOW_MS = 3_000;
const REMEMBERED_OFFERERS = 512;
/** Candidates of one connection; more would only be work. */
const MAX_CANDIDATES = 64;
/**
 * Tries of a dial whose connection breaks at once, as opposed to one that finds no way. On a fast
 * path libdatachannel may see the other side's certificate before it has stored the answer that
 * names it, and then gives up.
 */
const MAX_TRIES = 3;

const REFUSALS: Readonly<Record<RefuseReason, DialFailure>> = {
  full: 'refused',
  badTicket: 'badTicket',
  gone: 'unreachable',
};

/** {@link LinkTransport} over WebRTC data channels, on whatever platform the handler brings. */
export class WebRtcTransport implements LinkTransport {
  readonly #options: WebRtcTransportOptions;
  readonly #handler: WebRtcHandler;
  /** Not open yet. */
  readonly #attempts = new Map<PeerId, Attempt>();
  readonly #open = new Map<PeerId, Attempt>();
  readonly #waitingDials = new Set<PeerId>();
  /** Offers of each peer in the current window. */
  readonly #offers = new Map<PeerId, { readonly sinceMs: number; count: number }>();
  /** Connections that are not freed yet: those above, and closed links that linger. */
  #connectionCount = 0;
  #listener: LinkTransportListener | undefined;
  #credentials: Credentials | undefined;
  #linkLimit: number = LIMITS.links;
  #isClosed = false;

  constructor(options: WebRtcTransportOptions) {
    this.#options = options;
    this.#handler = options.handler;
  }

  get fingerprint(): string {
    return this.#handler.fingerprint;
  }

  setCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    const waiting = [...this.#waitingDials];
    this.#waitingDials.clear();
    for (const peerId of waiting) this.dial(peerId);
  }

  setLinkLimit(limit: number): void {
    this.#linkLimit = limit;
  }

  listen(listener: LinkTransportListener): void {
    this.#listener = listener;
  }

  dial(peerId: PeerId): void {
    if (this.#isClosed || peerId === this.#options.peerId) return;
    if (this.#open.has(peerId)) return;
    const current = this.#attempts.get(peerId);
    if (current) {
      // Ours too from now on: whoever dials is told of a failure.
      current.isIncoming = false;
      return;
    }
    if (!this.#credentials) {
      this.#waitingDials.add(peerId);
      return;
    }
    if (!this.#offer(peerId, 1)) queueMicrotask(() => this.#listener?.dialFailed(peerId, 'unreachable'));
  }

  signal(signal: Signal): void {
    if (this.#isClosed || signal.to !== this.#options.peerId || signal.from === signal.to) return;
    switch (signal.body.kind) {
      case 'offer':
        this.#takeOffer(signal, signal.body);
        return;
      case 'answer':
        this.#takeAnswer(signal, signal.body);
        return;
      case 'candidate':
        this.#takeCandidate(signal, signal.body);
        return;
      case 'refuse': {
        const attempt = this.#attempts.get(signal.from);
        if (attempt?.isInitiator && attempt.connectionId === signal.connectionId) {
          this.#drop(attempt, REFUSALS[signal.body.reason]);
        }
        return;
      }
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waitingDials.clear();
    for (const attempt of [...this.#attempts.values()]) this.#drop(attempt, undefined);
    for (const { link } of [...this.#open.values()]) link?.close();
    this.#closeHandlerWhenFree();
  }

  /** Starts a connection; false when the platform has none left. */
  #offer(peerId: PeerId, tryCount: number): boolean {
    const connectionId = randomConnectionId();
    const attempt = this.#begin({ peerId, connectionId, isInitiator: true, isIncoming: false, tryCount });
    attempt?.connection.offer();
    return attempt !== undefined;
  }

  /** An attempt's connection broke: once more if it was our wish, and the other side has agreed. */
  #broke(attempt: Attempt): void {
    const { peerId, isInitiator, link, tryCount } = attempt;
    const isWorthwhile = isInitiator && link !== undefined && tryCount < MAX_TRIES;
    if (!isWorthwhile || this.#attempts.get(peerId) !== attempt) {
      this.#drop(attempt, 'unreachable');
      return;
    }
    this.#drop(attempt, undefined);
    if (!this.#offer(peerId, tryCount + 1)) this.#listener?.dialFailed(peerId, 'unreachable');
  }

  #takeOffer(signal: Signal, body: Extract<SignalBody, { kind: 'offer' }>): void {
    const { from: peerId, connectionId } = signal;
    if (!this.#credentials) {
      this.#refuse(signal, 'gone');
      return;
    }
    const current = this.#attempts.get(peerId);
    if (current?.connectionId === connectionId) return;
    // Both dialled: both know which offer stands, so nothing needs to be said.
    if (current?.isInitiator && this.#options.peerId < peerId) return;
    if (this.#isFlooding(peerId)) {
      this.#refuse(signal, 'full');
      return;
    }
    const remote = this.#checkRemote(peerId, body);
    if (!remote) {
      this.#refuse(signal, 'badTicket');
      return;
    }
    const isOurWish = current !== undefined && !current.isIncoming;
    if (!isOurWish && !this.#open.has(peerId) && current === undefined && !this.#hasRoom()) {
      this.#refuse(signal, 'full');
      return;
    }
    if (current) this.#drop(current, undefined);
    const attempt = this.#begin({ peerId, connectionId, isInitiator: false, isIncoming: !isOurWish, tryCount: 1 });
    if (!attempt) {
      this.#refuse(signal, 'full');
      if (isOurWish) this.#listener?.dialFailed(peerId, 'unreachable');
      return;
    }
    this.#admit(attempt, remote, body.sdp);
    attempt.connection.answer(body.sdp);
  }

  /** Each offer costs a connection with its keys: a peer gets as many as honest retries need. */
  #isFlooding(peerId: PeerId): boolean {
    const nowMs = this.#options.clock.wallMs();
    const known = this.#offers.get(peerId);
    const isRecent = known !== undefined && Math.abs(nowMs - known.sinceMs) < OFFER_WINDOW_MS;
    const offers = isRecent ? known : { sinceMs: nowMs, count: 0 };
    offers.count++;
    // Moved to the end, so that the one forgotten is the one unheard of for longest.
    this.#offers.delete(peerId);
    this.#offers.set(peerId, offers);
    const oldest = this.#offers.keys().next().value;
    if (this.#offers.size > REMEMBERED_OFFERERS && oldest !== undefined) this.#offers.delete(oldest);
    return offers.count > MAX_TRIES + 1;
  }

  #takeAnswer(signal: Signal, body: Extract<SignalBody, { kind: 'answer' }>): void {
    const attempt = this.#attempts.get(signal.from);
    if (!attempt?.isInitiator || attempt.connectionId !== signal.connectionId || attempt.link) return;
    const remote = this.#checkRemote(signal.from, body);
    if (!remote) {
      this.#drop(attempt, 'badTicket');
      return;
    }
    this.#admit(attempt, remote, body.sdp);
    attempt.connection.accept(body.sdp);
  }

  #takeCandidate(signal: Signal, candidate: IceCandidate): void {
    const attempt = [this.#attempts.get(signal.from), this.#open.get(signal.from)].find(
      (known) => known?.connectionId === signal.connectionId,
    );
    if (!attempt || attempt.candidateCount >= MAX_CANDIDATES) return;
    attempt.candidateCount++;
    attempt.connection.addCandidate({ candidate: candidate.candidate, mid: candidate.mid });
  }

  /**
   * Who the other side is, if its ticket is valid for our swarm, names the peer that the tracker
   * says it is, and the certificate that its description promises.
   */
  #checkRemote(peerId: PeerId, body: { readonly sdp: string; readonly ticket: string }): RemotePeer | undefined {
    if (!this.#credentials) return undefined;
    const ticket = decodeTicket(body.ticket, {
      streamId: this.#options.streamId,
      trackerKey: this.#credentials.trackerKey,
      wallMs: this.#options.clock.wallMs(),
    });
    if (ticket?.peerId !== peerId || ticket.fingerprint !== fingerprintOf(body.sdp)) return undefined;
    return { peerId, role: ticket.role };
  }

  #admit(attempt: Attempt, remote: RemotePeer, sdp: string): void {
    attempt.remoteFingerprint = fingerprintOf(sdp);
    attempt.link = new WebRtcLink(remote, attempt.connection, {
      ended: () => {
        if (this.#open.get(attempt.peerId) === attempt) this.#open.delete(attempt.peerId);
      },
      freed: () => this.#freed(),
    });
  }

  #hasRoom(): boolean {
    const all = [...this.#attempts.values(), ...this.#open.values()];
    const incomingCount = all.filter(({ isIncoming }) => isIncoming).length;
    return incomingCount < this.#linkLimit && all.length < LIMITS.links;
  }

  /** Makes a connection; undefined when the platform has none left. */
  #begin(
    start: Pick<Attempt, 'peerId' | 'connectionId' | 'isInitiator' | 'isIncoming' | 'tryCount'>,
  ): Attempt | undefined {
    const { peerId, connectionId, isInitiator } = start;
    const send = (body: SignalBody): void => {
      // A connection that was dropped meanwhile has nothing to say.
      if (this.#attempts.get(peerId) !== attempt && this.#open.get(peerId) !== attempt) return;
      this.#listener?.sendSignal({ from: this.#options.peerId, to: peerId, connectionId, body });
    };
    let connection: WebRtcConnection;
    try {
      connection = this.#handler.connect(this.#credentials?.iceServers ?? [], {
        described: (sdp) =>
          send({ kind: isInitiator ? 'offer' : 'answer', sdp, ticket: this.#credentials?.ticket ?? '' }),
        candidate: ({ candidate, mid }) => send({ kind: 'candidate', candidate, mid }),
        opened: () => this.#opened(attempt),
        frame: (bytes) => attempt.link?.frame(bytes),
        text: (text) => attempt.link?.text(text),
        drained: () => attempt.link?.drained(),
        closed: (end) => {
          if (attempt.isOpen) attempt.link?.end(end);
          else this.#broke(attempt);
        },
      });
    } catch {
      return undefined;
    }
    this.#connectionCount++;
    const attempt: Attempt = {
      ...start,
      connection,
      timer: setTimeout(
        () => this.#drop(attempt, 'timeout'),
        this.#options.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS,
      ),
      link: undefined,
      remoteFingerprint: undefined,
      isOpen: false,
      candidateCount: 0,
    };
    this.#attempts.set(peerId, attempt);
    return attempt;
  }

  #opened(attempt: Attempt): void {
    const { peerId, link, connection } = attempt;
    if (this.#attempts.get(peerId) !== attempt || !link) return;
    // Browsers have compared it with the description; others let us do it.
    const shown = connection.remoteFingerprint ?? attempt.remoteFingerprint;
    if (shown !== attempt.remoteFingerprint) {
      this.#drop(attempt, 'badTicket');
      return;
    }
    clearTimeout(attempt.timer);
    this.#attempts.delete(peerId);
    attempt.isOpen = true;
    // Whoever connects anew has lost the link that we still believed in.
    this.#open.get(peerId)?.link?.end('remote');
    this.#open.set(peerId, attempt);
    this.#listener?.linkOpened(link, attempt.isInitiator);
  }

  /** Ends an attempt; `failure` is reported if we had wished for the link, unless it is undefined. */
  #drop(attempt: Attempt, failure: DialFailure | undefined): void {
    if (this.#attempts.get(attempt.peerId) !== attempt) return;
    this.#attempts.delete(attempt.peerId);
    clearTimeout(attempt.timer);
    attempt.connection.close();
    this.#freed();
    if (failure && !attempt.isIncoming) this.#listener?.dialFailed(attempt.peerId, failure);
  }

  #refuse(signal: Signal, reason: RefuseReason): void {
    this.#listener?.sendSignal({
      from: this.#options.peerId,
      to: signal.from,
      connectionId: signal.connectionId,
      body: { kind: 'refuse', reason },
    });
  }

  #freed(): void {
    this.#connectionCount--;
    this.#closeHandlerWhenFree();
  }

  #closeHandlerWhenFree(): void {
    if (this.#isClosed && this.#connectionCount === 0) this.#handler.close();
  }
}

function randomConnectionId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
