import type { PeerDescription, PeerId } from '@p2ptv/protocol';
import type { BaselineContext } from './baseline-context.js';

/** Links a peer opens by itself, below how many it asks for more, and how often: the engine's defaults. */
const TARGET_LINKS = 14;
const MIN_LINKS = 10;
const ASK_INTERVAL_MS = 5_000;
const LAST_ASK_INTERVAL_MS = 60_000;
/** A peer in vain dialled is not dialled again for this long. */
const REDIAL_MS = 15_000;
const MAX_AVOIDED = 128;

/** Whom a baseline links to: the tracker's proposals, as the engine takes them (peer/SPEC.md ME1, ME3, ME7). */
export class Dialler {
  readonly #context: BaselineContext;
  readonly #dialling = new Set<PeerId>();
  readonly #notBefore = new Map<PeerId, number>();
  #isOffered = false;
  #nextAskMs = 0;
  #askIntervalMs = ASK_INTERVAL_MS;

  constructor(context: BaselineContext) {
    this.#context = context;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    return this.#isOffered && this.#isShort ? this.#nextAskMs : Infinity;
  }

  offered(nowMs: number, neighbours: readonly PeerDescription[]): void {
    let isNew = false;
    for (const { peerId } of neighbours) isNew = this.dial(nowMs, peerId) || isNew;
    this.#askIntervalMs = isNew ? ASK_INTERVAL_MS : Math.min(LAST_ASK_INTERVAL_MS, this.#askIntervalMs * 2);
    this.#nextAskMs = nowMs + (this.#isOffered ? this.#askIntervalMs : ASK_INTERVAL_MS);
    this.#isOffered = true;
  }

  /** Dials a peer unless it is linked, being dialled, to be avoided, or one too many. */
  dial(nowMs: number, peerId: PeerId): boolean {
    const { neighbours, command, identity } = this.#context;
    const isFull = neighbours.size + this.#dialling.size >= TARGET_LINKS;
    if (isFull && identity.role !== 'origin') return false;
    if (this.#dialling.has(peerId) || (this.#notBefore.get(peerId) ?? 0) > nowMs) return false;
    for (const neighbour of neighbours.values()) if (neighbour.peerId === peerId) return false;
    this.#dialling.add(peerId);
    command({ kind: 'dial', peerId });
    return true;
  }

  opened(peerId: PeerId): void {
    this.#dialling.delete(peerId);
  }

  failed(nowMs: number, peerId: PeerId): void {
    this.#dialling.delete(peerId);
    this.avoid(peerId, nowMs + REDIAL_MS);
  }

  /** Does not dial a peer before a time. */
  avoid(peerId: PeerId, untilMs: number): void {
    const oldest = this.#notBefore.keys().next().value;
    if (this.#notBefore.size >= MAX_AVOIDED && oldest !== undefined) this.#notBefore.delete(oldest);
    this.#notBefore.set(peerId, untilMs);
  }

  /** True for one that is banned or was dialled in vain. */
  isAvoided(nowMs: number, peerId: PeerId): boolean {
    return (this.#notBefore.get(peerId) ?? 0) > nowMs;
  }

  /** A link is gone: another one is wanted soon. */
  ended(nowMs: number): void {
    this.#nextAskMs = Math.min(this.#nextAskMs, nowMs + this.#context.random.next() * 1_000);
  }

  tick(nowMs: number): void {
    if (!this.#isOffered || !this.#isShort || nowMs < this.#nextAskMs) return;
    this.#nextAskMs = nowMs + this.#askIntervalMs;
    const { neighbours, command } = this.#context;
    const exclude = [...[...neighbours.values()].map(({ peerId }) => peerId), ...this.#notBefore.keys()].slice(0, 128);
    const count = TARGET_LINKS - neighbours.size - this.#dialling.size;
    if (count > 0) command({ kind: 'wantNeighbours', count, rendition: undefined, exclude });
  }

  get #isShort(): boolean {
    return this.#context.neighbours.size + this.#dialling.size < MIN_LINKS;
  }
}
