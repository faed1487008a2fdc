import {
  BLOCK_BYTES,
  deriveStreamId,
  encodePublisherProof,
  keyPairFromSecret,
  peerIdFromBytes,
  seededRandom,
  sign,
  type PeerId,
  type PublisherProof,
  type Random,
  type StreamId,
  type WireMessage,
} from '@p2ptv/protocol';
import { AccessLine } from './access-line.js';
import { Dialler } from './dialler.js';
import { EventQueue, Happening } from './event-queue.js';
import { Measure } from './measure.js';
import { chunkBytes, MediaSource } from './media-source.js';
import { Network } from './network.js';
import { OriginHttp, type OriginClientHost } from './origin-http.js';
import type { Strategy } from './peer-agent.js';
import type { SimConfig } from './sim-config.js';
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
const SERVER_ACCESS_DELAY_MS = 4;
const SERVER_MS = 2;
const WARM_PEERS = 8;
const SAMPLE_MS = 250;
const FIRST_ARRIVAL_MS = 1_000;

/** One run: makes the world, lets viewers come, publishes, and counts. */
export class Simulation implements World {
  readonly queue = new EventQueue();
  readonly trace = new TraceHash();
  readonly network: Network;
  readonly http: OriginHttp;
  readonly tracker: SimTracker;
  readonly checks: Verifications;
  readonly measure: Measure;
  readonly streamId: StreamId;
  readonly trackerAccessDelayMs = SERVER_ACCESS_DELAY_MS;
  readonly joinDelayMs: number;
  readonly player: { readonly targetMs: number; readonly partMs: number };
  /** Bytes over HTTP: what was sent arrives, of use or not. */
  readonly httpBytes = { sent: 0, used: 0, unused: 0 };
  httpBytesUnderWay = 0;
  readonly peers = new Map<PeerId, SimPeer>();
  readonly #config: SimConfig;
  readonly #strategy: Strategy;
  readonly #media: MediaSource;
  readonly #dialler: Dialler;
  readonly #seeder: SimPeer;
  readonly #publisher: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };
  readonly #population: Random;
  #nextIndex = 0;

  constructor(config: SimConfig, strategy: Strategy) {
    this.#config = config;
    this.#strategy = strategy;
    const { partMs, captureToPublishMs } = config;
    this.#publisher = keyPairFromSecret(new Uint8Array(32).fill(7));
    this.streamId = deriveStreamId(this.#publisher.publicKey, SLUG);
    this.joinDelayMs = Math.max(0, config.playoutMs - captureToPublishMs);
    this.player = { targetMs: config.playoutMs, partMs };
    this.#population = this.#randomOf(1);
    this.#media = new MediaSource(
      {
        streamId: this.streamId,
        rendition: 0 as never,
        bitsPerSecond: config.rateBitsPerSecond,
        partMs,
        gopMs: config.gopMs,
        segmentMs: config.segmentMs,
        captureToPublishMs,
        startedWallMs: STARTED_WALL_MS,
      },
      this.#randomOf(2),
    );
    this.measure = new Measure(this.queue, config.viewers);
    this.measure.watchFor((bytes) => bytes.buffer === BAD_BLOCK.buffer);
    this.network = new Network({ lossRatio: config.lossRatio }, { queue: this.queue, random: this.#randomOf(3), trace: this.trace });
    this.checks = new Verifications(this.#media);
    this.tracker = new SimTracker(
      {},
      { queue: this.queue, random: this.#randomOf(4), startedWallMs: STARTED_WALL_MS, isReachable: () => true },
    );
    const line = new AccessLine({
      accessDelayMs: SERVER_ACCESS_DELAY_MS,
      uplinkBitsPerSecond: config.originUplinkBitsPerSecond,
      downlinkBitsPerSecond: Math.max(config.originUplinkBitsPerSecond, LEAST_DOWNLINK_BITS_PER_SECOND),
    });
    this.http = new OriginHttp(
      { serverMs: SERVER_MS, partMs },
      {
        queue: this.queue,
        media: this.#media,
        line,
        warmPeers: () => this.tracker.warmPeers(this.streamId, WARM_PEERS),
        isReachable: () => true,
        sent: (kind, to, sent) => {
          this.httpBytes.sent += sent.bytes;
          this.httpBytesUnderWay += sent.bytes;
          this.measure.originSent(kind, asPeer(to), sent);
        },
        arrived: (bytes, isUsed) => {
          this.httpBytesUnderWay -= bytes;
          if (isUsed) this.httpBytes.used += bytes;
          else this.httpBytes.unused += bytes;
        },
      },
    );
    this.#dialler = new Dialler(
      { unreachableRatio: config.unreachableRatio, seed: config.seed },
      { queue: this.queue, random: this.#randomOf(5), peers: this.peers },
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

  dial(from: SimPeer, peerId: PeerId): void {
    this.#dialler.dial(from, peerId);
  }

  readonly wallDateMs = (dateMs: number): number => STARTED_WALL_MS + dateMs;

  readonly captureDateMs = (programDateTimeMs: number): number => programDateTimeMs - STARTED_WALL_MS;

  fingerprintOf(peer: SimPeer): string {
    const index = peer.index.toString(16).toUpperCase().padStart(6, '0');
    return [...Array.from({ length: 29 }, () => '00'), ...(index.match(/../g) ?? [])].join(':');
  }

  proofOf(peer: SimPeer): PublisherProof {
    const { publicKey, secretKey } = this.#publisher;
    return encodePublisherProof(
      { streamId: this.streamId, peerId: peer.peerId, fingerprint: this.fingerprintOf(peer) },
      { publicKey, slug: SLUG, signer: (message) => sign(message, secretKey), wallMs: STARTED_WALL_MS + this.queue.nowMs },
    );
  }

  altered(message: Extract<WireMessage, { kind: 'block' }>): WireMessage {
    return { ...message, bytes: BAD_BLOCK.subarray(0, message.bytes.length) };
  }

  #schedule(): void {
    const { viewers, arrivalSeconds } = this.#config;
    this.#at(0, () => this.#seeder.start());
    this.#publishFrom(0);
    this.#sampleFrom(SAMPLE_MS);
    for (let viewer = 0; viewer < viewers; viewer++) {
      // Evenly, with some chance: a clump of joins is the subject of other scenarios.
      const atMs = FIRST_ARRIVAL_MS + ((viewer + this.#population.next()) / viewers) * arrivalSeconds * 1_000;
      this.#at(atMs, () => this.#viewerComes());
    }
  }

  #publishFrom(atMs: number): void {
    this.#at(atMs, () => {
      const signed = this.#media.make(this.queue.nowMs);
      this.measure.published(signed.header);
      this.#seeder.handle({ kind: 'published', signed, bytes: chunkBytes(signed.header.byteLength) });
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

  #viewerComes(): void {
    const { uplink, delayMs, freeRiderRatio, polluterRatio } = this.#config;
    const random = this.#population;
    const uplinkBitsPerSecond = drawUplink(uplink, random);
    const line = new AccessLine({
      accessDelayMs: (delayMs.least + random.next() * (delayMs.most - delayMs.least)) / 2,
      uplinkBitsPerSecond,
      downlinkBitsPerSecond: Math.max(LEAST_DOWNLINK_BITS_PER_SECOND, DOWNLINK_RATIO * uplinkBitsPerSecond),
    });
    const peer = this.#newPeer('viewer', {
      line,
      isUploading: random.next() >= freeRiderRatio,
      isPolluter: random.next() < polluterRatio,
    });
    this.measure.viewerCame(peer);
    peer.start();
  }

  #newPeer(role: 'viewer' | 'origin', as: { line: AccessLine; isUploading: boolean; isPolluter: boolean }): SimPeer {
    const index = this.#nextIndex++;
    const random = this.#randomOf(100 + index);
    const idBytes = Uint8Array.from({ length: 16 }, () => Math.floor(random.next() * 256));
    const peer = new SimPeer(
      { index, peerId: peerIdFromBytes(idBytes), role, strategy: this.#strategy, isUploading: as.isUploading, isPolluter: as.isPolluter },
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

/** What polluters send: one block for all of them. */
const BAD_BLOCK = new Uint8Array(BLOCK_BYTES).fill(0xbd);

function asPeer(host: OriginClientHost): SimPeer | undefined {
  return host instanceof SimPeer ? host : undefined;
}
