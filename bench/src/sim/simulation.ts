import {
  deriveStreamId,
  encodePublisherProof,
  keyPairFromSecret,
  peerIdFromBytes,
  seededRandom,
  sign,
  type ChunkHeader,
  type PeerId,
  type PublisherProof,
  type Random,
  type Signal,
  type StreamId,
} from '@p2ptv/protocol';
import type { LinkId } from '@p2ptv/peer/engine';
import { AccessLine } from './access-line.js';
import { Dialler, type DialHost } from './dialler.js';
import { EventQueue, Happening } from './event-queue.js';
import { Measure } from './measure.js';
import { LadderMedia, ladderOf, type Rung } from './ladder.js';
import { chunkBytes } from './media-source.js';
import { Network } from './network.js';
import { OriginHttp } from './origin-http.js';
import { OriginUplink } from './origin-uplink.js';
import type { Strategy } from './peer-agent.js';
import { Population } from './population.js';
import type { SimConfig, Stretch } from './sim-config.js';
import { RecordingAudience } from './recording-audience.js';
import { SimPeer } from './sim-peer.js';
import { SimTracker } from './sim-tracker.js';
import { TraceHash } from './trace-hash.js';
import { drawUplink } from './uplinks.js';
import { Verifications } from './verifications.js';
import type { World } from './world.js';

/** Sunday, 9 September 2001: any date does, and it is the same in every run. */
const STARTED_WALL_MS = 1_000_000_000_000;
const SLUG = 'simulated';
/** What viewers can receive at least, and how many times what they can send. */
const LEAST_DOWNLINK_BITS_PER_SECOND = 50_000_000;
const DOWNLINK_RATIO = 4;
/** Data centres are near the network's middle. */
export const SERVER_ACCESS_DELAY_MS = 4;
const SERVER_MS = 2;
const WARM_PEERS = 8;
const SAMPLE_MS = 250;
/** Who has watched to the end closes the page, ms. */
const CLOSING_MS = 1_000;
/** Without a limit of its own the origin's line grows with the audience: that everybody comes at once is no subject then. */
const ORIGIN_BITS_PER_SECOND_PER_VIEWER = 5_000_000;
const LEAST_ORIGIN_BITS_PER_SECOND = 1_000_000_000;

/** One run: makes the world, lets viewers come, publishes, and counts. */
export class Simulation implements World {
  readonly queue: EventQueue;
  readonly trace = new TraceHash();
  readonly network: Network;
  readonly http: OriginHttp;
  readonly tracker: SimTracker;
  readonly checks: Verifications;
  readonly measure: Measure;
  readonly streamId: StreamId;
  readonly trackerAccessDelayMs = SERVER_ACCESS_DELAY_MS;
  readonly joinDelayMs: number;
  readonly recording: readonly ChunkHeader[] | undefined;
  readonly player: { readonly targetMs: number; readonly partMs: number };
  /** Bytes over HTTP: what was sent arrives, of use or not. */
  readonly httpBytes = { sent: 0, used: 0, unused: 0 };
  httpBytesUnderWay = 0;
  readonly originUplink: OriginUplink;
  readonly ladder: readonly Rung[];
  readonly switchMs: number | undefined;
  readonly isQualityAuto: boolean;
  readonly areBytesWatched: boolean;
  readonly peers = new Map<PeerId, SimPeer>();
  readonly #config: SimConfig;
  readonly #strategy: Strategy;
  readonly #media: LadderMedia;
  readonly #dialler: Dialler;
  readonly #seeder: SimPeer;
  readonly #publisher: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };
  readonly #population: Random;
  #nextIndex = 0;
  /** Capture date up to which all has been published while the origin could be reached, ms. */
  #publishedToMs = 0;

  constructor(config: SimConfig, strategy: Strategy) {
    this.#config = config;
    this.queue = new EventQueue(lookaheadMs(config));
    this.#strategy = strategy;
    const { partMs, captureToPublishMs } = config;
    this.#publisher = keyPairFromSecret(new Uint8Array(32).fill(7));
    this.streamId = deriveStreamId(this.#publisher.publicKey, SLUG);
    this.joinDelayMs = Math.max(0, config.playoutMs - captureToPublishMs);
    this.ladder = ladderOf(config.rateBitsPerSecond, config.renditions);
    this.isQualityAuto = config.renditions > 1 && config.switchSeconds === undefined;
    this.switchMs = config.switchSeconds === undefined ? undefined : config.switchSeconds * 1_000;
    this.areBytesWatched = config.polluterRatio > 0;
    this.player = { targetMs: config.playoutMs, partMs };
    this.#population = this.#randomOf(1);
    this.#media = new LadderMedia(
      this.ladder,
      {
        streamId: this.streamId,
        partMs,
        gopMs: config.gopMs,
        segmentMs: config.segmentMs,
        captureToPublishMs,
        startedWallMs: STARTED_WALL_MS,
      },
      (rendition) => this.#randomOf(2 + 1_000_000 * rendition),
    );
    this.measure = new Measure(this.queue, { firstViewers: config.viewers, ladder: this.ladder, endMs: config.seconds * 1_000 });
    this.recording = config.onDemand && this.#record(config.onDemand.recordingSeconds);
    this.network = new Network(config, { queue: this.queue, random: this.#randomOf(3), trace: this.trace });
    this.checks = new Verifications(this.#media);
    this.tracker = new SimTracker(
      {},
      {
        queue: this.queue,
        random: this.#randomOf(4),
        startedWallMs: STARTED_WALL_MS,
        isReachable: () => this.#isUp(config.trackerOutage),
      },
    );
    const originBitsPerSecond =
      config.originUplinkBitsPerSecond ??
      Math.max(LEAST_ORIGIN_BITS_PER_SECOND, ORIGIN_BITS_PER_SECOND_PER_VIEWER * config.viewers);
    const line = new AccessLine({
      accessDelayMs: SERVER_ACCESS_DELAY_MS,
      uplinkBitsPerSecond: originBitsPerSecond,
      downlinkBitsPerSecond: Math.max(originBitsPerSecond, LEAST_DOWNLINK_BITS_PER_SECOND),
    });
    this.originUplink = new OriginUplink(line, this.queue, config.originUplinkBitsPerSecond !== undefined);
    this.http = new OriginHttp(
      { serverMs: SERVER_MS, partMs },
      {
        queue: this.queue,
        media: this.#media,
        uplink: this.originUplink,
        warmPeers: (rendition) => this.tracker.warmPeers(this.streamId, WARM_PEERS, rendition),
        viewerCount: () => this.tracker.viewerCount(this.streamId),
        isReachable: () => this.#isUp(config.originOutage),
        sent: (kind, to, sent) => {
          this.httpBytes.sent += sent.bytes;
          this.httpBytesUnderWay += sent.bytes;
          this.measure.originSent(kind, to, sent);
        },
        arrived: (bytes, isUsed) => {
          this.httpBytesUnderWay -= bytes;
          if (isUsed) this.httpBytes.used += bytes;
          else this.httpBytes.unused += bytes;
        },
      },
    );
    this.#dialler = new Dialler(
      { setupMs: config.linkSetupMs, unreachableRatio: config.unreachableRatio, seed: config.seed },
      {
        queue: this.queue,
        random: this.#randomOf(5),
        peers: this.peers,
        isTrackerReachable: () => this.#isUp(config.trackerOutage),
        isOriginReachable: () => this.#isUp(config.originOutage),
      },
    );
    this.#seeder = this.#newPeer('origin', { line, isUploading: true, isPolluter: false });
    this.#schedule();
  }

  /** Runs on to a time, at most so many events; true when it is reached. */
  runUntil(untilMs: number, maxEvents: number): boolean {
    this.queue.runUntil(untilMs, maxEvents);
    return this.queue.isDone(untilMs);
  }

  /** The run is over: what is under way is counted. */
  finish(): void {
    for (const peer of this.peers.values()) peer.finish();
    this.measure.finish();
  }

  viewerIsDone(peerId: PeerId): void {
    this.#at(this.queue.nowMs + CLOSING_MS, () => {
      const viewer = this.peers.get(peerId);
      if (!viewer) return;
      viewer.stop(true);
      this.measure.viewerLeft(viewer);
      this.peers.delete(viewer.peerId);
    });
  }

  dial(from: DialHost, peerId: PeerId, via?: LinkId): void {
    this.#dialler.dial(from, peerId, via);
  }

  takeSignal(at: DialHost, linkId: LinkId, signal: Signal): void {
    this.#dialler.takeSignal(at, linkId, signal);
  }

  readonly wallDateMs = (dateMs: number): number => STARTED_WALL_MS + dateMs;

  readonly captureDateMs = (programDateTimeMs: number): number => programDateTimeMs - STARTED_WALL_MS;

  fingerprintOf(peer: DialHost): string {
    const index = peer.index.toString(16).toUpperCase().padStart(6, '0');
    return [...Array.from({ length: 29 }, () => '00'), ...(index.match(/../g) ?? [])].join(':');
  }

  proofOf(peer: DialHost): PublisherProof {
    const { publicKey, secretKey } = this.#publisher;
    return encodePublisherProof(
      { streamId: this.streamId, peerId: peer.peerId, fingerprint: this.fingerprintOf(peer) },
      { publicKey, slug: SLUG, signer: (message) => sign(message, secretKey), wallMs: STARTED_WALL_MS + this.queue.nowMs },
    );
  }

  /** All of a recording, as it is published. */
  #record(seconds: number): readonly ChunkHeader[] {
    const { partMs } = this.#config;
    const parts = Array.from({ length: Math.ceil((seconds * 1_000) / partMs) }, (_, part) => this.#media.make(part * partMs));
    const headers = parts.flatMap(([signed]) => signed?.header ?? []);
    for (const header of headers) this.measure.recorded(header);
    return headers;
  }

  #schedule(): void {
    this.#sampleFrom(SAMPLE_MS);
    const { onDemand } = this.#config;
    if (onDemand) this.#scheduleRecording({ ...this.#config, onDemand });
    else this.#scheduleLive();
  }

  /** Nothing is published any more, and so the origin's peer has nothing to seed. */
  #scheduleRecording(config: SimConfig & { readonly onDemand: NonNullable<SimConfig['onDemand']> }): void {
    const audience = new RecordingAudience(config, {
      queue: this.queue,
      random: this.#population,
      newViewer: (part) => this.#newViewer(part),
    });
    audience.start();
  }

  #scheduleLive(): void {
    const { originOutage, trackerOutage } = this.#config;
    this.#at(0, () => this.#seeder.start());
    this.#publishFrom(0);
    const population = new Population(this.#config, {
      queue: this.queue,
      random: this.#population,
      newViewer: () => this.#newViewer(),
      left: (viewer) => {
        this.measure.viewerLeft(viewer);
        this.peers.delete(viewer.peerId);
      },
    });
    population.start();
    if (trackerOutage) this.#at(trackerOutage.fromSeconds * 1_000, () => this.tracker.cutOff());
    if (originOutage) this.#planOriginOutage(originOutage);
  }

  /** The origin's network is cut off: the encoder runs on, and what it makes is there when the network is back. */
  #planOriginOutage({ fromSeconds, toSeconds }: Stretch): void {
    this.#at(fromSeconds * 1_000, () => {
      this.measure.outageBegan(this.#publishedToMs);
      this.http.failAll();
      this.#seeder.cutOff();
    });
    this.#at(toSeconds * 1_000, () => {
      this.measure.outage?.ended(this.queue.nowMs);
      this.tracker.connect(this.#seeder);
      this.http.published();
    });
  }

  #isUp(outage: Stretch | undefined): boolean {
    if (!outage) return true;
    const seconds = this.queue.nowMs / 1_000;
    return seconds < outage.fromSeconds || seconds >= outage.toSeconds;
  }

  #publishFrom(atMs: number): void {
    this.#at(atMs, () => {
      const isReachable = this.#isUp(this.#config.originOutage);
      for (const signed of this.#media.make(this.queue.nowMs)) {
        const { header } = signed;
        this.measure.published(header, isReachable);
        if (isReachable) this.#publishedToMs = this.captureDateMs(header.programDateTimeMs) + header.durationUs / 1_000;
        this.#seeder.handle({ kind: 'published', signed, bytes: chunkBytes(header.byteLength) });
      }
      this.http.published();
      this.#publishFrom(atMs + this.#config.partMs);
    });
  }

  #sampleFrom(atMs: number): void {
    this.#at(atMs, () => {
      this.measure.sampled(SAMPLE_MS);
      this.#sampleFrom(atMs + SAMPLE_MS);
    });
  }

  #newViewer(firstPart = 0): SimPeer {
    const { uplink, downlinkBitsPerSecond, delayMs, freeRiderRatio, polluterRatio } = this.#config;
    const random = this.#population;
    const uplinkBitsPerSecond = drawUplink(uplink, random, this.#nextIndex - 1);
    const line = new AccessLine({
      accessDelayMs: (delayMs.least + random.next() * (delayMs.most - delayMs.least)) / 2,
      uplinkBitsPerSecond,
      downlinkBitsPerSecond: downlinkBitsPerSecond ?? Math.max(LEAST_DOWNLINK_BITS_PER_SECOND, DOWNLINK_RATIO * uplinkBitsPerSecond),
    });
    const peer = this.#newPeer('viewer', {
      line,
      isUploading: random.next() >= freeRiderRatio,
      isPolluter: random.next() < polluterRatio,
      firstPart,
    });
    this.#slowDown(line);
    this.measure.viewerCame(peer);
    peer.start();
    return peer;
  }

  /** Some have a downlink that is slow for a while. */
  #slowDown(line: AccessLine): void {
    const { slowDownlinks } = this.#config;
    if (!slowDownlinks || this.#population.next() >= slowDownlinks.ratio) return;
    const { bitsPerSecond, during } = slowDownlinks;
    this.#at(Math.max(this.queue.nowMs, during.fromSeconds * 1_000), () => line.slowDown(bitsPerSecond));
    if (Number.isFinite(during.toSeconds)) this.#at(Math.max(this.queue.nowMs, during.toSeconds * 1_000), () => line.slowDown(undefined));
  }

  #newPeer(
    role: 'viewer' | 'origin',
    as: { line: AccessLine; isUploading: boolean; isPolluter: boolean; firstPart?: number },
  ): SimPeer {
    const index = this.#nextIndex++;
    const random = this.#randomOf(100 + index);
    const idBytes = Uint8Array.from({ length: 16 }, () => Math.floor(random.next() * 256));
    const peer = new SimPeer(
      {
        index,
        peerId: peerIdFromBytes(idBytes),
        role,
        strategy: this.#strategy,
        isUploading: as.isUploading,
        isPolluter: as.isPolluter,
        firstPart: as.firstPart ?? 0,
      },
      { world: this, line: as.line, random },
    );
    this.peers.set(peer.peerId, peer);
    return peer;
  }

  #at(atMs: number, happens: () => void): void {
    this.queue.schedule(new Happening(happens), atMs);
  }

  /** Each part of the run has a stream of chance of its own, so that one does not disturb the others. */
  #randomOf(stream: number): Random {
    return seededRandom(Math.imul(this.#config.seed, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca6b));
  }
}

/** In less than this nothing gets from a peer to another, or to the origin, ms: both ends' access delays, less what rounding may take. */
function lookaheadMs({ delayMs }: SimConfig): number {
  return 0.98 * Math.min(delayMs.least, delayMs.least / 2 + SERVER_ACCESS_DELAY_MS);
}
