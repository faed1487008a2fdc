import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { SeederSession } from '@p2ptv/peer';
import type { Clock, StreamId, StreamListing } from '@p2ptv/protocol';
import type { FastifyBaseLogger } from 'fastify';

import { Encoder } from '../encode/encoder.js';
import type { EncodingOptions } from '../encode/encoder-arguments.js';
import { DEFAULT_LADDER_HEIGHTS } from '../encode/ladder.js';
import type { Source } from '../ingest/source.js';
import type { ArchiveNotice } from '../package/chunk-archive.js';
import type { LoggedChunk } from '../package/chunk-log.js';
import { LiveStream } from '../package/live-stream.js';
import type { Publisher } from '../package/publisher.js';
import { PublishedStream } from '../publish/published-stream.js';
import { Recorder } from '../recording/recorder.js';
import type { RecordingLibrary } from '../recording/recording-library.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import type { ChannelSettings } from './channel-settings.js';
import { feedStream } from './encoder-feed.js';
import { followPublisher } from './publisher-notices.js';
import { startSeeder } from './seeder.js';
import type { ChannelInput, InputFactory } from './source-factory.js';
import { StreamRate } from './stream-rate.js';

/** What channels share. */
export type ChannelContext = {
  readonly dataFolder: string;
  readonly publisher: Publisher;
  readonly inputs: InputFactory;
  readonly clock: Clock;
  /** Lets out what is sent, where the uplink is limited. */
  readonly gate: UplinkGate | undefined;
  /** Where recordings are made of what is published; undefined: nowhere. */
  readonly recordings?: RecordingLibrary | undefined;
  /** What the streams of all channels take together, once each; undefined while it is not known. */
  readonly totalBitsPerSecond: () => number | undefined;
  readonly logger: FastifyBaseLogger;
};

/** What can be changed of a channel: all but its name, which makes its id. */
export type ChannelChange = Partial<Omit<ChannelSettings, 'slug'>>;

/** Settings that an encoder runs with: with others it begins anew. */
const ENCODER_SETTINGS = ['input', 'srtPassphrase', 'srtLatencyMs', 'partMs', 'segmentMs', 'ladder', 'height', 'videoKbps', 'clock'] as const satisfies (keyof ChannelSettings)[];

/**
 * A stream with all that makes it: its settings, its input and encoder while it is started, its log,
 * what is served of it, and its seeder.
 *
 * What starts and stops it happens one after the other, in the order in which it was asked for.
 */
export class Channel {
  readonly live: LiveStream;
  readonly published: PublishedStream;
  /** The rate of its media. */
  readonly rate = new StreamRate();
  readonly #context: ChannelContext;
  readonly #logger: FastifyBaseLogger;
  #settings: ChannelSettings;
  /** Opened to see whether it can be had, for the first start. */
  #input: ChannelInput | undefined;
  #running: (ChannelInput & { readonly encoder: Encoder }) | undefined;
  #seeder: SeederSession | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(settings: ChannelSettings, context: ChannelContext) {
    this.#settings = settings;
    this.#context = context;
    this.#logger = context.logger.child({ channel: settings.slug });
    const { recordings: library } = context;
    const recorder = library && new Recorder({ library, settings: () => this.#settings, wallMs: () => context.clock.wallMs(), logger: this.#logger });
    this.live = new LiveStream({
      publisher: context.publisher,
      slug: settings.slug,
      title: settings.title,
      folder: this.#folder,
      archiveMs: archiveMs(settings),
      wallMs: () => context.clock.wallMs(),
      firstMediaSequence: 1,
      notice: (notice) => logNotice(this.#logger, notice),
      fileClosed: (rendition, file) => recorder?.keep(rendition, file, this.live),
    });
    // Before whoever serves it hears of it.
    this.live.onChange((change) => {
      recorder?.follow(this.live, change);
      if (change.kind !== 'published') return;
      this.rate.add(change.chunk.signed.header);
      logPublished(this.#logger, change.chunk);
    });
    this.published = new PublishedStream(this.live, () => this.#seeder?.sentFrameBytes ?? 0, context.gate);
  }

  /**
   * Opens a channel: its input is looked at, and what an earlier run left of its stream is there to
   * be served. Nothing new is published before {@link start}.
   *
   * @throws IngestError when the input cannot be had, the system's error when the folder cannot be used
   */
  static async open(settings: ChannelSettings, context: ChannelContext): Promise<Channel> {
    let current = (): ChannelSettings => settings;
    const input = await context.inputs.open(() => current());
    try {
      const channel = new Channel(settings, context);
      current = () => channel.settings;
      channel.#input = input;
      return channel;
    } catch (error) {
      await input?.source.close();
      throw error;
    }
  }

  get slug(): string {
    return this.#settings.slug;
  }

  get streamId(): StreamId {
    return this.live.streamId;
  }

  get settings(): ChannelSettings {
    return this.#settings;
  }

  /** Whether media flows. */
  get state(): StreamListing['state'] {
    return this.live.state;
  }

  /** Whether it encodes, or waits for somebody who publishes. */
  get isStarted(): boolean {
    return this.#running !== undefined;
  }

  /** Whether somebody publishes to it at the moment. */
  get hasPublisher(): boolean {
    return this.#running?.source.publisher?.isHere === true;
  }

  /** Where its picture comes from, while it is started. */
  get source(): Source | undefined {
    return this.#running?.source;
  }

  /**
   * Takes its input from now on; nothing happens where it does already, or where there is none.
   *
   * @throws IngestError when the input cannot be had
   */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Lets its input go: ffmpeg is gone when this resolves. What was published stays, and it can be started again. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  /** Pushes what is published to peers from now on, which trackers tell of. */
  async seed(trackers: readonly string[]): Promise<void> {
    const { publisher, gate, totalBitsPerSecond } = this.#context;
    const seeder = await startSeeder(this.live, { publisher, trackers, gate, totalBitsPerSecond, logger: this.#logger });
    if (this.#isClosed) seeder?.close();
    else this.#seeder = seeder;
  }

  /**
   * Takes other settings. With another input or encoding a started channel begins a new session; with
   * another stream key its publisher is sent away.
   *
   * @throws IngestError when the new input cannot be had: the channel then stays what it was
   */
  update(settings: ChannelSettings): Promise<void> {
    return this.#inTurn(() => this.#update(settings));
  }

  /**
   * Ends it: who waits is answered at once; when this resolves, nothing of it runs and its files are flushed.
   *
   * @param options `isDeleted`: its media are removed from the disk. What numbers it has used stays there, so that
   * a channel of the same name never uses one twice.
   */
  close({ isDeleted = false }: { readonly isDeleted?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    if (isDeleted) this.live.end();
    this.published.close();
    this.#seeder?.close();
    return this.#inTurn(async () => {
      await this.#stop();
      await this.#input?.source.close();
      this.live.close();
      if (isDeleted) removeMedia(this.#folder);
    });
  }

  get #folder(): string {
    return join(this.#context.dataFolder, 'streams', this.#settings.slug);
  }

  async #start(): Promise<void> {
    if (this.#running || this.#isClosed) return;
    const input = this.#input ?? (await this.#context.inputs.open(() => this.#settings));
    this.#input = undefined;
    if (!input) return;
    const { ffmpeg, source } = input;
    const { partMs, segmentMs } = this.#settings;
    const encoding = encodingOf(this.#settings);
    const encoder = new Encoder({ ffmpeg, source, cadence: { partMs, segmentMs }, encoding, clock: this.#context.clock });
    feedStream(encoder, this.live, { encoding, logger: this.#logger });
    encoder.on('exhausted', () => void this.stop());
    encoder.on('part', ({ decodeTimeUs, programDateTimeMs }) => source.noteDate?.({ mediaTimeMs: decodeTimeUs / 1000, programDateTimeMs }));
    if (source.publisher) followPublisher(source.publisher, this.#logger, () => this.live.goOffline());
    this.#running = { ffmpeg, source, encoder };
    encoder.start();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    await Promise.all([running.encoder.stop(), running.source.close()]);
    this.#running = undefined;
    if (this.live.state === 'live') this.live.goOffline();
  }

  async #update(settings: ChannelSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    this.live.retitle(settings.title);
    this.live.keepFor(archiveMs(settings));
    if (settings.streamKeyHash !== before.streamKeyHash) this.#running?.source.dismiss?.('The stream key was changed.');
    const isOther = ENCODER_SETTINGS.some((name) => JSON.stringify(settings[name]) !== JSON.stringify(before[name]));
    if (!isOther || !this.#running) return;
    await this.#stop();
    try {
      await this.#start();
    } catch (error) {
      this.#settings = before;
      this.live.retitle(before.title);
      this.live.keepFor(archiveMs(before));
      await this.#start();
      throw error;
    }
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function archiveMs({ dvrMinutes }: ChannelSettings): number {
  return dvrMinutes * 60_000;
}

function encodingOf({ clock, ladder, height, videoKbps }: ChannelSettings): EncodingOptions {
  return {
    hasClock: clock,
    // What cannot be passed on is encoded as if nothing had been said.
    ladder: ladder === 'source' || ladder === undefined ? (height === undefined ? DEFAULT_LADDER_HEIGHTS : [height]) : ladder,
    isPassedOn: ladder === 'source',
    ...(videoKbps === undefined ? {} : { videoBitrateKbps: videoKbps }),
  };
}

/** Files that tell which numbers were used. */
const NUMBERING = /^numbering/;

function removeMedia(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !NUMBERING.test(entry.name)) rmSync(join(entry.parentPath, entry.name), { force: true });
  }
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
