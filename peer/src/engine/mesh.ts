import type { DutyMap, PeerDescription, PeerId } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** A banned peer is not met again for this long. */
const BAN_MS = 600_000;
/** Peers in vain dialled are not dialled again for this long. */
const REDIAL_MS = 15_000;
const LAST_ASK_INTERVAL_MS = 60_000;
/** Peers that are remembered as not to be dialled for now. */
const MAX_AVOIDED = 256;
/** What a question to the tracker may exclude (tracker contract). */
const MAX_EXCLUDED = 128;

/** Whom this peer is linked to, and keeps trying to be. (SPEC ME1–ME8, SE1–SE3) */
export class Mesh {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #drop: (nowMs: number, linkId: LinkId) => void;
  readonly #dialling = new Set<PeerId>();
  readonly #notBefore = new Map<PeerId, number>();
  readonly #bannedUntil = new Map<PeerId, number>();
  #isOffered = false;
  #nextAskMs = 0;
  #askIntervalMs: number;
  #nextPingMs = 0;
  #duty: DutyMap | undefined;

  /** @param drop ends the link of a neighbour that is dead or not needed */
  constructor(context: EngineContext, links: OutgoingLinks, drop: (nowMs: number, linkId: LinkId) => void) {
    this.#context = context;
    this.#links = links;
    this.#drop = drop;
    this.#askIntervalMs = context.options.swarm.askIntervalMs;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    return Math.min(this.#nextPingMs, this.#isShort && this.#isOffered ? this.#nextAskMs : Infinity);
  }

  /** Takes the tracker's proposals. */
  offered(nowMs: number, neighbours: readonly PeerDescription[]): void {
    if (this.#context.identity.role === 'origin') return;
    let isNew = false;
    for (const { peerId } of neighbours) isNew = this.#dial(nowMs, peerId) || isNew;
    const { askIntervalMs } = this.#context.options.swarm;
    this.#askIntervalMs = isNew ? askIntervalMs : Math.min(LAST_ASK_INTERVAL_MS, this.#askIntervalMs * 2);
    this.#nextAskMs = nowMs + (this.#isOffered ? this.#askIntervalMs : askIntervalMs);
    this.#isOffered = true;
  }

  dialFailed(nowMs: number, peerId: PeerId): void {
    this.#dialling.delete(peerId);
    this.avoid(nowMs, peerId);
  }

  /** Does not dial a peer for a while: it could not be reached, has left, or does not want us. */
  avoid(nowMs: number, peerId: PeerId): void {
    const oldest = this.#notBefore.keys().next().value;
    if (this.#notBefore.size >= MAX_AVOIDED && oldest !== undefined) this.#notBefore.delete(oldest);
    this.#notBefore.set(peerId, nowMs + REDIAL_MS);
  }

  /** A link is up; the result is why it must not stay, if so. */
  opened(peerId: PeerId): 'misbehaviour' | undefined {
    this.#dialling.delete(peerId);
    return this.#bannedUntil.has(peerId) ? 'misbehaviour' : undefined;
  }

  ended(nowMs: number, neighbour: Neighbour): void {
    // Whoever has just gone is asked for again only after the tracker names it anew.
    this.#nextAskMs = Math.min(this.#nextAskMs, nowMs + this.#context.random.next() * 1_000);
    const duty = this.#duty;
    if (duty?.stripes.some((peers) => peers.includes(neighbour.peerId))) this.#dial(nowMs, neighbour.peerId);
  }

  ban(nowMs: number, peerId: PeerId): void {
    this.#bannedUntil.set(peerId, nowMs + BAN_MS);
  }

  /** Only for the origin's seeder: it keeps links to those on duty, and to nobody else. */
  dutyChanged(nowMs: number, map: DutyMap): void {
    this.#duty = map;
    const onDuty = new Set(map.stripes.flat());
    for (const peerId of onDuty) this.#dial(nowMs, peerId);
    for (const neighbour of [...this.#context.neighbours.all()]) {
      if (!onDuty.has(neighbour.peerId)) this.#drop(nowMs, neighbour.linkId);
    }
  }

  /** The neighbours that a stripe's chunks are pushed to; any other of ours while none of those is linked. */
  seedTargets(stripe: number): Neighbour[] {
    const peers = this.#duty?.stripes[stripe] ?? [];
    const onDuty = peers.map((peerId) => this.#context.neighbours.byPeer(peerId)).filter((it) => it !== undefined);
    if (onDuty.length > 0) return onDuty;
    const others = [...this.#context.neighbours.all()].filter(({ status }) => status?.isUploading === true);
    const substitute = others[stripe % Math.max(1, others.length)];
    return substitute ? [substitute] : [];
  }

  /** Pings, gives up the dead, asks for more neighbours. */
  tick(nowMs: number, status: () => Parameters<OutgoingLinks['send']>[2]): void {
    if (nowMs >= this.#nextPingMs) this.#ping(nowMs, status());
    if (!this.#isOffered || !this.#isShort || nowMs < this.#nextAskMs) return;
    this.#nextAskMs = nowMs + this.#askIntervalMs;
    const known = [...this.#context.neighbours.all()].map(({ peerId }) => peerId);
    const avoided = [...this.#notBefore.keys(), ...this.#bannedUntil.keys()];
    const { targetLinks } = this.#context.options.swarm;
    this.#context.command({
      kind: 'wantNeighbours',
      count: targetLinks - this.#linkCount,
      exclude: [...known, ...this.#dialling, ...avoided].slice(0, MAX_EXCLUDED),
    });
  }

  get #linkCount(): number {
    return this.#context.neighbours.count + this.#dialling.size;
  }

  get #isShort(): boolean {
    return this.#linkCount < this.#context.options.swarm.minLinks;
  }

  #dial(nowMs: number, peerId: PeerId): boolean {
    if (this.#dialling.has(peerId) || this.#context.neighbours.byPeer(peerId)) return false;
    if (this.#isAvoided(nowMs, peerId)) return false;
    const isSeeder = this.#context.identity.role === 'origin';
    if (!isSeeder && this.#linkCount >= this.#context.options.swarm.targetLinks) return false;
    this.#dialling.add(peerId);
    this.#context.command({ kind: 'dial', peerId });
    return true;
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
    for (const peerId of new Set(this.#duty?.stripes.flat())) this.#dial(nowMs, peerId);
  }
}
