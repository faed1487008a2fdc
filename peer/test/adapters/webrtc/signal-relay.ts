import {
  deriveStreamId,
  encodeTicket,
  keyPairFromSecret,
  sign,
  type PeerId,
  type PeerRole,
  type Signal,
  type StreamId,
  type Ticket,
} from '@p2ptv/protocol';
import type { Link } from '../../../src/ports/link.js';
import type { DialFailure, LinkTransport } from '../../../src/ports/link-transport.js';

const trackerKeys = keyPairFromSecret(new Uint8Array(32).fill(42));

/** The swarm of the WebRTC tests. */
export const STREAM_ID: StreamId = deriveStreamId(new Uint8Array(32).fill(1), 'test');

/** What a transport told its listener. */
export type Seat = {
  readonly peerId: PeerId;
  readonly transport: LinkTransport;
  readonly opened: { link: Link; isInitiator: boolean }[];
  readonly failures: { peerId: PeerId; failure: DialFailure }[];
};

/** A tracker in the test's own process: relays signals, and signs tickets with a key of its own. */
export class SignalRelay {
  readonly seats = new Map<PeerId, Seat>();
  /** Everything relayed, in order. */
  readonly log: Signal[] = [];
  /** Changes a signal on its way; undefined loses it. */
  tamper: (signal: Signal) => Signal | undefined = (signal) => signal;

  /** Listens on a transport, and relays its signals. */
  seat(peerId: PeerId, transport: LinkTransport): Seat {
    const seat: Seat = { peerId, transport, opened: [], failures: [] };
    this.seats.set(peerId, seat);
    transport.listen({
      sendSignal: (signal) => this.relay(signal),
      linkOpened: (link, isInitiator) => seat.opened.push({ link, isInitiator }),
      dialFailed: (failed, failure) => seat.failures.push({ peerId: failed, failure }),
    });
    return seat;
  }

  /** Gives a seat valid credentials, but for what is overridden in its ticket. */
  admit(seat: Seat, role: PeerRole = 'viewer', overrides: Partial<Ticket> = {}): void {
    seat.transport.setCredentials({
      ticket: ticketFor(seat, role, overrides),
      trackerKey: trackerKeys.publicKey,
      iceServers: [],
    });
  }

  relay(signal: Signal): void {
    this.log.push(signal);
    const changed = this.tamper(signal);
    if (!changed) return;
    // As a real tracker, never within the call.
    setTimeout(() => this.seats.get(changed.to)?.transport.signal(changed), 0);
  }
}

/** A ticket that the relay's key signed, or another one's. */
export function ticketFor(
  seat: { readonly peerId: PeerId; readonly transport: { readonly fingerprint: string } },
  role: PeerRole = 'viewer',
  { secretKey = trackerKeys.secretKey, ...overrides }: Partial<Ticket> & { secretKey?: Uint8Array } = {},
): string {
  const ticket: Ticket = {
    version: 1,
    streamId: STREAM_ID,
    peerId: seat.peerId,
    role,
    fingerprint: seat.transport.fingerprint,
    expiresAtMs: Date.now() + 60_000,
    ...overrides,
  };
  return encodeTicket(ticket, (message) => sign(message, secretKey));
}

/** Key that the relay's tickets are checked with. */
export const TRACKER_KEY: Uint8Array = trackerKeys.publicKey;

/** A peer id that sorts by its number. */
export function numberedPeerId(number: number): PeerId {
  return number.toString(16).padStart(32, '0') as PeerId;
}
