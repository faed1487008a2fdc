import type { PeerId, Signal } from '@p2ptv/protocol';
import type { LinkId } from '../engine/engine-io.js';

/** Peers whose way is remembered: more than can be met at a time, bounded against a neighbour that brings offers without end. */
const MAX_ROUTES = 64;

/**
 * Which way the signals to a peer go: over the neighbour that named it or brought its offer, else
 * over the tracker. Forgotten when the link is there.
 */
export class SignalRoutes {
  readonly #viaOf = new Map<PeerId, LinkId>();

  /** A peer is dialled: over a neighbour that named it, or, without one, over the tracker. */
  dialled(peerId: PeerId, via: LinkId | undefined): void {
    this.#viaOf.delete(peerId);
    if (via !== undefined) this.#remember(peerId, via);
  }

  /** A signal came over a link: an offer is answered over the same. */
  brought(signal: Signal, linkId: LinkId): void {
    if (signal.body.kind === 'offer') this.#remember(signal.from, linkId);
  }

  /** The link over which signals to that peer go; undefined: the tracker. */
  to(peerId: PeerId): LinkId | undefined {
    return this.#viaOf.get(peerId);
  }

  /** A dial has ended, well or not. */
  settled(peerId: PeerId): void {
    this.#viaOf.delete(peerId);
  }

  #remember(peerId: PeerId, via: LinkId): void {
    this.#viaOf.delete(peerId);
    this.#viaOf.set(peerId, via);
    const oldest = this.#viaOf.keys().next().value;
    if (this.#viaOf.size > MAX_ROUTES && oldest !== undefined) this.#viaOf.delete(oldest);
  }
}
