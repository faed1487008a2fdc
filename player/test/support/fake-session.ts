import {
  MediaTimeline,
  type ChunkHeader,
  type ChunkRef,
  type PeerId,
  type RenditionId,
  type StreamRecord,
} from '@p2ptv/protocol';
import type {
  MechanismCounters,
  PeerSession,
  PeerSessionEvents,
  PeerSessionStats,
  PlaybackPosition,
  RecordedList,
  RecordedListener,
  SoughtPlace,
  UploadPolicy,
} from '@p2ptv/peer';

type Listener = (event: never) => void;

/** A session whose parts come when the test says so; it keeps what it was told. */
export class FakeSession implements PeerSession {
  readonly peerId = 'c'.repeat(32) as PeerId;
  record: StreamRecord | undefined;
  isStarted = false;
  isClosed = false;
  readonly playback: PlaybackPosition[] = [];
  readonly visible: boolean[] = [];
  upload: UploadPolicy = { mode: 'on' };
  readonly #timeline = new MediaTimeline();
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #inits = new Map<string, Uint8Array>();
  readonly #listeners = new Map<string, Set<Listener>>();

  start(): void {
    this.isStarted = true;
  }

  join(record: StreamRecord): void {
    this.record = record;
    this.emit('joined', { record, rendition: 0 as RenditionId });
  }

  addInit(initHash: string, bytes: Uint8Array): void {
    this.#inits.set(initHash, bytes);
    this.emit('initReady', { initHash });
  }

  addPart(header: ChunkHeader, bytes: Uint8Array): void {
    this.#chunks.set(header.sequence, bytes);
    const sources = { peerBytes: bytes.length, seederBytes: 0, originBytes: 0, cacheBytes: 0 };
    this.emit('chunkVerified', { header, sources });
    const isRestart = this.#timeline.append(header) === 'restarted';
    this.emit('partReady', { header, isRestart });
  }

  evict(sequence: number): void {
    this.#chunks.delete(sequence);
  }

  listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  emit<Name extends keyof PeerSessionEvents>(name: Name, event: PeerSessionEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(event as never);
  }

  on<Name extends keyof PeerSessionEvents>(name: Name, listener: (event: PeerSessionEvents[Name]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  timeline(): MediaTimeline {
    return this.#timeline;
  }

  read({ sequence }: ChunkRef): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#chunks.get(sequence);
    return bytes && Uint8Array.from(bytes);
  }

  initSegment(initHash: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#inits.get(initHash);
    return bytes && Uint8Array.from(bytes);
  }

  quality: 'auto' | RenditionId | undefined;
  setQuality(choice: 'auto' | RenditionId): void {
    this.quality = choice;
  }

  isAtLiveEdge = true;
  readonly sought: SoughtPlace[] = [];
  recorded: RecordedList | undefined;

  listRecorded(_request: unknown, listener: RecordedListener): () => void {
    const { recorded } = this;
    if (recorded) queueMicrotask(() => listener.listed(recorded));
    return () => undefined;
  }

  seek(place: SoughtPlace): void {
    this.isAtLiveEdge = false;
    this.sought.push(place);
  }

  goLive(): void {
    this.isAtLiveEdge = true;
  }

  setPlayback(position: PlaybackPosition): void {
    this.playback.push(position);
  }

  setUpload(policy: UploadPolicy): void {
    this.upload = policy;
  }

  setVisible(isVisible: boolean): void {
    this.visible.push(isVisible);
  }

  stats(): PeerSessionStats {
    return {
      peerId: this.peerId,
      isWebRtcAvailable: true,
      trackerState: 'joined',
      isOriginReachable: true,
      verifiedBytes: { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 },
      sentBytes: 0,
      originReceived: { media: 0, init: 0, headers: 0, join: 0 },
      fallbackBytes: 0,
      seederFrameBytes: 0,
      chunksVerified: 0,
      chunksRejected: 0,
      mechanisms: {} as MechanismCounters,
      neighbours: [],
      dutyStripes: [],
      cache: undefined,
      upload: this.upload,
    };
  }

  clearCache(cleared: () => void = () => undefined): void {
    queueMicrotask(cleared);
  }

  close(): void {
    this.isClosed = true;
    this.#listeners.clear();
  }
}
