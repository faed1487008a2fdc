import type { DutyMap, NamedPeer, PeerDescription, PeerId, RenditionId, StripeRef } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { follows, type Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';
import type { PeerExchange } from './peer-exchange.js';

/** A banned peer is not met again for this long. */
const BAN_MS = 600_000;
/** Peers in vain dialled are not dialled again for this long. */
const REDIAL_MS = 15_000;
const LAST_ASK_INTERVAL_MS = 60_000;
/** Peers that are remembered as not to be dialled for now. */
const MAX_AVOIDED = 256;
/** An answer of the tracker takes at most so long, ms: later it counts as away until it speaks again. */
const ANSWER_WAIT_MS = 2_000;
/** Attempts at a time on neighbours' word: the standby of DESIGN, "Degree". */
const STANDBY_DIALS = 4;
/** Pause before those that neighbours named are looked at anew, ms. */
const MEND_INTERVAL_MS = 2_000;
/** Links up to which more are dialled for want of some that follow the own rendition; the others stand by for the next switch. */
const MOST_DIALLED_LINKS = 24;
/** What a duty map is about that names no rendition. */
const FIRST_RENDITION = 0 as RenditionId;
/** What a question to the tracker may exclude (tracker contract). */
const MAX_EXCLUDED = 128;

/** Whom this peer is linked to, and keeps trying to be. (SPEC ME1–ME12, SE1–SE3) */
export class Mesh {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #exchange: PeerExchange;
  readonly #drop: (nowMs: number, linkId: LinkId) => void;
  readonly #dialling = new Set<PeerId>();
  /** Those of them that are dialled on a neighbour's word. */
  readonly #mending = new Set<PeerId>();
  readonly #notBefore = new Map<PeerId, number>();
  readonly #bannedUntil = new Map<PeerId, number>();
  #isOffered = false;
  #nextAskMs = 0;
  #askIntervalMs: number;
  /** When the tracker was asked last, while it has not answered. */
  #unansweredSinceMs: number | undefined;
  /** The tracker is away, or knew nobody new: neighbours are asked instead. */
  #isTrackerOfNoUse = false;
  #nextMendMs = 0;
  #nextPingMs = 0;
  #wanted: RenditionId | undefined;
  /** By rendition: who is on duty. */
  readonly #duty = new Map<RenditionId, DutyMap>();
  #onDuty: ReadonlySet<PeerId> = new Set();

  /** @param ports `drop` ends the link of a neighbour that is dead or not needed */
  constructor(
    context: EngineContext,
    links: OutgoingLinks,
    ports: { readonly exchange: PeerExchange; readonly drop: (nowMs: number, linkId: LinkId) => void },
  ) {
    this.#context = context;
    this.#links = links;
    this.#exchange = ports.exchange;
    this.#drop = ports.drop;
    this.#askIntervalMs = context.options.swarm.askIntervalMs;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    const dueMs = Math.min(this.#nextPingMs, this.#exchange.dueMs);
    if (!this.#isOffered || !this.#isShort) return dueMs;
    const answerDueMs = (this.#unansweredSinceMs ?? Infinity) + ANSWER_WAIT_MS;
    return Math.min(dueMs, this.#nextAskMs, answerDueMs, this.#isTrackerOfNoUse ? this.#nextMendMs : Infinity);
  }

  /** Takes the tracker's proposals. */
  offered(nowMs: number, neighbours: readonly PeerDescription[]): void {
    if (this.#context.identity.role === 'origin') return;
    let isNew = false;
    for (const { peerId } of neighbours) isNew = this.#dial(nowMs, peerId) || isNew;
    this.#unansweredSinceMs = undefined;
    this.#isTrackerOfNoUse = !isNew;
    this.#nextMendMs = nowMs;
    const { askIntervalMs } = this.#context.options.swarm;
    this.#askIntervalMs = isNew ? askIntervalMs : Math.min(LAST_ASK_INTERVAL_MS, this.#askIntervalMs * 2);
    this.#nextAskMs = nowMs + (this.#isOffered ? this.#askIntervalMs : askIntervalMs);
    this.#isOffered = true;
  }

  dialFailed(nowMs: number, peerId: PeerId): void {
    this.#dialEnded(peerId);
    this.avoid(nowMs, peerId);
    this.#nextMendMs = nowMs;
  }

  /** Does not dial a peer for a while: it could not be reached, has left, or does not want us. */
  avoid(nowMs: number, peerId: PeerId): void {
    const oldest = this.#notBefore.keys().next().value;
    if (this.#notBefore.size >= MAX_AVOIDED && oldest !== undefined) this.#notBefore.delete(oldest);
    this.#notBefore.set(peerId, nowMs + REDIAL_MS);
    this.#exchange.doubt(nowMs, peerId);
  }

  /** A link is up; the result is why it must not stay, if so. */
  opened(peerId: PeerId): 'misbehaviour' | undefined {
    this.#dialEnded(peerId);
    return this.#bannedUntil.has(peerId) ? 'misbehaviour' : undefined;
  }

  /** A neighbour has named some of its own. */
  told(nowMs: number, neighbour: Neighbour, peers: readonly NamedPeer[]): void {
    if (this.#exchange.told(nowMs, neighbour, peers)) this.#nextMendMs = nowMs;
  }

  ended(nowMs: number, neighbour: Neighbour): void {
    this.#exchange.forget(neighbour.linkId);
    // Whoever has just gone is asked for again only after the tracker names it anew.
    this.#nextAskMs = Math.min(this.#nextAskMs, nowMs + this.#context.random.next() * 1_000);
    if (this.#onDuty.has(neighbour.peerId)) this.#dial(nowMs, neighbour.peerId);
    this.#nextMendMs = nowMs;
    // Whoever stands by is sooner here than the tracker's answer.
    if (this.#isShort) this.#mend(nowMs, 1);
  }

  /** Another rendition is wanted: there may be too few who follow it. */
  renditionChanged(nowMs: number): void {
    const wanted = this.#context.wantedRendition();
    if (this.#wanted !== undefined && wanted !== this.#wanted) this.#nextAskMs = nowMs;
    this.#wanted = wanted;
  }

  ban(nowMs: number, peerId: PeerId): void {
    this.#bannedUntil.set(peerId, nowMs + BAN_MS);
  }

  /** Only for the origin's seeder: it keeps links to those on duty, and to nobody else. */
  dutyChanged(nowMs: number, map: DutyMap): void {
    this.#duty.set(map.rendition ?? FIRST_RENDITION, map);
    this.#onDuty = new Set([...this.#duty.values()].flatMap(({ stripes }) => stripes.flat()));
    for (const peerId of this.#onDuty) this.#dial(nowMs, peerId);
    for (const neighbour of [...this.#context.neighbours.all()]) {
      if (!this.#onDuty.has(neighbour.peerId)) this.#drop(nowMs, neighbour.linkId);
    }
  }

  /** The neighbours that a stripe's chunks of a rendition are pushed to; any other of ours that follows it while none of those is linked. */
  seedTargets({ rendition, stripe }: StripeRef): Neighbour[] {
    const peers = this.#duty.get(rendition)?.stripes[stripe] ?? [];
    const onDuty = peers
      .map((peerId) => this.#context.neighbours.byPeer(peerId))
      .filter((it): it is Neighbour => it !== undefined && follows(it, rendition));
    if (onDuty.length > 0) return onDuty;
    const others = [...this.#context.neighbours.all()].filter((it) => it.status?.isUploading === true && follows(it, rendition));
    const substitute = others[stripe % Math.max(1, others.length)];
    return substitute ? [substitute] : [];
  }

  /** Pings, gives up the dead, asks for more neighbours. */
  tick(nowMs: number, status: () => Parameters<OutgoingLinks['send']>[2]): void {
    if (nowMs >= this.#nextPingMs) this.#ping(nowMs, status());
    this.#exchange.tick(nowMs);
    if (!this.#isOffered || !this.#isShort) return;
    if (this.#unansweredSinceMs !== undefined && nowMs >= this.#unansweredSinceMs + ANSWER_WAIT_MS) {
      this.#unansweredSinceMs = undefined;
      this.#isTrackerOfNoUse = true;
    }
    if (this.#isTrackerOfNoUse && nowMs >= this.#nextMendMs) {
      this.#nextMendMs = nowMs + MEND_INTERVAL_MS;
      this.#mend(nowMs, STANDBY_DIALS);
    }
    if (nowMs >= this.#nextAskMs) this.#ask(nowMs);
  }

  #ask(nowMs: number): void {
    if (!this.#isShort) return;
    this.#nextAskMs = nowMs + this.#askIntervalMs;
    const count = Math.min(this.#context.options.swarm.targetLinks - this.#useCount, MOST_DIALLED_LINKS - this.#linkCount);
    if (count < 1) return;
    this.#unansweredSinceMs ??= nowMs;
    const known = [...this.#context.neighbours.all()].map(({ peerId }) => peerId);
    const avoided = [...this.#notBefore.keys(), ...this.#bannedUntil.keys()];
    this.#context.command({
      kind: 'wantNeighbours',
      count,
      rendition: this.#context.wantedRendition(),
      exclude: [...known, ...this.#dialling, ...avoided].slice(0, MAX_EXCLUDED),
    });
  }

  /** Dials under way. */
  get dialCount(): number {
    return this.#dialling.size;
  }

  get #linkCount(): number {
    return this.#context.neighbours.count + this.#dialling.size;
  }

  /** Links, and dials under way, to those who follow the rendition that is wanted, as far as that is known. */
  get #useCount(): number {
    return this.#context.neighbours.countOf(this.#context.wantedRendition()) + this.#dialling.size;
  }

  get #isShort(): boolean {
    // A neighbour's word may be out of date: only what has become a link counts.
    return this.#useCount - this.#mending.size < this.#context.options.swarm.minLinks && this.#linkCount < MOST_DIALLED_LINKS;
  }

  /** Dials so many more of those whom neighbours named. */
  #mend(nowMs: number, count: number): void {
    if (this.#context.identity.role === 'origin') return;
    let left = Math.min(count, STANDBY_DIALS - this.#mending.size);
    if (left <= 0) return;
    for (const { peer, via } of this.#exchange.candidates(nowMs)) {
      if (!this.#dial(nowMs, peer.peerId, via)) continue;
      this.#mending.add(peer.peerId);
      this.#context.counters.pexDials++;
      left--;
      if (left === 0) return;
    }
  }

  #dialEnded(peerId: PeerId): void {
    this.#dialling.delete(peerId);
    this.#mending.delete(peerId);
  }

  #dial(nowMs: number, peerId: PeerId, via?: LinkId): boolean {
    if (this.#dialling.has(peerId) || this.#context.neighbours.byPeer(peerId)) return false;
    if (this.#isAvoided(nowMs, peerId)) return false;
    const isSeeder = this.#context.identity.role === 'origin';
    if (!isSeeder && !this.#hasPlace) return false;
    this.#dialling.add(peerId);
    this.#context.command({ kind: 'dial', peerId, ...(via === undefined ? {} : { via }) });
    return true;
  }

  get #hasPlace(): boolean {
    return this.#useCount < this.#context.options.swarm.targetLinks && this.#linkCount < MOST_DIALLED_LINKS;
  }

  #isAvoided(nowMs: number, peerId: PeerId): boolean {
    return (this.#notBefore.get(peerId) ?? 0) > nowMs || this.#bannedUntil.has(peerId);
  }

  #ping(nowMs: number, status: Parameters<OutgoingLinks['send']>[2]): void {
    const { pingIntervalMs, deadAfterMs } = this.#context.options.swarm;
    this.#nextPingMs = nowMs + pingIntervalMs;
    this.#context.neighbours.relax();
    for (const neighbour of [...this.#context.neighbours.all()]) {
      if (nowMs - neighbour.lastHeardMs > deadAfterMs) {
        this.#drop(nowMs, neighbour.linkId);
        continue;
      }
      neighbour.pingNonce = (neighbour.pingNonce + 1) >>> 0;
      neighbour.pingSentMs = nowMs;
      this.#links.send(nowMs, neighbour.linkId, { kind: 'ping', nonce: neighbour.pingNonce });
      this.#links.send(nowMs, neighbour.linkId, status);
    }
    for (const memory of [this.#notBefore, this.#bannedUntil]) {
      for (const [peerId, untilMs] of memory) if (untilMs <= nowMs) memory.delete(peerId);
    }
    // Someone on duty who could not be reached at first, or went away and came back.
    for (const peerId of this.#onDuty) this.#dial(nowMs, peerId);
  }
}
