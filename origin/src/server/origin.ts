import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import type { Clock, StreamId } from '@p2ptv/protocol';
import { registerTracker, type TrackerHandle } from '@p2ptv/tracker';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import { registerAdminApi } from '../admin/admin-api.js';
import { ChannelKeeper } from '../admin/channel-keeper.js';
import type { Audience } from '../admin/channel-routes.js';
import { StreamAccess } from '../access/stream-access.js';
import { linkTokenIn } from '../access/viewer-gate.js';
import { ViewerTokens } from '../access/viewer-tokens.js';
import { ChannelRegistry, MAX_CHANNELS } from '../channel/channel-registry.js';
import type { ChannelSettings } from '../channel/channel-settings.js';
import { SourceFactory, type InputFactory } from '../channel/source-factory.js';
import { isStreamKey } from '../channel/stream-key.js';
import { loadHookSecret } from '../hooks/hook-secret.js';
import type { HookTarget } from '../hooks/hook-target.js';
import { hookChannel, Hooks } from '../hooks/hooks.js';
import type { RtmpServerOptions } from '../ingest/rtmp-server.js';
import { locateFfmpeg } from '../encode/ffmpeg-location.js';
import { WebRtcSource } from '../ingest/webrtc/webrtc-source.js';
import { loadPublisher, type Publisher } from '../package/publisher.js';
import { DvrPreviews } from '../publish/dvr-previews.js';
import { LiveThumbnails } from '../publish/live-thumbnails.js';
import { originStats, type OriginStats } from '../publish/origin-stats.js';
import type { PublishedStream } from '../publish/published-stream.js';
import { registerRecordingApi } from '../recording/recording-api.js';
import type { RecordingLibrary, Retention } from '../recording/recording-library.js';
import { UploadDesk } from '../recording/upload-desk.js';
import { openSfu, type SfuKind } from '../sfu/open-sfu.js';
import { PublishDesk } from '../sfu/publish-desk.js';
import type { StateStore } from '../store/state-store.js';
import { UplinkBudget } from '../uplink/uplink-budget.js';
import { UplinkGate } from '../uplink/uplink-gate.js';
import { listen } from './addresses.js';
import { dataUnusable } from './data-folder.js';
import { createHttpServer } from './http-server.js';
import { previewLinks } from './link-preview.js';
import { registerMetrics } from './metrics.js';
import { openRecordings, withRecordings, type Recordings } from './recordings.js';
import { Readiness, registerReadiness } from './readiness.js';
import { openLoopback, type LoopbackListener } from './loopback-listener.js';

/** How an origin is set up. */
export type OriginOptions = {
  /** A folder that nobody else uses; keys and recordings are in it. */
  readonly dataFolder: string;
  /** The channels that it begins with; others may come and go, see {@link Origin.channels}. */
  readonly channels: readonly ChannelSettings[];
  readonly host: string | undefined;
  readonly port: number;
  readonly publicUrl: string | undefined;
  /** The most that is sent to viewers, over HTTP and by the seeders together; undefined: no limit. */
  readonly uplinkBitsPerSecond?: number | undefined;
  /** Base URLs of trackers that run by themselves; with any, none is embedded, and how many watch is not known here. */
  readonly trackers: readonly string[];
  /** STUN servers that the embedded tracker tells peers. */
  readonly stunServers: readonly string[];
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** Where RTMP listens, if a channel has it as input. Default: port 1935 of `host`. */
  readonly rtmp?: RtmpServerOptions;
  /** What takes publishers over WebRTC; default: `werift`, in this process. */
  readonly sfu?: SfuKind | undefined;
  /** Makes the inputs of channels; default: the real ones. Closed with the origin. */
  readonly inputs?: InputFactory;
  /** What is known beyond a restart. With it there are channels that are made at run time, and the API to make them. Stays open. */
  readonly store?: StateStore | undefined;
  /** Whom it tells that publishing begins and ends. */
  readonly hooks?: readonly HookTarget[];
  /** How long recordings are kept. Default: for ever. There are none without a store. */
  readonly retention?: Retention;
  /** The largest file that may be uploaded. Default: {@link MAX_UPLOAD_BYTES}. */
  readonly maxUploadBytes?: number | undefined;
  readonly logger: FastifyBaseLogger;
};

type OriginParts = {
  readonly publisher: Publisher;
  readonly channels: ChannelRegistry;
  readonly tokens: ViewerTokens;
  readonly inputs: InputFactory;
  readonly server: FastifyInstance;
  readonly port: number;
  readonly loopback: LoopbackListener;
  readonly gate: UplinkGate | undefined;
  readonly desk: PublishDesk;
  readonly readiness: Readiness;
  readonly hooks: Hooks | undefined;
  readonly recordings: Recordings | undefined;
  readonly uploads: UploadDesk | undefined;
};

/** Hours of film. */
const MAX_UPLOAD_BYTES = 20e9;
/** The built player, seen from the sources and from the built files alike. */
const PLAYER_FOLDER = fileURLToPath(new URL('../../../player/dist/app', import.meta.url));
/** How long connections may take to end by themselves at the end. */
const CLOSE_GRACE_MS = 800;
/** Recordings without a channel that are watched at a time. */
const MAX_WATCHED_RECORDINGS = 1000;
/** Peers named in a join answer. */
const WARM_PEERS = 8;

const systemClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** A running origin: channels with their encoders, packagers and seeders, an HTTP server and a tracker in one process. */
export class Origin {
  readonly publisher: Publisher;
  /** What is published here. */
  readonly channels: ChannelRegistry;
  /** Lets viewers into private channels. */
  readonly tokens: ViewerTokens;
  /** Where it listens. */
  readonly port: number;
  readonly #options: OriginOptions;
  readonly #parts: OriginParts;
  #closing: Promise<void> | undefined;

  private constructor(options: OriginOptions, parts: OriginParts) {
    this.#options = options;
    this.#parts = parts;
    this.publisher = parts.publisher;
    this.channels = parts.channels;
    this.tokens = parts.tokens;
    this.port = parts.port;
  }

  /**
   * Starts everything; when it returns, the origin listens and media are on their way.
   *
   * @throws ChannelError, IngestError, PackageError, ServerError or TrackerError, each with one sentence for the operator
   */
  static async start(options: OriginOptions): Promise<Origin> {
    const { dataFolder, logger } = options;
    const undo: (() => unknown)[] = [];
    try {
      const inputs = options.inputs ?? new SourceFactory({ rtmp: { host: options.host, ...options.rtmp }, srtHost: options.host, logger });
      undo.push(() => inputs.close());
      const publisher = await onDataFolder(dataFolder, () => loadPublisher(dataFolder));
      const tokens = await onDataFolder(dataFolder, () => ViewerTokens.load(dataFolder, () => systemClock.wallMs()));
      const gate = gateOf(options);
      const recordings = options.store && openRecordings(options.store.recordings, { ...options, publisher, gate, wallMs: () => systemClock.wallMs() });
      if (recordings) undo.push(() => recordings.close());
      const channels = new ChannelRegistry({ dataFolder, publisher, inputs, recordings: recordings?.library, clock: systemClock, gate, logger });
      undo.push(() => channels.close());
      const hooks = await onDataFolder(dataFolder, () => openHooks(options));
      undo.push(() => hooks?.close());
      hooks?.follow(channels);
      recordings?.library.on('finished', ({ recording: { id, channel: slug } }) => {
        const channel = slug === undefined ? undefined : channels.find(slug);
        if (channel) hooks?.tell({ event: 'recordingDone', channel: hookChannel(channel), at: new Date(systemClock.wallMs()).toISOString(), recordingId: id });
      });
      // What an earlier run left unfinished, before its stream goes on.
      await recordings?.keeper.recover();
      // Before it listens: whoever comes back after a restart finds what there was.
      for (const settings of options.channels) await onDataFolder(dataFolder, () => channels.add(settings));
      const uploads = recordings && new UploadDesk({ dataFolder, library: recordings.library, publisher, clock: systemClock, maxBytes: options.maxUploadBytes ?? MAX_UPLOAD_BYTES, logger });
      undo.push(() => uploads?.close());
      const administration = options.store && administer(options.store, { channels, library: recordings?.library, uploads, tokens, isSecure: options.tls !== undefined, logger });
      await administration?.keeper.restore();
      const readiness = new Readiness();
      const access = new StreamAccess({ channels, recordings: recordings?.library, tokens });
      // The tracker joins the server after the routes that ask it.
      const embedded: { tracker?: TrackerHandle } = {};
      const desk = openDesk(channels, { keeper: administration?.keeper, sfu: options.sfu ?? 'werift' });
      let ffmpeg: ReturnType<typeof locateFfmpeg> | undefined;
      const locate = (): ReturnType<typeof locateFfmpeg> => (ffmpeg ??= locateFfmpeg());
      const thumbnails = new LiveThumbnails(() => systemClock.nowMs(), locate);
      undo.push(() => desk.close());
      // What has to be installed apart may be missing, and then nothing is to be started.
      if (options.sfu === 'mediasoup') await desk.prepare();
      const streams = recordings ? withRecordings(channels, recordings.library) : channels;
      const viewerCount = ({ live }: PublishedStream): number => embedded.tracker?.viewerCount(live.streamId) ?? 0;
      const uplinkStats = gate && (() => gate.stats());
      const server = await createHttpServer({
        desk,
        streams,
        publisher,
        publicUrl: options.publicUrl,
        trackers: options.trackers,
        viewerCount,
        catalogueEntry: ({ live }) => {
          const { description = '', tags = [], input } = channels.find(live.slug)?.settings ?? {};
          return { description, tags: [...tags], seeders: audienceOf(embedded.tracker, live.streamId).seeders, isWhip: input?.kind === 'whip' };
        },
        warmPeers: ({ live }, rendition) => embedded.tracker?.warmPeers(live.streamId, WARM_PEERS, rendition) ?? [],
        thumbnailOf: ({ live }) => thumbnails.get(live),
        dvrPreviews: new DvrPreviews(locate),
        isListed: ({ live }) => channels.find(live.slug)?.settings.isPrivate === false,
        wallMs: () => systemClock.wallMs(),
        uplinkStats,
        gate,
        linkPreviews: previewLinks({ publicUrl: options.publicUrl, channels, library: recordings?.library }),
        playerFolder: PLAYER_FOLDER,
        tls: options.tls,
        viewers: access,
        viewerTokenIn: linkTokenIn,
        extend: async (fastify) => {
          registerReadiness(fastify, readiness);
          await registerMetrics(fastify, {
            channels,
            streams,
            channelOf: (slug) => recordings?.library.find(slug)?.channel,
            swarms: () => embedded.tracker?.scrape() ?? [],
            uplinkStats,
            wallMs: () => systemClock.wallMs(),
          });
          if (recordings) {
            const audience = (streamId: StreamId): Audience => audienceOf(embedded.tracker, streamId);
            registerRecordingApi(fastify, { ...options, ...recordings, publisher, access, gate, audienceOf: audience });
          }
          await administration?.serve(fastify, { tracker: () => embedded.tracker, stats: () => originStats(streams.values(), { viewerCount, uplinkStats }) });
        },
        logger,
      });
      undo.push(() => server.close());
      if (options.trackers.length === 0) embedded.tracker = await embedTracker(server, { ...options, channels, recordings: recordings?.library, access });
      const port = await listen(server, options);
      const loopback = await openLoopback(server);
      await channels.start(embedded.tracker ? [loopback.url] : options.trackers);
      readiness.state = 'ready';
      // Where it fails, whoever publishes is told.
      if (channels.list().some(({ source }) => source instanceof WebRtcSource)) void desk.prepare().catch(() => undefined);
      return new Origin(options, { publisher, channels, tokens, inputs, server, port, loopback, gate, desk, readiness, hooks, recordings, uploads });
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

  /** Where publishers reach it over RTMP, if a channel has that as input. */
  get rtmpPort(): number | undefined {
    return this.#parts.inputs.rtmpPort;
  }

  /** Ends all of it within two seconds: ffmpeg is gone, files are flushed, all who wait are answered. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { channels, server, loopback, gate, desk, readiness, hooks, recordings, uploads } = this.#parts;
    readiness.state = 'stopping';
    // Answers who waits first: what is left of a connection's life is then spent on sending.
    desk.close();
    const areChannelsClosed = Promise.all([channels.close(), uploads?.close()]);
    const isServerClosed = server.close();
    loopback.server.close();
    await areChannelsClosed;
    recordings?.close();
    loopback.server.closeAllConnections();
    const force = setTimeout(() => server.server.closeAllConnections(), CLOSE_GRACE_MS);
    await isServerClosed;
    clearTimeout(force);
    gate?.close();
    hooks?.close();
  }
}

function openHooks({ hooks: targets = [], dataFolder, logger }: OriginOptions): Hooks | undefined {
  if (targets.length === 0) return undefined;
  return new Hooks({ targets, secret: loadHookSecret(dataFolder), wallMs: () => systemClock.wallMs(), logger });
}

/** What makes channels at run time, and what serves those who do. */
function administer(
  store: StateStore,
  options: { readonly channels: ChannelRegistry; readonly library: RecordingLibrary | undefined; readonly uploads: UploadDesk | undefined; readonly tokens: ViewerTokens; readonly isSecure: boolean; readonly logger: FastifyBaseLogger },
): { readonly keeper: ChannelKeeper; readonly serve: (fastify: FastifyInstance, ports: { readonly tracker: () => TrackerHandle | undefined; readonly stats: () => OriginStats }) => Promise<void> } {
  const { channels: registry, library, uploads, tokens, isSecure, logger } = options;
  const wallMs = (): number => systemClock.wallMs();
  const keeper = new ChannelKeeper({ registry, store: store.channels, wallMs, logger });
  return {
    keeper,
    serve: (fastify, { tracker, stats }) => registerAdminApi(fastify, { store, registry, library, uploads, keeper, tokens, stats, isSecure, wallMs, audienceOf: (streamId) => audienceOf(tracker(), streamId) }),
  };
}

function audienceOf(tracker: TrackerHandle | undefined, streamId: StreamId): Audience {
  const swarm = tracker?.scrape().find((other) => other.streamId === streamId);
  return {
    viewers: swarm?.viewers ?? 0,
    seeders: swarm?.seeders ?? 0,
    joins: swarm?.downloaded ?? 0,
    originBytes: swarm?.originBytes ?? 0,
    peerBytes: swarm?.peerBytes ?? 0,
    seederBytes: swarm?.seederBytes ?? 0,
  };
}

function gateOf({ uplinkBitsPerSecond }: OriginOptions): UplinkGate | undefined {
  if (uplinkBitsPerSecond === undefined) return undefined;
  return new UplinkGate(new UplinkBudget(uplinkBitsPerSecond, systemClock.nowMs()), () => systemClock.nowMs());
}

function openDesk(channels: ChannelRegistry, { keeper, sfu }: { readonly keeper: ChannelKeeper | undefined; readonly sfu: SfuKind }): PublishDesk {
  return new PublishDesk({
    openSfu: () => openSfu(sfu, { nowMs: () => systemClock.nowMs() }),
    targetOf: (slug) => {
      const channel = channels.find(slug);
      if (!channel) return undefined;
      const source = channel.source instanceof WebRtcSource ? channel.source : undefined;
      return {
        isStreamKey: (key) => isStreamKey(key, channel.settings.streamKeyHash),
        source,
        // What is kept in the database has it beyond a restart; what flags or the configuration say comes back with one.
        retitle: async (title) => {
          await (keeper?.isKept(slug) === true ? keeper : channels).update(slug, { title });
        },
      };
    },
  });
}

function embedTracker(
  server: FastifyInstance,
  options: Pick<OriginOptions, 'dataFolder' | 'stunServers'> & { readonly channels: ChannelRegistry; readonly recordings: RecordingLibrary | undefined; readonly access: StreamAccess },
): Promise<TrackerHandle> {
  const { dataFolder, stunServers, channels, recordings, access } = options;
  return registerTracker(server, {
    dataFolder,
    tracker: {
      swarms: {
        isStreamAllowed: (streamId) => channels.findStream(streamId) !== undefined || recordings?.hasStream(streamId) === true,
        maxSwarms: MAX_CHANNELS + (recordings ? MAX_WATCHED_RECORDINGS : 0),
      },
      iceServers: stunServers.length > 0 ? [{ urls: [...stunServers] }] : [],
    },
    mayWatch: (streamId, token) => access.mayMeet(streamId, token),
    clock: systemClock,
  });
}

/** The system's own errors, as one sentence about the folder; ours have theirs. */
async function onDataFolder<Result>(folder: string, use: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw dataUnusable(folder, error);
    throw error;
  }
}
