import { encodedMessageBytes, isRelayable, LIMITS, type Signal } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';
import type { PeerExchange } from './peer-exchange.js';
import { RateGate } from './rate-gate.js';

type LinkGates = { readonly count: RateGate; readonly bytes: RateGate };

/**
 * Carries signals between two neighbours that have no link yet, as the tracker would, and no
 * further; and our own signals to those that a neighbour named. What a signal says is checked
 * where it ends: a relay can lose one, and nothing else. (SPEC ME13–ME15)
 */
export class SignalRelay {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #exchange: PeerExchange;
  readonly #gates = new WeakMap<Neighbour, LinkGates>();
  #forwarding: RateGate | undefined;

  constructor(context: EngineContext, links: OutgoingLinks, exchange: PeerExchange) {
    this.#context = context;
    this.#links = links;
    this.#exchange = exchange;
  }

  /** A neighbour sent a signal: its own, to be passed on, or one for us, which it passed on. */
  received(nowMs: number, neighbour: Neighbour, signal: Signal): void {
    if (this.#context.identity.role === 'origin' || neighbour.role === 'origin') return;
    const bytes = encodedMessageBytes({ kind: 'relay', signal });
    const gates = this.#gatesOf(nowMs, neighbour);
    if (!gates.count.take(nowMs, 1) || !gates.bytes.take(nowMs, bytes)) return;
    // Only its own signals are passed on: else it would be a way round the neighbours of neighbours.
    if (signal.from === neighbour.peerId) this.#forward(nowMs, neighbour, { signal, bytes });
    else this.#context.command({ kind: 'takeSignal', linkId: neighbour.linkId, signal });
  }

  /**
   * Sends a signal of our own: over a link if that is up and given, else over any neighbour that
   * named the peer. Without one it is lost, as with a tracker that is away.
   */
  send(nowMs: number, signal: Signal, via: LinkId | undefined): void {
    const { neighbours } = this.#context;
    const linkId = via !== undefined && neighbours.get(via) ? via : this.#exchange.viaOf(nowMs, signal.to);
    if (linkId !== undefined && isRelayable(signal)) this.#links.send(nowMs, linkId, { kind: 'relay', signal });
  }

  #forward(nowMs: number, from: Neighbour, parcel: { readonly signal: Signal; readonly bytes: number }): void {
    const { signal, bytes } = parcel;
    const to = this.#context.neighbours.byPeer(signal.to);
    if (!to || to === from || to.role === 'origin' || !this.#links.isUploading) {
      this.#refuse(nowMs, from, signal);
      return;
    }
    this.#forwarding ??= new RateGate(nowMs, {
      perSecond: LIMITS.forwardedBytesPerSecond,
      burst: LIMITS.forwardedBurstBytes,
    });
    if (!this.#forwarding.take(nowMs, bytes)) return;
    if (this.#links.trySend(nowMs, to.linkId, { kind: 'relay', signal })) this.#context.counters.relayedSignals++;
  }

  /** Tells who offers at once, instead of letting it wait for an answer that cannot come. */
  #refuse(nowMs: number, neighbour: Neighbour, { from, to, connectionId, body }: Signal): void {
    if (body.kind !== 'offer') return;
    const signal: Signal = { from: to, to: from, connectionId, body: { kind: 'refuse', reason: 'gone' } };
    this.#links.trySend(nowMs, neighbour.linkId, { kind: 'relay', signal });
  }

  #gatesOf(nowMs: number, neighbour: Neighbour): LinkGates {
    let gates = this.#gates.get(neighbour);
    if (!gates) {
      gates = {
        count: new RateGate(nowMs, { perSecond: LIMITS.relaysPerSecond, burst: LIMITS.relayBurst }),
        bytes: new RateGate(nowMs, { perSecond: LIMITS.relayBytesPerSecond, burst: LIMITS.relayBurstBytes }),
      };
      this.#gates.set(neighbour, gates);
    }
    return gates;
  }
}
