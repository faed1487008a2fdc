import type Hls from 'hls.js';
import type { Events } from 'hls.js';
import type { Clock } from '@p2ptv/protocol';
import { EventHub, type PeerSession, type PeerSessionStats, type UploadPolicy } from '@p2ptv/peer';
import type { P2ptvAttachment, P2ptvEvents, P2ptvState, P2ptvStats, PlainReason } from './attachment.js';
import { applyMeshSettings } from './hls-settings.js';
import { createMacrotaskQueue } from './macrotask.js';
import { MeshRequests } from './mesh-requests.js';
import { PlaybackDriver } from './playback-driver.js';

/** What an attachment is made of; tests bring their own session. */
export type AttachmentParts = {
  /** undefined when the peer could not be made: plain from the start. */
  readonly session: PeerSession | undefined;
  readonly baseUrl: string;
  readonly upload: UploadPolicy;
};

/** Nobody has told what the stream is for so long, ms: then hls.js tries the origin by itself. */
const JOIN_LIMIT_MS = 8_000;
/** A difference of clocks beyond which wall clocks say nothing about the delay, ms. */
const PLAUSIBLE_DELAY_MS = 30_000;

const PLAIN_MESSAGES: Readonly<Record<PlainReason, string>> = {
  noEndpoint: 'The origin serves plain HLS only: playing from it, without peers.',
  noAnswer: 'Nobody answered for this stream: trying the origin, without peers.',
  failed: 'This browser cannot take part in the mesh: playing from the origin, without peers.',
};

const browserClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** Binds one hls.js instance and one session; `attachP2ptv` says what it does. */
export class HlsAttachment implements P2ptvAttachment {
  readonly #hls: Hls;
  readonly #parts: AttachmentParts;
  readonly #events = new EventHub<P2ptvEvents>();
  readonly #startedAtMs = browserClock.nowMs();
  /** Undone in reverse when the mesh is left; `#always` stays until detach. */
  readonly #meshCleanups: (() => void)[] = [];
  readonly #always: (() => void)[] = [];
  #driver: PlaybackDriver | undefined;
  #session: PeerSession | undefined;
  #state: P2ptvState = { kind: 'joining', isOriginReachable: true };
  #startupMs: number | undefined;
  #upload: UploadPolicy;
  #lastStats: PeerSessionStats | undefined;

  constructor(hls: Hls, parts: AttachmentParts) {
    this.#hls = hls;
    this.#parts = parts;
    this.#upload = parts.upload;
    this.#session = parts.session;
    this.#watchHls();
    if (parts.session) this.#join(parts.session);
    else this.#goPlain('failed');
  }

  get state(): P2ptvState {
    return this.#state;
  }

  on<Name extends keyof P2ptvEvents>(name: Name, listener: (event: P2ptvEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  stats(): P2ptvStats {
    const session = this.#session?.stats() ?? this.#lastStats;
    const driver = this.#driver;
    const figures = driver?.figures ?? { stalls: 0, stalledMs: 0, playingMs: 0, rateChangedMs: 0 };
    return {
      state: this.#state,
      startupMs: this.#startupMs,
      playoutDelayMs: this.#playoutDelayMs(),
      edgeDelayMs: driver?.edgeDelayMs,
      targetDelayMs: driver?.targetDelayMs,
      bufferedMs: driver?.bufferedMs ?? 0,
      stalls: figures.stalls,
      stalledMs: figures.stalledMs,
      rateChangedRatio: figures.playingMs === 0 ? 0 : figures.rateChangedMs / figures.playingMs,
      offloadRatio: session && offloadRatioOf(session),
      bytes: {
        fromPeers: session?.verifiedBytes.peerBytes ?? 0,
        fromOrigin: session?.verifiedBytes.originBytes ?? 0,
        fromSeeder: session?.verifiedBytes.seederBytes ?? 0,
        sent: session?.sentBytes ?? 0,
      },
      neighbours: this.#session ? (session?.neighbours ?? []) : [],
      upload: this.#upload,
      isFollowingLive: driver?.isFollowingLive ?? true,
      session,
    };
  }

  setUpload(policy: UploadPolicy): void {
    // First, since it refuses caps that are too low.
    this.#session?.setUpload(policy);
    this.#upload = policy;
  }

  goLive(): void {
    if (this.#driver) {
      this.#driver.goLive();
      return;
    }
    const { media, liveSyncPosition } = this.#hls;
    if (media && liveSyncPosition !== null) media.currentTime = liveSyncPosition;
  }

  detach(): void {
    if (this.#state.kind === 'detached') return;
    this.#end();
    // The origin's playlists begin elsewhere than the mesh's: hls.js has to begin anew with them.
    const { media } = this.#hls;
    const isPlaying = media?.paused === false;
    this.#hls.loadSource(this.#playlistUrl);
    // It gives the element a new source, which pauses it. A browser may refuse, as it may refuse any play.
    if (isPlaying) media.play().catch(() => undefined);
  }

  /** Leaves the mesh; hls.js goes its own ways. */
  #end(): void {
    if (this.#state.kind === 'detached') return;
    this.#leaveMesh();
    for (const cleanup of this.#always.splice(0)) cleanup();
    this.#setState({ kind: 'detached' });
    this.#events.clear();
  }

  #join(session: PeerSession): void {
    // First of all: the answer travels while the rest is set up. Nothing of it is told before this task has ended.
    session.start();
    const queue = createMacrotaskQueue();
    const driver = new PlaybackDriver(this.#hls, session, {
      clock: browserClock,
      listener: { stallEnded: (stalledMs) => this.#events.emit('stallEnded', { stalledMs }) },
      isVisible: () => document.visibilityState === 'visible',
    });
    const requests = new MeshRequests(session, {
      clock: browserClock,
      queue,
      beforeFirstPlaylist: (heldMs) => driver.chooseStart(heldMs),
    });
    const { baseUrl } = this.#parts;
    const restore = applyMeshSettings(this.#hls, { requests, baseUrl, clock: browserClock });
    this.#driver = driver;
    // An origin that cannot be reached, or is full, would not serve hls.js either: then the session goes on trying.
    const joinTimer = setInterval(() => {
      if (this.#state.kind === 'joining' && this.#state.isOriginReachable && !this.#state.isInLine) this.#goPlain('noAnswer');
    }, JOIN_LIMIT_MS);
    const visibilityChanged = (): void => {
      const isVisible = document.visibilityState === 'visible';
      session.setVisible(isVisible);
      if (isVisible) driver.shown();
    };
    document.addEventListener('visibilitychange', visibilityChanged);
    // Without a good-bye neighbours notice a page that is gone only after seconds.
    const pageHidden = (event: PageTransitionEvent): void => {
      if (!event.persisted) session.close();
    };
    window.addEventListener('pagehide', pageHidden);
    this.#meshCleanups.push(
      () => window.removeEventListener('pagehide', pageHidden),
      session.on('joined', () => {
        clearInterval(joinTimer);
        this.#setState({ kind: 'meshed' });
      }),
      session.on('joinFailed', ({ failure, retryAfterMs }) => {
        if (failure !== 'unavailable') this.#goPlain('noEndpoint');
        else if (retryAfterMs !== undefined) this.#setState({ kind: 'joining', isOriginReachable: true, isInLine: true });
      }),
      session.on('originStateChanged', ({ isReachable }) => {
        if (this.#state.kind === 'joining') this.#setState({ kind: 'joining', isOriginReachable: isReachable });
      }),
      () => clearInterval(joinTimer),
      () => document.removeEventListener('visibilitychange', visibilityChanged),
      () => driver.close(),
      restore,
      // Last: what hls.js waits for is refused, so that it asks again, with its own loaders.
      () => requests.close(),
    );
    session.setVisible(document.visibilityState === 'visible');
    if (this.#hls.media) driver.attachMedia(this.#hls.media);
    this.#hls.loadSource(this.#playlistUrl);
  }

  get #playlistUrl(): string {
    return `${this.#parts.baseUrl}/index.m3u8`;
  }

  #watchHls(): void {
    const hls = this.#hls;
    // From the instance, so that the page's own build of hls.js is the only one.
    const events = (hls.constructor as typeof Hls).Events;
    const on = (name: Events, listener: (name: never, data: never) => void): void => {
      hls.on(name, listener as never);
      this.#always.push(() => hls.off(name, listener as never));
    };
    on(events.MEDIA_ATTACHED, () => this.#mediaAttached());
    on(events.MEDIA_DETACHING, () => this.#driver?.detachMedia());
    on(events.DESTROYING, () => this.#end());
    on(events.MANIFEST_LOADING, (_name, data: { url: string }) => {
      if (data.url !== this.#playlistUrl) this.#end();
    });
    if (hls.media) this.#watchFirstFrame(hls.media);
  }

  #mediaAttached(): void {
    const { media } = this.#hls;
    if (!media) return;
    this.#driver?.attachMedia(media);
    this.#watchFirstFrame(media);
  }

  #watchFirstFrame(media: HTMLMediaElement): void {
    const painted = (nowMs: number): void => {
      if (this.#hls.media !== media || this.#state.kind === 'detached') return;
      this.#driver?.started();
      if (this.#startupMs !== undefined) return;
      this.#startupMs = nowMs - this.#startedAtMs;
      this.#events.emit('firstFramePainted', { startupMs: this.#startupMs });
    };
    if ('requestVideoFrameCallback' in media) {
      (media as HTMLVideoElement).requestVideoFrameCallback((nowMs) => painted(nowMs));
    } else {
      media.addEventListener('playing', () => painted(browserClock.nowMs()), { once: true });
    }
  }

  #goPlain(reason: PlainReason): void {
    if (this.#state.kind !== 'joining') return;
    this.#leaveMesh();
    this.#setState({ kind: 'plain', reason, message: PLAIN_MESSAGES[reason] });
    this.#hls.loadSource(this.#playlistUrl);
  }

  #leaveMesh(): void {
    this.#lastStats = this.#session?.stats();
    for (const cleanup of this.#meshCleanups.splice(0)) cleanup();
    this.#driver = undefined;
    this.#session?.close();
    this.#session = undefined;
  }

  #playoutDelayMs(): number | undefined {
    const playheadMs = this.#driver?.playheadMs ?? this.#hls.playingDate?.getTime();
    if (playheadMs === undefined) return undefined;
    const delayMs = browserClock.wallMs() - playheadMs;
    return delayMs > 0 && delayMs < PLAUSIBLE_DELAY_MS ? delayMs : this.#driver?.edgeDelayMs;
  }

  #setState(state: P2ptvState): void {
    this.#state = state;
    this.#events.emit('stateChanged', { state });
  }
}

function offloadRatioOf(session: PeerSessionStats): number | undefined {
  const { peerBytes, originBytes, seederBytes } = session.verifiedBytes;
  const playedBytes = peerBytes + originBytes + seederBytes;
  if (playedBytes === 0) return undefined;
  const { media, init, headers, join } = session.originReceived;
  return 1 - (media + init + headers + join + session.seederFrameBytes) / playedBytes;
}
