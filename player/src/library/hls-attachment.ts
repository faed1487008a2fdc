import type Hls from 'hls.js';
import type { Events } from 'hls.js';
import type { Clock, RenditionId } from '@p2ptv/protocol';
import { EventHub, type PeerSession, type PeerSessionStats, type UploadPolicy } from '@p2ptv/peer';
import type { P2ptvAttachment, P2ptvCache, P2ptvEvents, P2ptvState, P2ptvStats, PlainReason, QualityWish } from './attachment.js';
import type { Driver } from './driver.js';
import { applyMeshSettings, applyRecordedSettings } from './hls-settings.js';
import { createMacrotaskQueue } from './macrotask.js';
import { MeshRequests } from './mesh-requests.js';
import { PlaybackDriver } from './playback-driver.js';
import { PlaybackMeter } from './playback-meter.js';
import { mediaTimeAt } from './media-clock.js';
import { RecordingDriver } from './recording-driver.js';

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
  readonly #meter = new PlaybackMeter();
  #live: PlaybackDriver | undefined;
  #requests: MeshRequests | undefined;
  /** While something else is played than the live edge. */
  #recording: { readonly driver: RecordingDriver; readonly restore: () => void } | undefined;
  #session: PeerSession | undefined;
  #state: P2ptvState = { kind: 'joining', isOriginReachable: true };
  #startupMs: number | undefined;
  #upload: UploadPolicy;
  #quality: QualityWish = 'auto';
  /** Of the rendition that was chosen; undefined while none is. */
  #chosenHeight: number | undefined;
  #playing: RenditionId | undefined;
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
    const live = this.#recording ? undefined : this.#live;
    const figures = this.#meter.figures(browserClock.nowMs());
    return {
      state: this.#state,
      startupMs: this.#startupMs,
      playoutDelayMs: this.#playoutDelayMs(),
      edgeDelayMs: live?.edgeDelayMs,
      targetDelayMs: live?.targetDelayMs,
      bufferedMs: driver?.bufferedMs ?? 0,
      stalls: figures.stalls,
      stalledMs: figures.stalledMs,
      playedMs: figures.playingMs,
      rateChangedRatio: figures.playingMs === 0 ? 0 : figures.rateChangedMs / figures.playingMs,
      offloadRatio: session && offloadRatioOf(session),
      bytes: {
        fromPeers: session?.verifiedBytes.peerBytes ?? 0,
        fromOrigin: session?.verifiedBytes.originBytes ?? 0,
        fromSeeder: session?.verifiedBytes.seederBytes ?? 0,
        fromCache: session?.verifiedBytes.cacheBytes ?? 0,
        sent: session?.sentBytes ?? 0,
      },
      neighbours: this.#session ? (session?.neighbours ?? []) : [],
      upload: this.#upload,
      isFollowingLive: this.#recording === undefined && (live?.isFollowingLive ?? true),
      recording: this.#recordingStats(),
      quality: this.#qualityStats(),
      session,
    };
  }

  get cache(): P2ptvCache | undefined {
    const session = this.#session;
    const size = session?.stats().cache;
    return session && size && { size, clear: () => new Promise((resolve) => session.clearCache(resolve)) };
  }

  setUpload(policy: UploadPolicy): void {
    // First, since it refuses caps that are too low.
    this.#session?.setUpload(policy);
    this.#upload = policy;
  }

  goLive(): void {
    if (this.#recording) {
      this.#leaveRecorded();
      return;
    }
    if (this.#live) {
      this.#live.goLive();
      return;
    }
    const { media, liveSyncPosition } = this.#hls;
    if (media && liveSyncPosition !== null) media.currentTime = liveSyncPosition;
  }

  setQuality(choice: QualityWish): void {
    this.#quality = choice;
    this.#noteHeight();
    this.#session?.setQuality(choice);
    this.#followQuality();
  }

  seek(dateMs: number): void {
    const { media, latestLevelDetails: details } = this.#hls;
    const recorded = this.#requests?.recorded;
    if (this.#recording && recorded) {
      if (media) media.currentTime = recorded.mediaTimeAt(dateMs);
      return;
    }
    const listedFromMs = details?.fragments[0]?.programDateTime ?? undefined;
    const time = details && listedFromMs !== undefined && dateMs >= listedFromMs ? mediaTimeAt(details, dateMs) : undefined;
    if (media && time !== undefined) media.currentTime = time;
    else this.#goBack(dateMs);
  }

  detach(): void {
    if (this.#state.kind === 'detached') return;
    this.#end();
    // The origin's playlists begin elsewhere than the mesh's: hls.js has to begin anew with them.
    this.#reload();
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
      meter: this.#meter,
      listener: { stallEnded: (stalledMs) => this.#events.emit('stallEnded', { stalledMs }) },
      isVisible: () => document.visibilityState === 'visible',
    });
    const requests = new MeshRequests(session, {
      clock: browserClock,
      queue,
      beforeFirstPlaylist: (heldMs) => driver.chooseStart(heldMs),
      picture: () => this.#recording?.driver.picture,
    });
    const { baseUrl } = this.#parts;
    const restore = applyMeshSettings(this.#hls, { requests, baseUrl, clock: browserClock });
    this.#live = driver;
    this.#requests = requests;
    // An origin that cannot be reached, or is full, would not serve hls.js either: then the session goes on trying.
    const joinTimer = setInterval(() => {
      if (this.#state.kind === 'joining' && this.#state.isOriginReachable && !this.#state.isInLine) this.#goPlain('noAnswer');
    }, JOIN_LIMIT_MS);
    const visibilityChanged = (): void => {
      const isVisible = document.visibilityState === 'visible';
      session.setVisible(isVisible);
      if (isVisible) this.#driver?.shown();
    };
    document.addEventListener('visibilitychange', visibilityChanged);
    // Without a good-bye neighbours notice a page that is gone only after seconds.
    const pageHidden = (event: PageTransitionEvent): void => {
      if (!event.persisted) session.close();
    };
    window.addEventListener('pagehide', pageHidden);
    this.#meshCleanups.push(
      () => window.removeEventListener('pagehide', pageHidden),
      session.on('partReady', ({ header }) => (this.#playing = header.rendition)),
      session.on('joined', ({ record, rendition }) => {
        clearInterval(joinTimer);
        this.#playing = rendition;
        // With one rendition there is nothing to choose.
        if (record.renditions.length > 1) session.setQuality(this.#quality);
        this.#noteHeight();
        if (record.isEnded) {
          this.#enterRecorded(0);
          this.#followQuality();
        }
        this.#setState({ kind: 'meshed' });
      }),
      session.on('recordChanged', ({ record: { renditions } }) => {
        // With others there they are numbered anew: what was chosen is known by its height.
        const same = renditions.find(({ height }) => height === this.#chosenHeight)?.id ?? 'auto';
        if (this.#quality !== 'auto' && this.#quality !== same) this.setQuality(same);
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
      () => this.#closeRecording(),
      restore,
      // Last: what hls.js waits for is refused, so that it asks again, with its own loaders.
      () => requests.close(),
    );
    session.setVisible(document.visibilityState === 'visible');
    if (this.#hls.media) driver.attachMedia(this.#hls.media);
    this.#hls.loadSource(this.#playlistUrl);
  }

  /** Who minds the playhead now. */
  get #driver(): Driver | undefined {
    return this.#recording?.driver ?? this.#live;
  }

  /** Leaves the live edge for an earlier date, once it is known what is kept. */
  #goBack(dateMs: number): void {
    const recorded = this.#requests?.playRecorded(this.#playing);
    if (!recorded) return;
    void recorded.listed.then(() => {
      if (this.#recording || this.#requests?.recorded !== recorded) return;
      this.#enterRecorded(recorded.mediaTimeAt(dateMs));
      this.#reload();
    });
  }

  #enterRecorded(startSeconds: number): void {
    const recorded = this.#requests?.recorded;
    if (!recorded || this.#recording) return;
    this.#live?.detachMedia();
    const driver = new RecordingDriver(this.#hls, {
      clock: browserClock,
      listener: { stallEnded: (stalledMs) => this.#events.emit('stallEnded', { stalledMs }) },
      meter: this.#meter,
      recorded,
    });
    this.#recording = { driver, restore: applyRecordedSettings(this.#hls, startSeconds) };
    if (this.#hls.media) driver.attachMedia(this.#hls.media);
  }

  /** Of a recording the rendition is played that the viewer has chosen; without a choice it stays. */
  #followQuality(): void {
    const choice = this.#quality;
    const { recorded } = this.#requests ?? {};
    const isKnown = this.#session?.record?.renditions.some(({ id }) => id === choice);
    if (choice === 'auto' || !isKnown || !this.#recording || !recorded || recorded.rendition === choice) return;
    void this.#requests?.changeRecorded(choice).then((next) => {
      if (!next || !this.#recording) return;
      const dateMs = this.#recording.driver.picture?.dateMs ?? recorded.segments?.[0]?.programDateTimeMs ?? 0;
      this.#closeRecording();
      this.#session?.seek({ dateMs, pictureMs: dateMs, rendition: choice });
      this.#enterRecorded(next.mediaTimeAt(dateMs));
      this.#playing = choice;
      this.#reload();
    });
  }

  /** Returns to the live edge, where there is one. */
  #leaveRecorded(): void {
    if (!this.#session || this.#session.record?.isEnded === true) return;
    this.#closeRecording();
    this.#requests?.playLive();
    this.#session.goLive();
    if (this.#hls.media) this.#live?.attachMedia(this.#hls.media);
    this.#reload();
  }

  #closeRecording(): void {
    this.#recording?.driver.close();
    this.#recording?.restore();
    this.#recording = undefined;
  }

  /** hls.js begins anew, with what is to be played now. */
  #reload(): void {
    const { media } = this.#hls;
    const isPlaying = media?.paused === false;
    this.#hls.loadSource(this.#playlistUrl);
    // It gives the element a new source, which pauses it. A browser may refuse, as it may refuse any play.
    if (isPlaying) media.play().catch(() => undefined);
  }

  #noteHeight(): void {
    this.#chosenHeight = this.#session?.record?.renditions.find(({ id }) => id === this.#quality)?.height;
  }

  #qualityStats(): P2ptvStats['quality'] {
    const renditions = this.#session?.record?.renditions;
    return renditions && { renditions, choice: this.#quality, playing: this.#playing };
  }

  #recordingStats(): P2ptvStats['recording'] {
    const segments = this.#requests?.recorded?.segments;
    const first = segments?.[0];
    const last = segments?.at(-1);
    if (!this.#recording || !first || !last) return undefined;
    return {
      fromMs: first.programDateTimeMs,
      toMs: last.programDateTimeMs + last.durationUs / 1000,
      positionMs: this.#recording.driver.picture?.dateMs,
    };
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
    // Sound alone paints nothing: it begins when it is heard.
    const toldByPicture = 'requestVideoFrameCallback' in media;
    if (toldByPicture) (media as HTMLVideoElement).requestVideoFrameCallback((nowMs) => painted(nowMs));
    const heard = (): void => {
      if (!toldByPicture || (media as HTMLVideoElement).videoWidth === 0) painted(browserClock.nowMs());
    };
    media.addEventListener('playing', heard, { once: true });
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
    this.#live = undefined;
    this.#requests = undefined;
    this.#session?.close();
    this.#session = undefined;
  }

  #playoutDelayMs(): number | undefined {
    const playheadMs = this.#driver?.playheadMs ?? this.#hls.playingDate?.getTime();
    if (playheadMs === undefined) return undefined;
    const delayMs = browserClock.wallMs() - playheadMs;
    return delayMs > 0 && delayMs < PLAUSIBLE_DELAY_MS ? delayMs : this.#live?.edgeDelayMs;
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
