import type { IceServer, PeerId, Signal } from '@p2ptv/protocol';
import type { Link } from './link.js';

/** What a peer needs to be let in by others, and to check whom it lets in. */
export type Credentials = {
  readonly ticket: string;
  /** The tracker's Ed25519 key, 32 bytes. */
  readonly trackerKey: Uint8Array;
  readonly iceServers: readonly IceServer[];
};

/** Why a dial came to nothing. */
export type DialFailure = 'refused' | 'badTicket' | 'timeout' | 'unreachable';

/** Makes links: offers and answers, candidates, tickets. One per peer; all its links show one certificate. */
export interface LinkTransport {
  /** SHA-256 fingerprint of this peer's certificate, as in SDP. */
  readonly fingerprint: string;
  /** Takes the tracker's word; before this, offers are refused and dials wait. */
  setCredentials(credentials: Credentials): void;
  /** Limits the links and attempts that others may start; offers beyond are refused with `full`. */
  setLinkLimit(limit: number): void;
  /** Starts a link to a peer. A second dial to the same peer while one is under way does nothing. */
  dial(peerId: PeerId): void;
  /** Hands over a signal that the tracker relayed. */
  signal(signal: Signal): void;
  listen(listener: LinkTransportListener): void;
  /** Ends all links and attempts. */
  close(): void;
}

/** What a transport reports. */
export interface LinkTransportListener {
  sendSignal(signal: Signal): void;
  /** A link is up; both tickets were valid and named the certificates that are in use. */
  linkOpened(link: Link, isInitiator: boolean): void;
  dialFailed(peerId: PeerId, failure: DialFailure): void;
}
