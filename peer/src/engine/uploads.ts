import { BLOCK_BYTES, blockLengthOf, chunkKey, LIMITS, NO_DEADLINE_MS, stripeOf, type ChunkKey, type ChunkRef, type StripeRef, type WireMessage } from '@p2ptv/protocol';
import { isComplete, type StoredChunk, refOf } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import type { Neighbour } from './neighbours.js';
import { LINK_LOW_WATER_BYTES } from '../ports/link.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** Blocks of a chunk that somebody waits for, or that the origin's seeder pushes. */
type UploadJob = {
  readonly linkId: LinkId;
  readonly key: ChunkKey;
  readonly ref: ChunkRef;
  /** As the store had it when something was last removed from there. */
  chunk: StoredChunk;
  /** Nobody asked for it. */
  readonly isPush: boolean;
  /** The first block, the next one to send, and the one after the last. */
  readonly first: number;
  next: number;
  readonly end: number;
  /** The requester's deadline, in this engine's time. */
  readonly deadlineMs: number;
  /** Which of all jobs it was to begin; {@link NOT_STARTED} until then. */
  startedAs: number;
};

/** A link that blocks were handed to and that has not sent them all. */
type FilledLink = {
  readonly sinceMs: number;
  bytes: number;
  /** What its buffer holds in this input, frames' heads included. */
  bufferedBytes: number;
  shrunkAtMs: number;
  /** When all links together have sent so much, what was in their buffers before it has left. */
  turnAtBytes: number;
};

type UploadRequest = Extract<WireMessage, { kind: 'request' }>;

const NOT_STARTED = Number.MAX_SAFE_INTEGER;
/** A link with a full buffer gives up its slot after this long: its receiver, not our uplink, is slow. */
const FULL_LINK_PATIENCE_MS = 150;
/** A link whose buffer has not shrunk for so long waits for its receiver, not for our uplink, ms, unless bytes of others still go before its own. */
const STUCK_LINK_MS = 1_000;
/** A link that has sent within this time has an open congestion window. */
const WARM_MS = 1_000;
/** How long an uplink that begins to send again counts as cold: about four round trips of slow start. */
const COLD_START_MS = 150;
/** How often a neighbour may have all of a chunk: once, and once more for what was lost on the way here. */
const MAX_SERVINGS = 2;
/** Deadlines nearer to each other than this count as equal. */
const DEADLINE_GRAIN_MS = 50;
/** A request that is expected later than its deadline by no more than this is taken all the same, ms. */
const TOO_LATE_GRACE_MS = 50;
/** A push that was not begun so long after it should have been is of no use, and its receiver may have another parent, ms. */
const PUSH_EXPIRES_MS = 1_500;
/** A request due within this goes before what children are pushed, ms. */
const URGENT_MS = 250;
/** One block on its way and the beginning of another: with less an uplink would idle between two. */
const LEAST_BUFFERED_BYTES = BLOCK_BYTES + 128;
/** How often a full uplink is looked at at most, ms. */
const LEAST_LOOK_MS = 4;
/** Frame overhead of a BLOCK message. */
const BLOCK_FRAME_BYTES = 8;

/** Serves neighbours, few chunks at a time so that each spreads fast. (SPEC UP1–UP8) */
export class Uploads {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  #jobs: UploadJob[] = [];
  /** Links whose send buffer we filled, and since when: each takes up a slot until it drains. */
  readonly #filled = new Map<LinkId, FilledLink>();
  #lastSentMs = -Infinity;
  #coldUntilMs = -Infinity;
  #dueMs = Infinity;
  #nextStart = 0;
  #backlogBytes = 0;
  /** What has left the send buffers so far, and when something did last. */
  #leftBytes = 0;
  #leftAtMs = -Infinity;
  #nowMs = 0;
  #removalsSeen = 0;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** When {@link pump} wants to run again. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** True while anybody waits for blocks, or blocks that were handed over wait for the uplink. */
  get isActive(): boolean {
    return this.#jobs.length > 0 || this.#filled.size > 0;
  }

  /** Bytes promised and not sent. */
  get queuedBytes(): number {
    return this.#jobs.reduce((sum, job) => sum + (job.end - job.next) * BLOCK_BYTES, 0);
  }

  /** Takes a neighbour's request, or refuses it. */
  request(nowMs: number, neighbour: Neighbour, request: UploadRequest): void {
    const key = chunkKey(request.rendition, request.sequence);
    const { store, kept } = this.#context;
    const chunk = store.get(key);
    if (kept.has(key) && this.#links.isUploading) {
      if (chunk) store.touch(chunk);
      else if (kept.await(nowMs, neighbour.linkId, request)) return;
    }
    const mine = this.#jobs.filter((job) => job.linkId === neighbour.linkId);
    const refuse = (reason: 'notUploading' | 'notHeld' | 'overLimit' | 'tooLate'): void => {
      const { rendition, sequence } = request;
      this.#links.trySend(nowMs, neighbour.linkId, { kind: 'reject', rendition, sequence, reason });
    };
    if (!this.#links.isUploading) {
      refuse('notUploading');
      return;
    }
    // What the origin's seeder sends costs the publisher: who was told of a stripe has no claim to the others.
    const isForeign = this.#context.identity.role === 'origin' && !neighbour.marks.isShared(key);
    if (!chunk || isForeign || request.firstBlock + request.blockCount > chunk.blockCount) {
      refuse('notHeld');
      return;
    }
    const servedBlocks = neighbour.marks.servedBlocks(key) + request.blockCount;
    if (mine.length >= LIMITS.requestsPerLink || servedBlocks > MAX_SERVINGS * chunk.blockCount) {
      refuse('overLimit');
      return;
    }
    this.cancel(neighbour.linkId, key);
    if (!isComplete(chunk) && this.#context.options.isEnabled('cutThrough')) this.#context.counters.cutThroughForwards++;
    const job = this.#add(neighbour.linkId, chunk, {
      next: request.firstBlock,
      end: request.firstBlock + request.blockCount,
      deadlineMs: nowMs + request.deadlineInMs,
      isPush: false,
    });
    const aheadBytes = this.#aheadBytes(job);
    if (this.#isTooLate(request, aheadBytes)) {
      this.cancel(neighbour.linkId, key);
      refuse('tooLate');
      return;
    }
    // Whoever has to wait may find somebody who has it meanwhile.
    if (aheadBytes > 0) {
      this.#links.trySend(nowMs, neighbour.linkId, { kind: 'queued', ...job.ref, aheadBytes });
    }
  }

  /** Chunks that somebody waits for. */
  get keys(): ReadonlySet<ChunkKey> {
    return new Set(this.#jobs.map(({ key }) => key));
  }

  /** Takes up a request that has waited for the disk. */
  resume(nowMs: number, linkId: LinkId, { request, waitedMs }: { readonly request: UploadRequest; readonly waitedMs: number }): void {
    const neighbour = this.#context.neighbours.get(linkId);
    const { deadlineInMs } = request;
    const leftMs = deadlineInMs === NO_DEADLINE_MS ? deadlineInMs : Math.max(0, deadlineInMs - waitedMs);
    if (neighbour) this.request(nowMs, neighbour, { ...request, deadlineInMs: leftMs });
  }

  /** What cannot be there in time is not begun: it would take from others what could. */
  #isTooLate({ blockCount, deadlineInMs }: UploadRequest, aheadBytes: number): boolean {
    const uplink = this.#links.capacityBitsPerSecond;
    if (uplink === 0 || deadlineInMs === NO_DEADLINE_MS) return false;
    const takesMs = ((aheadBytes + this.#backlogBytes + blockCount * BLOCK_BYTES) * 8000) / uplink;
    return takesMs > deadlineInMs + TOO_LATE_GRACE_MS;
  }

  /** Pushes a whole chunk that nobody asked for: the origin's seeder to a peer on duty. */
  push(nowMs: number, linkId: LinkId, chunk: StoredChunk): void {
    this.#add(linkId, chunk, { next: 0, end: chunk.blockCount, deadlineMs: nowMs, isPush: true });
  }

  /** Pushes a chunk to a child, as its blocks come in. */
  pushToChild(nowMs: number, child: Neighbour, chunk: StoredChunk): void {
    if (this.#jobs.some((job) => job.linkId === child.linkId && job.key === chunk.key)) return;
    if (child.marks.servedBlocks(chunk.key) > 0) return;
    this.#add(child.linkId, chunk, {
      next: 0,
      end: chunk.blockCount,
      deadlineMs: nowMs + this.#context.options.scheduler.assumedSlackMs,
      isPush: true,
    });
  }

  cancel(linkId: LinkId, key: ChunkKey): void {
    this.#context.kept.cancel(linkId, key);
    this.#jobs = this.#jobs.filter((job) => job.linkId !== linkId || job.key !== key);
  }

  /** A former child has its chunks from elsewhere: what has not begun is of no use to it. */
  cancelPushes(linkId: LinkId, { rendition, stripe }: StripeRef): void {
    this.#jobs = this.#jobs.filter(({ isPush, startedAs, ref, ...job }) => {
      const isOfStripe = isPush && ref.rendition === rendition && stripeOf(ref.sequence) === stripe;
      return job.linkId !== linkId || !isOfStripe || startedAs !== NOT_STARTED;
    });
  }

  linkEnded(linkId: LinkId): void {
    this.#context.kept.linkEnded(linkId);
    this.#filled.delete(linkId);
    this.#jobs = this.#jobs.filter((job) => job.linkId !== linkId);
  }

  /** Refuses all that waits: the viewer switched uploading off. */
  refuseAll(nowMs: number): void {
    for (const job of this.#jobs) this.#reject(nowMs, job, 'notUploading');
    this.#jobs = [];
  }

  /** Sends as many blocks as slots, buffers and the cap allow. */
  pump(nowMs: number): void {
    this.#dueMs = Infinity;
    this.#nowMs = nowMs;
    if (!this.isActive) return;
    if (this.#context.store.removals !== this.#removalsSeen) this.#dropVanished(nowMs);
    this.#dropExpired(nowMs);
    this.#backlogBytes = this.#countBacklog(nowMs);
    this.#links.noteBacklog(nowMs, { bufferedBytes: this.#backlogBytes, isBusy: this.#jobs.length > 0 });
    for (let job = this.#nextJob(nowMs); job; job = this.#nextJob(nowMs)) {
      const length = blockLengthOf(job.chunk.signed.header.byteLength, job.next);
      const waitMs = this.#links.capWaitMs(nowMs, length + BLOCK_FRAME_BYTES);
      if (waitMs > 0) {
        this.#context.counters.uploadCapWaits++;
        this.#dueMs = Math.min(this.#dueMs, nowMs + waitMs);
        return;
      }
      this.#sendBlock(nowMs, job);
    }
  }

  #add(
    linkId: LinkId,
    chunk: StoredChunk,
    range: { readonly next: number; readonly end: number; readonly deadlineMs: number; readonly isPush: boolean },
  ): UploadJob {
    const { next, end, deadlineMs, isPush } = range;
    const job = { linkId, key: chunk.key, ref: refOf(chunk), chunk, isPush, first: next, next, end, deadlineMs, startedAs: NOT_STARTED };
    this.#jobs.push(job);
    return job;
  }

  #aheadBytes(job: UploadJob): number {
    let ahead = 0;
    for (const other of this.#jobs) {
      if (other === job || !(other.startedAs !== NOT_STARTED || this.#isBefore(other, job))) continue;
      ahead += (other.end - other.next) * BLOCK_BYTES;
    }
    return ahead;
  }

  #sendBlock(nowMs: number, job: UploadJob): void {
    const index = job.next;
    const bytes = job.chunk.blocks[index];
    if (!bytes) return;
    this.#links.send(nowMs, job.linkId, { kind: 'block', rendition: job.ref.rendition, sequence: job.ref.sequence, index, bytes });
    const neighbour = this.#context.neighbours.get(job.linkId);
    if (neighbour) {
      neighbour.marks.serve(job.key);
      neighbour.sentBytes += bytes.length;
      neighbour.sending.add(nowMs, bytes.length);
    }
    if (nowMs - this.#lastSentMs >= WARM_MS) this.#coldUntilMs = nowMs + COLD_START_MS;
    this.#lastSentMs = nowMs;
    const filled = this.#filled.get(job.linkId);
    const bufferedBytes = this.#context.bufferedBytes(job.linkId);
    if (filled) {
      filled.bytes += bytes.length;
      filled.bufferedBytes = bufferedBytes;
    } else {
      const turnAtBytes = this.#leftBytes + this.#backlogBytes + bytes.length;
      this.#filled.set(job.linkId, { sinceMs: nowMs, bytes: bytes.length, bufferedBytes, shrunkAtMs: nowMs, turnAtBytes });
    }
    if (job.startedAs === NOT_STARTED) job.startedAs = this.#nextStart++;
    job.next++;
    this.#backlogBytes += bytes.length;
    if (job.next === job.end) this.#jobs.splice(this.#jobs.indexOf(job), 1);
  }

  /** The job whose block goes next, if any may go. */
  #nextJob(nowMs: number): UploadJob | undefined {
    const { slotsWarm, slotsCold } = this.#context.options.upload;
    const highWaterBytes = this.#highWaterBytes;
    if (this.#jobs.length === 0) return undefined;
    // The seeder shares its uplink with answers by HTTP, which would take what it does not ask for.
    if (this.#context.identity.role !== 'origin' && this.#backlogBytes >= highWaterBytes) {
      this.#waitForUplink(nowMs, highWaterBytes / 2);
      return undefined;
    }
    const isWarm = nowMs >= this.#coldUntilMs && nowMs - this.#lastSentMs < WARM_MS;
    const slots = isWarm ? slotsWarm : slotsCold;
    const occupied = this.#occupiedSlots(nowMs);
    let best: UploadJob | undefined;
    for (const job of this.#jobs) {
      // A started job that waits for its next block (cut-through) leaves its slot to others.
      if (!this.#isSendable(job)) continue;
      // A link that was handed something has its slot; others need a free one, begun or not: who takes turns delays all.
      const filled = this.#filled.get(job.linkId);
      if (!job.isPush && occupied >= slots && !filled) continue;
      if ((filled?.bufferedBytes ?? this.#context.bufferedBytes(job.linkId)) >= highWaterBytes) continue;
      if (!best || this.#isAhead(job, best)) best = job;
    }
    return best;
  }

  /** So much may wait in send buffers: little time's worth, since what is decided late is decided better; never less than keeps the uplink busy. */
  get #highWaterBytes(): number {
    const { highWaterBytes, highWaterMs } = this.#context.options.upload;
    const inTimeBytes = (this.#links.assumedCapacityBitsPerSecond * highWaterMs) / 8000;
    return Math.min(highWaterBytes, Math.max(LEAST_BUFFERED_BYTES, inTimeBytes));
  }

  /** Looks again when the uplink has sent most of what it was handed. */
  #waitForUplink(nowMs: number, downToBytes: number): void {
    const uplink = this.#links.assumedCapacityBitsPerSecond;
    // Half of what the estimate says: one that is too low would else prove itself, the uplink idle meanwhile.
    const waitMs = Math.max(LEAST_LOOK_MS, ((this.#backlogBytes - downToBytes) * 4000) / uplink);
    this.#dueMs = Math.min(this.#dueMs, nowMs + waitMs);
  }

  /** What waits for the uplink; not what waits for a receiver that does not read. */
  #countBacklog(nowMs: number): number {
    const before = this.#backlogBytes;
    for (const [linkId, filled] of this.#filled) {
      const buffered = this.#context.bufferedBytes(linkId);
      if (buffered === 0) this.#filled.delete(linkId);
      filled.bufferedBytes = buffered;
      if (buffered < filled.bytes) {
        this.#leftBytes += filled.bytes - buffered;
        this.#leftAtMs = nowMs;
        filled.shrunkAtMs = nowMs;
        filled.turnAtBytes = this.#leftBytes + before;
      }
      filled.bytes = buffered;
    }
    let bytes = 0;
    for (const filled of this.#filled.values()) if (!this.#isStuck(nowMs, filled)) bytes += filled.bytes;
    return bytes;
  }

  /** On a weak uplink a link's bytes wait behind those of others: only who is passed over, or when nothing leaves at all. */
  #isStuck(nowMs: number, { shrunkAtMs, turnAtBytes }: FilledLink): boolean {
    if (nowMs - shrunkAtMs < STUCK_LINK_MS) return false;
    return this.#leftBytes > turnAtBytes || nowMs - this.#leftAtMs >= STUCK_LINK_MS;
  }

  /** Links that are still sending what they were handed; a slow receiver's gives its slot up after a while. */
  #occupiedSlots(nowMs: number): number {
    let occupied = 0;
    for (const { sinceMs, bufferedBytes } of this.#filled.values()) {
      if (bufferedBytes <= LINK_LOW_WATER_BYTES) continue;
      const freeAtMs = sinceMs + FULL_LINK_PATIENCE_MS;
      if (nowMs >= freeAtMs) continue;
      occupied++;
      this.#dueMs = Math.min(this.#dueMs, freeAtMs);
    }
    return occupied;
  }

  #isSendable(job: UploadJob): boolean {
    if (job.chunk.blocks[job.next] === undefined) return false;
    return this.#context.options.isEnabled('cutThrough') || isComplete(job.chunk);
  }

  /**
   * Children are served in turn, a block each, so that all their own children get going. Requests in
   * need go before them, others after; what was begun comes first, in the order of its beginning.
   */
  #isAhead(left: UploadJob, right: UploadJob): boolean {
    if (left.isPush && right.isPush) {
      const turns = left.next - left.first - (right.next - right.first);
      const isOlder = left.ref.sequence < right.ref.sequence;
      return left.ref.sequence === right.ref.sequence ? turns < 0 : isOlder;
    }
    if (left.isPush !== right.isPush) return left.isPush ? !this.#isUrgent(right) : this.#isUrgent(left);
    if (left.startedAs !== right.startedAs) return left.startedAs < right.startedAs;
    return left.startedAs === NOT_STARTED && this.#isBefore(left, right);
  }

  #isUrgent(job: UploadJob): boolean {
    return this.#dueOf(job) - this.#nowMs < URGENT_MS;
  }

  /** What is too late has no deadline any more: before what can be in time it would make that late too, one after the other, and starve the pushes. */
  #dueOf({ deadlineMs }: UploadJob): number {
    return deadlineMs < this.#nowMs ? Infinity : deadlineMs;
  }

  /** The nearest deadline goes first. */
  #isBefore(left: UploadJob, right: UploadJob): boolean {
    const grains = (job: UploadJob): number => Math.floor(this.#dueOf(job) / DEADLINE_GRAIN_MS);
    return grains(left) < grains(right);
  }

  /** Jobs whose chunk was dropped from the store are refused, so that the requester looks elsewhere. */
  #dropVanished(nowMs: number): void {
    const { store } = this.#context;
    this.#removalsSeen = store.removals;
    const vanished: UploadJob[] = [];
    for (const job of this.#jobs) {
      const chunk = store.get(job.key);
      if (chunk) job.chunk = chunk;
      else vanished.push(job);
    }
    if (vanished.length === 0) return;
    for (const job of vanished) this.#reject(nowMs, job, 'notHeld');
    this.#jobs = this.#jobs.filter((job) => !vanished.includes(job));
  }

  /** Pushes to whoever reads too slowly would pile up, and all neighbours would hear of a long queue. */
  #dropExpired(nowMs: number): void {
    for (const job of this.#jobs) {
      if (!isExpired(nowMs, job)) continue;
      this.#jobs = this.#jobs.filter((other) => !isExpired(nowMs, other));
      return;
    }
  }

  #reject(nowMs: number, job: UploadJob, reason: 'notUploading' | 'notHeld'): void {
    this.#links.send(nowMs, job.linkId, { kind: 'reject', ...job.ref, reason });
  }
}

function isExpired(nowMs: number, { isPush, startedAs, deadlineMs }: UploadJob): boolean {
  return isPush && startedAs === NOT_STARTED && nowMs > deadlineMs + PUSH_EXPIRES_MS;
}
