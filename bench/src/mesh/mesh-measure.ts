import type { ChunkSequence, RenditionId } from '@p2ptv/protocol';

import { AccessLine } from '../sim/access-line.js';
import { ladderOf } from '../sim/ladder.js';
import { Measure, type CountedPeer } from '../sim/measure.js';
import type { PeerAgentState } from '../sim/peer-agent.js';
import type { PeerPlan, PeerRecord, PeerTotals } from './worker-messages.js';

/** A chunk that the origin has published, at a time of the run. */
export type PublishedChunk = { readonly sequence: ChunkSequence; readonly byteLength: number; readonly atMs: number };

/** What happened in a mesh, in the order of time. */
type Happened = { readonly atMs: number } & (
  | { readonly kind: 'published'; readonly chunk: PublishedChunk }
  | { readonly kind: 'peer'; readonly record: PeerRecord }
  | { readonly kind: 'browser'; readonly index: number; readonly totals: BrowserTotals }
);

/** What a browser among the viewers has counted since its click; bytes, and ms. */
export type BrowserTotals = {
  readonly handedBytes: number;
  readonly sentBytes: number;
  /** From the click to the first frame; undefined before it. */
  readonly startupMs: number | undefined;
  /** Standstills that are over, by the time since the click. */
  readonly stalls: readonly { readonly atMs: number; readonly lengthMs: number }[];
  readonly received: { readonly media: number; readonly init: number; readonly headers: number; readonly join: number; readonly seeder: number };
};

/** As the simulator looks at everybody. */
const SAMPLE_MS = 250;
/** What happened is told this late at most, ms. */
const TOLD_WITHIN_MS = 2_500;
/** Media that a browser fetches so soon after its click are those of its first frames, ms. */
const BROWSER_JOIN_MS = 3_000;
const ONLY_RENDITION = 0 as RenditionId;
const NO_STATE: PeerAgentState = {
  counters: {},
  verifiedBytes: { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 },
  sentMediaBytes: 0,
  sentFrameBytes: 0,
  neighbourCount: 0,
};

/**
 * Counts a mesh in real time with what counts the simulator's runs: viewers tell what happened to them, and when, and it
 * is gone through in that order.
 */
export class MeshMeasure {
  readonly measure: Measure;
  readonly #clock = { nowMs: 0 };
  readonly #viewers = new Map<number, CountedViewer>();
  #waiting: Happened[] = [];
  #sampledAtMs = 0;
  #lastSequence: ChunkSequence | undefined;

  /** @param run `viewers`: all of them, Node's and browsers'; `endMs`: when it will be over */
  constructor(run: { readonly viewers: readonly PeerPlan[]; readonly bitsPerSecond: number; readonly endMs: number }) {
    this.measure = new Measure(this.#clock, {
      firstViewers: run.viewers.length,
      ladder: ladderOf(run.bitsPerSecond, 1),
      endMs: run.endMs,
    });
    for (const plan of run.viewers) this.#viewers.set(plan.index, new CountedViewer(plan));
  }

  /** Neighbours of each Node viewer that is there, as last told. */
  get neighbourCounts(): readonly number[] {
    return [...this.#viewers.values()].flatMap(({ totals }) => totals?.neighbours ?? []);
  }

  published(chunk: PublishedChunk): void {
    this.#waiting.push({ kind: 'published', atMs: chunk.atMs, chunk });
  }

  happened(records: readonly PeerRecord[]): void {
    for (const record of records) this.#waiting.push({ kind: 'peer', atMs: record.atMs, record });
  }

  browserCame(index: number, atMs: number): void {
    this.#viewers.get(index)?.clicked(atMs);
    this.happened([{ kind: 'came', peer: index, atMs }]);
  }

  browserTold(index: number, atMs: number, totals: BrowserTotals): void {
    const viewer = this.#viewers.get(index);
    if (viewer) this.happened(viewer.news(totals));
    this.#waiting.push({ kind: 'browser', atMs, index, totals });
  }

  /** Goes through what has been told by all: what is younger may still be on its way. */
  advance(nowMs: number): void {
    this.#goTo(nowMs - TOLD_WITHIN_MS);
  }

  /** The run is over at that time, and everything is told. */
  finish(endMs: number): void {
    this.#goTo(endMs);
    // What the last word of a viewer carries came at the very end.
    this.#clock.nowMs = endMs;
    for (const late of this.#waiting) this.#take(late);
    this.#waiting = [];
    this.measure.finish();
  }

  #goTo(toMs: number): void {
    const due = this.#waiting.filter(({ atMs }) => atMs <= toMs).sort((one, other) => one.atMs - other.atMs);
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > toMs);
    for (const happened of due) {
      this.#sampleTo(happened.atMs);
      this.#clock.nowMs = Math.max(this.#clock.nowMs, happened.atMs);
      this.#take(happened);
    }
    this.#sampleTo(toMs);
    this.#clock.nowMs = Math.max(this.#clock.nowMs, toMs);
  }

  #sampleTo(toMs: number): void {
    while (this.#sampledAtMs + SAMPLE_MS <= toMs) {
      this.#sampledAtMs += SAMPLE_MS;
      this.#clock.nowMs = Math.max(this.#clock.nowMs, this.#sampledAtMs);
      this.measure.sampled(SAMPLE_MS);
    }
  }

  #take(happened: Happened): void {
    switch (happened.kind) {
      case 'published': {
        const { sequence, byteLength } = happened.chunk;
        this.measure.published({ rendition: ONLY_RENDITION, sequence, byteLength }, true);
        return;
      }
      case 'peer':
        this.#takeRecord(happened.record);
        return;
      case 'browser':
        this.#takeBrowser(happened.index, happened.totals);
        return;
    }
  }

  #takeRecord(record: PeerRecord): void {
    const { measure } = this;
    const viewer = this.#viewers.get(record.peer);
    if (!viewer) return;
    switch (record.kind) {
      case 'came':
        viewer.came(this.#clock.nowMs);
        measure.viewerCame(viewer);
        return;
      case 'started':
        measure.started(viewer);
        return;
      case 'stallBegan':
        viewer.isStalled = true;
        measure.stallBegan();
        return;
      case 'stallEnded':
        viewer.isStalled = false;
        measure.stallEnded(viewer, record.fromMs, record.toMs);
        return;
      case 'skipped':
        measure.skipped(viewer, record.fromMs, record.toMs);
        return;
      case 'delaySampled':
        measure.delaySampled(viewer, record.atMs, record.delayMs);
        return;
      case 'partReady':
        measure.partReady(viewer, record, undefined);
        return;
      case 'chunkVerified':
        this.#lastSequence = record.sequence;
        measure.chunkVerified(viewer, { rendition: ONLY_RENDITION, sequence: record.sequence, byteLength: record.byteLength });
        return;
      case 'mediaCame':
        measure.mediaCame(viewer, { rendition: ONLY_RENDITION, sequence: record.sequence }, record.bytes);
        return;
      case 'totals':
        this.#takeTotals(viewer, record.totals);
        return;
    }
  }

  #takeTotals(viewer: CountedViewer, totals: PeerTotals): void {
    const { measure } = this;
    const { totals: before } = viewer;
    viewer.totals = totals;
    const since = (pick: (totals: PeerTotals) => number): number => pick(totals) - (before ? pick(before) : 0);
    const fallback = since(({ fallbackBytes }) => fallbackBytes);
    const media = since(({ http }) => http.media);
    const seed = { bytes: since(({ fromSeeder }) => fromSeeder.bytes), mediaBytes: since(({ fromSeeder }) => fromSeeder.mediaBytes) };
    const sentMedia = since(({ sent }) => sent.mediaBytes);
    this.#originSent(viewer, {
      seed: seed.bytes,
      fallback,
      join: media - fallback + since(({ http }) => http.join + http.init),
      header: since(({ http }) => http.headers),
    });
    measure.seedMediaBytes += seed.mediaBytes;
    measure.linkMediaBytes += sentMedia + seed.mediaBytes;
    measure.linkControlBytes += since(({ sent }) => sent.bytes) - sentMedia + seed.bytes - seed.mediaBytes;
    // Which chunk they were of matters to nothing that is worked out of it.
    if (this.#lastSequence !== undefined) measure.mediaCame(viewer, { rendition: ONLY_RENDITION, sequence: this.#lastSequence }, media);
  }

  #takeBrowser(index: number, totals: BrowserTotals): void {
    const viewer = this.#viewers.get(index);
    if (!viewer) return;
    const { browserTotals: before } = viewer;
    viewer.browserTotals = totals;
    const since = (pick: (totals: BrowserTotals) => number): number => pick(totals) - (before ? pick(before) : 0);
    const media = since(({ received }) => received.media);
    const isJoining = this.#clock.nowMs < viewer.joinedAtMs + BROWSER_JOIN_MS;
    this.#originSent(viewer, {
      seed: since(({ received }) => received.seeder),
      fallback: isJoining ? 0 : media,
      join: (isJoining ? media : 0) + since(({ received }) => received.join + received.init),
      header: since(({ received }) => received.headers),
    });
    this.measure.partReady(viewer, { byteLength: since(({ handedBytes }) => handedBytes) }, undefined);
  }

  #originSent(viewer: CountedViewer, bytes: Readonly<Record<'seed' | 'fallback' | 'join' | 'header', number>>): void {
    for (const kind of ['seed', 'fallback', 'join', 'header'] as const) {
      if (bytes[kind] > 0) this.measure.originSent(kind, viewer, { bytes: bytes[kind], departsMs: this.#clock.nowMs });
    }
  }
}

/** A viewer as the measure sees it. */
class CountedViewer implements CountedPeer {
  readonly index: number;
  readonly role = 'viewer';
  readonly line: AccessLine;
  readonly isUploading = true;
  readonly isPolluter = false;
  readonly rendition = ONLY_RENDITION;
  readonly playheadMs = undefined;
  joinedAtMs = Infinity;
  isUp = false;
  isStalled = false;
  totals: PeerTotals | undefined;
  browserTotals: BrowserTotals | undefined;
  #clickedAtMs = 0;
  #hasToldStart = false;
  #toldStalls = 0;

  constructor(plan: PeerPlan) {
    this.index = plan.index;
    this.line = new AccessLine({ accessDelayMs: 0, uplinkBitsPerSecond: plan.uplinkBitsPerSecond, downlinkBitsPerSecond: Infinity });
  }

  clicked(atMs: number): void {
    this.#clickedAtMs = atMs;
  }

  /** What a browser tells for the first time, as a Node viewer would have told it. */
  news({ startupMs, stalls }: BrowserTotals): PeerRecord[] {
    const peer = this.index;
    const records: PeerRecord[] = [];
    if (startupMs !== undefined && !this.#hasToldStart) {
      this.#hasToldStart = true;
      records.push({ kind: 'started', peer, atMs: this.#clickedAtMs + startupMs });
    }
    for (const { atMs, lengthMs } of stalls.slice(this.#toldStalls)) {
      const fromMs = this.#clickedAtMs + atMs;
      const toMs = fromMs + lengthMs;
      records.push({ kind: 'stallBegan', peer, atMs: fromMs }, { kind: 'stallEnded', peer, atMs: toMs, fromMs, toMs });
    }
    this.#toldStalls = stalls.length;
    return records;
  }

  came(nowMs: number): void {
    this.joinedAtMs = nowMs;
    this.isUp = true;
  }

  get state(): PeerAgentState {
    const { totals } = this;
    if (!totals) return { ...NO_STATE, sentMediaBytes: this.browserTotals?.sentBytes ?? 0 };
    return {
      counters: totals.mechanisms,
      verifiedBytes: { ...totals.verifiedBytes, cacheBytes: 0 },
      sentMediaBytes: totals.sent.mediaBytes,
      sentFrameBytes: totals.sent.bytes,
      neighbourCount: totals.neighbours,
    };
  }
}
