import { LIMITS, shuffled, type NamedPeer, type PeerId } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** Peers that one PEERS names: from a dozen neighbours that is more than a mesh needs to be mended, for 177 bytes. */
const NAMES_PER_MESSAGE = 8;
/** Names are forgotten when they were not repeated for so many intervals: who told them may have lost them. */
const FRESH_INTERVALS = 2.5;
/** A peer that could not be reached, or did not want us, is not dialled on neighbours' word for so long, ms. */
const DOUBT_MS = 120_000;
/** Peers that are remembered so. */
const MAX_DOUBTED = 256;
/** What a serving peer's uplink adds to its chance: slowly, or everybody would dial the same few. */
const UPLINK_UNIT_KBPS = 1_000;

/** A peer that a neighbour has named, and the link to that neighbour, over which the peer can be reached. */
export type Candidate = { readonly peer: NamedPeer; readonly via: LinkId };

type Scored = Candidate & { readonly score: number; readonly atMs: number };

type Offer = { readonly peers: readonly NamedPeer[]; readonly atMs: number };

/**
 * Tells neighbours of one another, and remembers whom they told of: the mesh mends itself from it
 * while the tracker is away. What is remembered is each neighbour's newest word alone, so that
 * nobody can crowd out what others said, and a name lasts no longer than the link to its teller.
 * (SPEC ME9, ME10)
 */
export class PeerExchange {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #offers = new Map<LinkId, Offer>();
  readonly #doubtedUntil = new Map<PeerId, number>();
  #nextTellMs: number | undefined;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    return this.#nextTellMs ?? Infinity;
  }

  /** Tells every neighbour of some of the others, each interval. The origin's seeder tells nobody of anyone. */
  tick(nowMs: number): void {
    const { identity, neighbours, random, options } = this.#context;
    if (this.#nextTellMs !== undefined && nowMs < this.#nextTellMs) return;
    if (identity.role === 'origin' || neighbours.count < 2 || !options.isEnabled('exchange')) {
      this.#nextTellMs = undefined;
      return;
    }
    const { exchangeIntervalMs } = options.swarm;
    const isFirst = this.#nextTellMs === undefined;
    // Peers that came together shall not speak together.
    this.#nextTellMs = nowMs + exchangeIntervalMs * (isFirst ? random.next() : 0.8 + 0.4 * random.next());
    if (!isFirst) this.#tell(nowMs);
  }

  /** A neighbour has named some of its own. */
  told(nowMs: number, neighbour: Neighbour, peers: readonly NamedPeer[]): boolean {
    if (this.#context.identity.role === 'origin' || neighbour.role === 'origin') return false;
    const before = this.#offers.get(neighbour.linkId);
    if (before && nowMs - before.atMs < LIMITS.peersIntervalMs) return false;
    this.#offers.set(neighbour.linkId, { peers, atMs: nowMs });
    this.#context.counters.peersExchanged++;
    return true;
  }

  /** A link is over: who was named over it can no longer be reached over it. */
  forget(linkId: LinkId): void {
    this.#offers.delete(linkId);
  }

  /** A peer could not be reached, has left, or does not want us. */
  doubt(nowMs: number, peerId: PeerId): void {
    for (const [doubted, untilMs] of this.#doubtedUntil) {
      if (untilMs > nowMs && this.#doubtedUntil.size < MAX_DOUBTED) break;
      this.#doubtedUntil.delete(doubted);
    }
    this.#doubtedUntil.delete(peerId);
    this.#doubtedUntil.set(peerId, nowMs + DOUBT_MS);
  }

  /**
   * Who may be dialled: of each neighbour's names those that serve first, by chance and uplink; then the others. Neighbours
   * have their say in turn, in an order drawn anew: one that invents peers delays the mesh by no more than its part.
   */
  candidates(nowMs: number): Candidate[] {
    const best = new Map<PeerId, Scored>();
    const { neighbours, random } = this.#context;
    for (const [via, { peers, atMs }] of this.#offers) {
      if (!this.#isFresh(nowMs, atMs)) continue;
      for (const peer of peers) {
        const { peerId } = peer;
        const known = best.get(peerId);
        if (known && known.atMs >= atMs) continue;
        if (neighbours.byPeer(peerId) || (this.#doubtedUntil.get(peerId) ?? 0) > nowMs) continue;
        const chance = random.next();
        const weight = 1 + Math.log2(1 + peer.uplinkKbps / UPLINK_UNIT_KBPS);
        best.set(peerId, { peer, via, atMs, score: peer.isUploading ? 1 + weight * chance : chance });
      }
    }
    const byTeller = new Map<LinkId, Scored[]>();
    for (const candidate of [...best.values()].sort((left, right) => right.score - left.score)) {
      const named = byTeller.get(candidate.via);
      if (named) named.push(candidate);
      else byTeller.set(candidate.via, [candidate]);
    }
    const tellers = shuffled([...byTeller.values()], random);
    const most = Math.max(0, ...tellers.map(({ length }) => length));
    return Array.from({ length: most }, (_, turn) => tellers.flatMap((named) => named[turn] ?? [])).flat();
  }

  /** A link to somebody who named the peer lately. */
  viaOf(nowMs: number, peerId: PeerId): LinkId | undefined {
    for (const [via, { peers, atMs }] of this.#offers) {
      if (this.#isFresh(nowMs, atMs) && peers.some((peer) => peer.peerId === peerId)) return via;
    }
    return undefined;
  }

  #isFresh(nowMs: number, atMs: number): boolean {
    return nowMs - atMs <= this.#context.options.swarm.exchangeIntervalMs * FRESH_INTERVALS;
  }

  #tell(nowMs: number): void {
    // A peer that serves nobody would not pass on their signals either.
    if (!this.#links.isUploading) return;
    const all = shuffled([...this.#context.neighbours.all()], this.#context.random);
    const named: NamedPeer[] = [];
    for (const isUploading of [true, false]) {
      for (const { peerId, role, status } of all) {
        if (role === 'origin' || !status?.isVisible || status.isUploading !== isUploading) continue;
        // One more than are told: the receiver may be among them.
        if (named.length > NAMES_PER_MESSAGE) break;
        named.push({ peerId, role, uplinkKbps: status.uplinkKbps, isUploading, isVisible: true });
      }
    }
    for (const { linkId, peerId, role } of all) {
      if (role === 'origin') continue;
      const peers = named.filter((peer) => peer.peerId !== peerId).slice(0, NAMES_PER_MESSAGE);
      if (peers.length > 0) this.#links.trySend(nowMs, linkId, { kind: 'peers', peers });
    }
  }
}
