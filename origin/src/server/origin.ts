import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import type { SeederSession } from '@p2ptv/peer';
import type { Clock, StreamId } from '@p2ptv/protocol';
import { registerTracker, type TrackerHandle } from '@p2ptv/tracker';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import { Encoder } from '../encode/encoder.js';
import type { EncodingOptions } from '../encode/encoder-arguments.js';
import type { Ffmpeg } from '../encode/ffmpeg-location.js';
import { RtmpSource } from '../ingest/rtmp-source.js';
import type { Source } from '../ingest/source.js';
import type { ArchiveNotice } from '../package/chunk-archive.js';
import type { LoggedChunk } from '../package/chunk-log.js';
import { LiveStream } from '../package/live-stream.js';
import { loadPublisher, type Publisher } from '../package/publisher.js';
import { PublishedStream } from '../publish/published-stream.js';
import { UplinkBudget } from '../uplink/uplink-budget.js';
import { UplinkGate } from '../uplink/uplink-gate.js';
import { listen } from './addresses.js';
import { dataUnusable } from './data-folder.js';
import { feedStream } from './encoder-feed.js';
import { createHttpServer } from './http-server.js';
import { openLoopback, type LoopbackListener } from './loopback-listener.js';
import { startSeeder } from './seeder.js';

/** How an origin is set up. */
export type OriginOptions = {
  /** A folder that nobody else uses; keys and recordings are in it. */
  readonly dataFolder: string;
  readonly slug: string;
  readonly title: string;
  readonly archiveMs: number;
  readonly host: string | undefined;
  readonly port: number;
  readonly publicUrl: string | undefined;
  /** The most that is sent to viewers, over HTTP and by the seeder together; undefined: no limit. */
  readonly uplinkBitsPerSecond?: number | undefined;
  /** Base URLs of trackers that run by themselves; with any, none is embedded, and how many watch is not known here. */
  readonly trackers: readonly string[];
  /** STUN servers that the embedded tracker tells peers. */
  readonly stunServers: readonly string[];
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Where the picture comes from; undefined: nothing new is published. */
  readonly input:
    | {
        readonly ffmpeg: Ffmpeg;
        readonly source: Source;
        readonly partMs: number;
        readonly segmentMs: number;
        readonly encoding: EncodingOptions;
      }
    | undefined;
  readonly logger: FastifyBaseLogger;
};

type OriginParts = {
  readonly publisher: Publisher;
  readonly published: PublishedStream;
  readonly server: FastifyInstance;
  readonly port: number;
  readonly loopback: LoopbackListener;
  readonly seeder: SeederSession | undefined;
  readonly gate: UplinkGate | undefined;
};

/** The built player, seen from the sources and from the built files alike. */
const PLAYER_FOLDER = fileURLToPath(new URL('../../../player/dist/app', import.meta.url));
/** How long connections may take to end by themselves at the end. */
const CLOSE_GRACE_MS = 800;

const systemClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** A running origin: encoder, packager, HTTP server, tracker and seeder in one process. */
export class Origin {
  readonly publisher: Publisher;
  readonly published: PublishedStream;
  /** Where it listens. */
  readonly port: number;
  readonly #options: OriginOptions;
  readonly #server: FastifyInstance;
  readonly #loopback: LoopbackListener;
  readonly #seeder: SeederSession | undefined;
  readonly #gate: UplinkGate | undefined;
  readonly #encoder: Encoder | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: OriginOptions, parts: OriginParts) {
    this.#options = options;
    this.publisher = parts.publisher;
    this.published = parts.published;
    this.port = parts.port;
    this.#server = parts.server;
    this.#loopback = parts.loopback;
    this.#seeder = parts.seeder;
    this.#gate = parts.gate;
    this.#encoder = this.#startEncoder();
  }

  /**
   * Starts everything; when it returns, the origin listens and media are on their way.
   *
   * @throws PackageError, ServerError or TrackerError, each with one sentence for the operator
   */
  static async start(options: OriginOptions): Promise<Origin> {
    const { dataFolder, logger } = options;
    const undo: (() => unknown)[] = [() => options.input?.source.close()];
    try {
      const publisher = onDataFolder(dataFolder, () => loadPublisher(dataFolder));
      const live = onDataFolder(dataFolder, () => openStream(options, publisher));
      undo.push(() => live.close());
      // Before whoever serves it hears of it.
      live.onChange((change) => change.kind === 'published' && logPublished(logger, change.chunk));
      // The tracker and the seeder join the server after the routes that ask them.
      const embedded: { tracker?: TrackerHandle; seeder?: SeederSession | undefined } = {};
      const gate = gateOf(options);
      const published = new PublishedStream(live, () => embedded.seeder?.sentFrameBytes ?? 0, gate);
      const server = await createHttpServer({
        streams: new Map([[live.slug, published]]),
        publisher,
        publicUrl: options.publicUrl,
        trackers: options.trackers,
        viewerCount: () => embedded.tracker?.viewerCount(live.streamId) ?? 0,
        warmPeers: () => embedded.tracker?.warmPeers(live.streamId, WARM_PEERS) ?? [],
        wallMs: () => systemClock.wallMs(),
        uplinkStats: gate && (() => gate.stats()),
        gate,
        playerFolder: PLAYER_FOLDER,
        tls: options.tls,
        logger,
      });
      undo.push(() => server.close());
      if (options.trackers.length === 0) embedded.tracker = await embedTracker(server, { ...options, streamId: live.streamId });
      const port = await listen(server, options);
      const loopback = await openLoopback(server);
      const trackers = embedded.tracker ? [loopback.url] : options.trackers;
      embedded.seeder = await startSeeder(live, { publisher, trackers, gate, logger });
      return new Origin(options, { publisher, published, server, port, loopback, seeder: embedded.seeder, gate });
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /** `http` or `https`. */
  get scheme(): string {
    return this.#options.tls ? 'https' : 'http';
  }

  /** Trackers that run by themselves; none: the one embedded in this origin. */
  get trackers(): readonly string[] {
    return this.#options.trackers;
  }

  /** Where publishers reach it over RTMP, if that is its input. */
  get rtmpPort(): number | undefined {
    const source = this.#options.input?.source;
    return source instanceof RtmpSource ? source.port : undefined;
  }

  /** Ends all of it within two seconds: ffmpeg is gone, files are flushed, all who wait are answered. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Answers who waits first: what is left of a connection's life is then spent on sending.
    this.published.close();
    this.#seeder?.close();
    const isServerClosed = this.#server.close();
    this.#loopback.server.close();
    await Promise.all([this.#encoder?.stop(), this.#options.input?.source.close()]);
    this.#loopback.server.closeAllConnections();
    const force = setTimeout(() => this.#server.server.closeAllConnections(), CLOSE_GRACE_MS);
    await isServerClosed;
    clearTimeout(force);
    this.#gate?.close();
    this.published.live.close();
  }

  #startEncoder(): Encoder | undefined {
    const { input, logger } = this.#options;
    if (!input) return undefined;
    const { ffmpeg, source, partMs, segmentMs, encoding } = input;
    const encoder = new Encoder({ ffmpeg, source, cadence: { partMs, segmentMs }, encoding, clock: systemClock });
    feedStream(encoder, this.published.live, { encoding, logger });
    encoder.start();
    return encoder;
  }
}

/** Peers named in a join answer. */
const WARM_PEERS = 8;

function gateOf({ uplinkBitsPerSecond }: OriginOptions): UplinkGate | undefined {
  if (uplinkBitsPerSecond === undefined) return undefined;
  return new UplinkGate(new UplinkBudget(uplinkBitsPerSecond, systemClock.nowMs()), () => systemClock.nowMs());
}

function embedTracker(
  server: FastifyInstance,
  options: Pick<OriginOptions, 'dataFolder' | 'stunServers'> & { readonly streamId: StreamId },
): Promise<TrackerHandle> {
  const { dataFolder, stunServers, streamId } = options;
  return registerTracker(server, {
    dataFolder,
    tracker: {
      swarms: { isStreamAllowed: (wanted) => wanted === streamId, maxSwarms: 1 },
      iceServers: stunServers.length > 0 ? [{ urls: [...stunServers] }] : [],
    },
    clock: systemClock,
  });
}

function openStream(options: OriginOptions, publisher: Publisher): LiveStream {
  const folder = join(options.dataFolder, 'streams', options.slug);
  return new LiveStream({
    publisher,
    slug: options.slug,
    title: options.title,
    folder,
    archiveMs: options.archiveMs,
    wallMs: () => systemClock.wallMs(),
    notice: (notice) => logNotice(options.logger, notice),
  });
}

/** What measures delays takes their beginning from here. */
function logPublished(logger: FastifyBaseLogger, { signed: { header } }: LoggedChunk): void {
  const { rendition, sequence, byteLength, durationUs, isIndependent, programDateTimeMs } = header;
  logger.trace({ chunk: { rendition, sequence, byteLength, durationUs, isIndependent, programDateTimeMs } }, 'Published a chunk.');
}

function logNotice(logger: FastifyBaseLogger, notice: ArchiveNotice): void {
  switch (notice.kind) {
    case 'recordingPaused':
      logger.error(notice.message);
      break;
    case 'recordingResumed':
      logger.info('Recording goes on.');
      break;
    case 'tailCut':
      logger.warn(notice.message);
      break;
  }
}

/** The system's own errors, as one sentence about the folder; ours have theirs. */
function onDataFolder<Result>(folder: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw dataUnusable(folder, error);
    throw error;
  }
}
