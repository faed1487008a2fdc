import type { ChunkHeader, ChunkRef, Clock, MediaTimeline, RenditionId, StreamRecord } from '@p2ptv/protocol';
import type { PeerSession } from '@p2ptv/peer';
import { LivePlaylist, writeMultivariantPlaylist } from './live-playlist.js';
import type { MacrotaskQueue } from './macrotask.js';
import type { DatedPlace } from './media-clock.js';
import { RecordedMedia } from './recorded-media.js';
import { SwitchingTimeline } from './switching-timeline.js';
import type { StreamResource } from './stream-resource.js';

/** A session's answer to a request of hls.js. */
export type MeshAnswer =
  | { readonly kind: 'text'; readonly text: string; readonly existsSinceMs: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** As HTTP says it: 404 for what is not (or no longer) held, 503 when the session has ended. */
  | { readonly kind: 'refused'; readonly status: 404 | 503 };

/** Who asks, and is told. */
export type Asker = {
  readonly answered: (answer: MeshAnswer) => void;
  /** Takes a segment of a recording part by part as its parts come; the answer then brings no bytes. */
  readonly progressed?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
};

type Waiting = Asker & {
  readonly resource: StreamResource | undefined;
  readonly sinceMs: number;
  /** Parts that the asker has been given. */
  parts: Uint8Array<ArrayBuffer>[];
};
/** What requests need of their surroundings. */
export type MeshRequestsRuntime = {
  readonly clock: Clock;
  readonly queue: MacrotaskQueue;
  /** Called before hls.js gets the playlist that it starts from, with how much media that lists, ms. */
  readonly beforeFirstPlaylist: (heldMs: number) => void;
  /** Of a recording: where the picture stands, or is to go on; undefined: unknown. */
  readonly picture: () => DatedPlace | undefined;
};

type SessionPart = Pick<PeerSession, 'on' | 'timeline' | 'read' | 'initSegment' | 'record' | 'listRecorded' | 'seek' | 'setPlayback'>;

/** The first playlist waits until the joining burst of parts has paused for so long … */
const BURST_PAUSE_MS = 60;
/** … but at most so long after its first part. */
const BURST_LIMIT_MS = 300;
/** A newest part that ended so long ago, beyond one part, is the publisher's newest. */
const EDGE_LAG_MS = 100;
/** A playlist that says nothing new is kept back for so long; hls.js takes a longer silence for an error. */
const UNCHANGED_WAIT_MS = 2_000;
/** hls.js starts so many parts before the edge, if the first playlist has as many. */
export const START_PARTS = 3;

/**
 * Answers requests for playlists and media from a session's verified timeline. Every answer comes
 * from a task of its own, never from within the request: hls.js asks for the next playlist from
 * within its handler of the last, so an immediate answer would recurse.
 */
export class MeshRequests {
  readonly #session: SessionPart;
  readonly #clock: Clock;
  readonly #queue: MacrotaskQueue;
  readonly #beforeFirstPlaylist: (heldMs: number) => void;
  readonly #picture: () => DatedPlace | undefined;
  #playlist = new LivePlaylist();
  /** Of a stream that has several renditions: the parts of all that are played, in order. */
  #switching: SwitchingTimeline | undefined;
  /** What is played instead of the live edge. */
  #recorded: RecordedMedia | undefined;
  /** What is to be played instead of that, and of which is not known yet what there is. */
  #nextRecorded: RecordedMedia | undefined;
  readonly #waiting = new Set<Waiting>();
  readonly #unsubscribes: (() => void)[];
  #joined: { readonly record: StreamRecord; readonly rendition: RenditionId } | undefined;
  #firstPartAtMs: number | undefined;
  #lastPartAtMs = 0;
  /** The newest part in the last playlist that was answered. */
  #listedPart: ChunkHeader | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isCheckPosted = false;
  #isClosed = false;

  constructor(session: SessionPart, runtime: MeshRequestsRuntime) {
    this.#session = session;
    this.#clock = runtime.clock;
    this.#queue = runtime.queue;
    this.#beforeFirstPlaylist = runtime.beforeFirstPlaylist;
    this.#picture = runtime.picture;
    const check = (): void => this.#postCheck();
    this.#unsubscribes = [
      session.on('joined', (joined) => {
        this.#joined = joined;
        this.#beginTimeline();
        if (joined.record.isEnded) this.playRecorded();
        check();
      }),
      session.on('chunkVerified', () => {
        if (this.#recorded) check();
      }),
      session.on('recordChanged', ({ record }) => {
        if (this.#joined) this.#joined = { ...this.#joined, record };
        check();
      }),
      session.on('partReady', ({ header, isRestart }) => {
        if (!this.#switching && header.rendition !== this.#joined?.rendition) return;
        this.#switching?.append(header, isRestart);
        this.#lastPartAtMs = this.#clock.nowMs();
        this.#firstPartAtMs ??= this.#lastPartAtMs;
        check();
      }),
      // An init segment may arrive after the part that needs it.
      session.on('initReady', check),
    ];
  }

  /**
   * Asks; returns what withdraws the request. No answer comes after that.
   *
   * @param resource undefined for what is nothing of the stream's: 404
   */
  request(resource: StreamResource | undefined, asker: Asker): () => void {
    const waiting: Waiting = { ...asker, resource, sinceMs: this.#clock.nowMs(), parts: [] };
    this.#waiting.add(waiting);
    if (resource?.kind === 'segment') {
      const segment = this.#recorded?.find(resource.epoch, resource.mediaSequence);
      if (segment) this.#recorded?.wanted(segment);
    }
    this.#postCheck();
    return () => this.#waiting.delete(waiting);
  }

  /** What is kept of the stream is played from now on, instead of its live edge; default: the rendition that was joined. */
  playRecorded(rendition = this.#joined?.rendition): RecordedMedia | undefined {
    if (rendition === undefined || this.#recorded) return this.#recorded;
    this.#recorded = this.#openRecorded(rendition);
    return this.#recorded;
  }

  /** The recording goes on in another rendition, once it is known what is kept of that; undefined: meanwhile something else was played. */
  async changeRecorded(rendition: RenditionId): Promise<RecordedMedia | undefined> {
    const before = this.#recorded;
    this.#nextRecorded?.close();
    const next = this.#openRecorded(rendition);
    this.#nextRecorded = next;
    await next.listed;
    if (this.#nextRecorded !== next || this.#recorded !== before || this.#isClosed) {
      next.close();
      return undefined;
    }
    this.#nextRecorded = undefined;
    before?.close();
    this.#recorded = next;
    return next;
  }

  #openRecorded(rendition: RenditionId): RecordedMedia {
    return new RecordedMedia({
      session: this.#session,
      rendition,
      picture: this.#picture,
      changed: () => this.#postCheck(),
      later: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    });
  }

  /** The live edge is played again, from whatever part the session begins with. */
  playLive(): void {
    this.#recorded?.close();
    this.#recorded = undefined;
    this.#beginTimeline();
    this.#playlist = new LivePlaylist();
    this.#listedPart = undefined;
    this.#firstPartAtMs = undefined;
  }

  /** What is played instead of the live edge; undefined at the live edge. */
  get recorded(): RecordedMedia | undefined {
    return this.#recorded;
  }

  /** Refuses what waits with 503. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    clearTimeout(this.#timer);
    this.#recorded?.close();
    this.#nextRecorded?.close();
    this.#postCheck();
    this.#queue.post(() => this.#queue.close());
  }

  #postCheck(): void {
    if (this.#isCheckPosted || this.#waiting.size === 0) return;
    this.#isCheckPosted = true;
    this.#queue.post(() => {
      this.#isCheckPosted = false;
      this.#check();
    });
  }

  #check(): void {
    for (const waiting of [...this.#waiting]) {
      const answer: MeshAnswer | undefined = this.#isClosed
        ? { kind: 'refused', status: 503 }
        : this.#answer(waiting);
      // An answer given just now may have withdrawn the next.
      if (answer && this.#waiting.delete(waiting)) waiting.answered(answer);
    }
  }

  #answer(waiting: Waiting): MeshAnswer | undefined {
    const { resource, sinceMs } = waiting;
    if (!resource) return { kind: 'refused', status: 404 };
    switch (resource.kind) {
      case 'multivariantPlaylist':
        return this.#multivariant();
      case 'mediaPlaylist':
        return this.#mediaPlaylist(resource, sinceMs);
      case 'recordingPlaylist': {
        const text = this.#joined && this.#recorded?.playlist(this.#joined.record);
        return text === undefined ? undefined : this.#text(text, this.#clock.nowMs());
      }
      case 'part':
        return bytesOr404(this.#readPart(resource));
      case 'segment':
        return this.#recorded ? this.#recordedSegment(this.#recorded, waiting, resource) : this.#segment(resource);
      case 'init': {
        const bytes = this.#session.initSegment(resource.initHash);
        return bytes && { kind: 'bytes', bytes };
      }
    }
  }

  #mediaPlaylist(
    resource: Extract<StreamResource, { kind: 'mediaPlaylist' }>,
    sinceMs: number,
  ): MeshAnswer | undefined {
    if (!this.#joined || resource.rendition !== this.#joined.rendition) return undefined;
    const timeline = this.#timeline(resource.rendition);
    const { position } = resource.directives;
    const { record } = this.#joined;
    const { last } = timeline;
    // Whatever lies ahead of the log blocks, however far (hls.js's tune-in asks beyond the next
    // part); an older number than any listed is answered, so that a restarted player finds the edge.
    const mustWait = position !== undefined && !record.isEnded && !timeline.contains(position);
    if (!last || mustWait || !this.#isBurstOver(timeline, record)) return undefined;
    // hls.js asks without a place after a pause, and again each second; waiting spares it that second.
    const isOld = position === undefined && !record.isEnded && last === this.#listedPart;
    if (isOld && !this.#isTimeUp(sinceMs + UNCHANGED_WAIT_MS)) return undefined;
    const text = this.#playlist.write(timeline, record);
    if (text === undefined) return undefined;
    if (!this.#listedPart) this.#beforeFirstPlaylist(heldMsOf(timeline));
    this.#listedPart = last;
    return this.#text(text, this.#lastPartAtMs);
  }

  /**
   * True when the parts that the join brings are in. hls.js picks its starting point from the first
   * playlist; one that ends a second before the edge would make it start a second late.
   */
  #isBurstOver(timeline: MediaTimeline, record: StreamRecord): boolean {
    const { last } = timeline;
    if (this.#listedPart || !last || record.isEnded) return true;
    const lagMs = this.#clock.wallMs() - (last.programDateTimeMs + last.durationUs / 1000);
    // Only where both clocks agree; otherwise the pause between parts tells.
    const isAtEdge = lagMs >= 0 && lagMs <= record.partTargetMs + EDGE_LAG_MS;
    if (isAtEdge && heldMsOf(timeline) >= record.partTargetMs * START_PARTS) return true;
    const nowMs = this.#clock.nowMs();
    const endsAtMs = Math.min(
      this.#lastPartAtMs + BURST_PAUSE_MS,
      (this.#firstPartAtMs ?? nowMs) + BURST_LIMIT_MS,
    );
    return this.#isTimeUp(endsAtMs);
  }

  /** True when that time has come; else looks again then. */
  #isTimeUp(atMs: number): boolean {
    const waitMs = atMs - this.#clock.nowMs();
    if (waitMs <= 0) return true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#postCheck(), waitMs);
    return false;
  }

  #segment({ rendition, epoch, mediaSequence }: Extract<StreamResource, { kind: 'segment' }>): MeshAnswer {
    const segment = this.#timeline(rendition).segment(mediaSequence);
    if (!segment?.isComplete || segment.epoch !== epoch) return { kind: 'refused', status: 404 };
    const parts: Uint8Array[] = [];
    for (const { sequence } of segment.parts) {
      const bytes = this.#readPart({ rendition, sequence });
      if (!bytes) return { kind: 'refused', status: 404 };
      parts.push(bytes);
    }
    return { kind: 'bytes', bytes: join(parts) };
  }

  #beginTimeline(): void {
    this.#switching = (this.#joined?.record.renditions.length ?? 0) > 1 ? new SwitchingTimeline() : undefined;
  }

  #timeline(rendition: RenditionId): MediaTimeline {
    return this.#switching?.timeline ?? this.#session.timeline(rendition);
  }

  #readPart(listed: ChunkRef): Uint8Array<ArrayBuffer> | undefined {
    const chunk = this.#switching ? this.#switching.chunkOf(listed.sequence) : listed;
    return chunk && this.#session.read(chunk);
  }

  #multivariant(): MeshAnswer | undefined {
    if (!this.#joined) return undefined;
    const { record, rendition } = this.#joined;
    return this.#text(writeMultivariantPlaylist({ ...record, isEnded: this.#recorded !== undefined }, this.#recorded?.rendition ?? rendition));
  }

  /** Hands over what has come of a segment, in order; the answer when that is all. */
  #recordedSegment(recorded: RecordedMedia, waiting: Waiting, named: { readonly epoch: number; readonly mediaSequence: number }): MeshAnswer | undefined {
    const segment = recorded.find(named.epoch, named.mediaSequence);
    if (!segment) return { kind: 'refused', status: 404 };
    while (waiting.parts.length < segment.partCount) {
      const bytes = recorded.readPart(segment, waiting.parts.length);
      if (!bytes) return undefined;
      waiting.parts.push(waiting.progressed ? NOTHING : bytes);
      waiting.progressed?.(bytes);
      // What was handed over may have ended the request.
      if (!this.#waiting.has(waiting)) return undefined;
    }
    return { kind: 'bytes', bytes: join(waiting.parts) };
  }

  #text(text: string, existsSinceMs = 0): MeshAnswer {
    return { kind: 'text', text, existsSinceMs };
  }
}

const NOTHING = new Uint8Array(0);

function heldMsOf(timeline: MediaTimeline): number {
  return timeline.segments.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000;
}

function bytesOr404(bytes: Uint8Array<ArrayBuffer> | undefined): MeshAnswer {
  return bytes ? { kind: 'bytes', bytes } : { kind: 'refused', status: 404 };
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
