import type { StreamId, StreamListing } from '@p2ptv/protocol';

import { TypedEvents } from '../ingest/typed-events.js';
import type { PublishedStream } from '../publish/published-stream.js';
import type { StreamDirectory } from '../publish/stream-directory.js';
import { Channel, type ChannelChange, type ChannelContext } from './channel.js';
import type { ChannelSettings } from './channel-settings.js';
import { ChannelError } from './errors.js';
import { isStreamKey } from './stream-key.js';

/** Events of a {@link ChannelRegistry}, after the fact. Times are wall clock, ms since the Unix epoch. */
export type ChannelEvents = {
  readonly added: { readonly channel: Channel };
  readonly updated: { readonly channel: Channel; readonly before: ChannelSettings };
  readonly removed: { readonly channel: Channel };
  /** Media flow. A break that a publisher comes back from in time is none. */
  readonly publishStarted: { readonly channel: Channel; readonly atMs: number };
  /** Media flow no more. `state`: `ended` when nothing will follow, else `offline`. */
  readonly publishEnded: { readonly channel: Channel; readonly atMs: number; readonly state: Exclude<StreamListing['state'], 'live'> };
};

/** Channels of one origin. Each that runs costs an ffmpeg, and each memory for its window of media. */
export const MAX_CHANNELS = 64;

/** The channels of an origin: who serves streams asks here which there are. */
export class ChannelRegistry implements StreamDirectory {
  readonly #context: ChannelContext;
  readonly #events = new TypedEvents<ChannelEvents>();
  readonly #channels = new Map<string, Channel>();
  /** Names of channels that are being opened or closed: their folders are in use. */
  readonly #busy = new Set<string>();
  /** Those that are there without being started. */
  readonly #resting = new Set<string>();
  #trackers: readonly string[] | undefined;
  #closing: Promise<void> | undefined;

  constructor(context: Omit<ChannelContext, 'totalBitsPerSecond'>) {
    this.#context = { ...context, totalBitsPerSecond: () => this.#totalBitsPerSecond() };
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof ChannelEvents>(name: Name, listener: (payload: ChannelEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** All channels, in the order in which they came. */
  list(): readonly Channel[] {
    return [...this.#channels.values()];
  }

  /** The channel of a slug. */
  find(slug: string): Channel | undefined {
    return this.#channels.get(slug);
  }

  /** The channel of a stream. */
  findStream(streamId: StreamId): Channel | undefined {
    return this.list().find((channel) => channel.streamId === streamId);
  }

  /** The channel that a stream key publishes to. */
  findByKey(key: string): Channel | undefined {
    // All are compared, so that the time tells nothing.
    return this.list().filter(({ settings }) => isStreamKey(key, settings.streamKeyHash))[0];
  }

  /** The stream of a slug, for who serves it. */
  get(slug: string): PublishedStream | undefined {
    return this.#channels.get(slug)?.published;
  }

  /** The streams of all channels, for who serves them. */
  values(): Iterable<PublishedStream> {
    return this.list().map(({ published }) => published);
  }

  /**
   * Adds a channel; once {@link start} was called it starts at once.
   *
   * @param how `isStarted`: false for one that is to rest until somebody starts it
   * @throws ChannelError `SLUG_TAKEN`, `KEY_TAKEN` or `TOO_MANY_CHANNELS`; IngestError when its input cannot be had;
   * the system's error when its folder cannot be used
   */
  async add(settings: ChannelSettings, { isStarted = true }: { readonly isStarted?: boolean } = {}): Promise<Channel> {
    const { slug } = settings;
    if (this.#channels.has(slug) || this.#busy.has(slug)) throw new ChannelError('SLUG_TAKEN', `There is a channel "${slug}" already: choose another name.`);
    if (this.#channels.size + this.#busy.size >= MAX_CHANNELS) {
      throw new ChannelError('TOO_MANY_CHANNELS', `An origin has at most ${MAX_CHANNELS} channels: remove one first.`);
    }
    this.#checkKey(settings);
    const channel = await this.#whileBusy(slug, () => Channel.open(settings, this.#context));
    if (this.#closing) {
      await channel.close();
      return channel;
    }
    this.#channels.set(slug, channel);
    if (!isStarted) this.#resting.add(slug);
    this.#followState(channel);
    this.#events.emit('added', { channel });
    if (this.#trackers) await this.#begin(channel, this.#trackers);
    return channel;
  }

  /**
   * Changes a channel's settings; see {@link Channel.update}.
   *
   * @throws ChannelError `UNKNOWN_CHANNEL` or `KEY_TAKEN`, IngestError when a new input cannot be had
   */
  async update(slug: string, change: ChannelChange): Promise<Channel> {
    const channel = this.require(slug);
    const before = channel.settings;
    const settings = { ...before, ...change, slug };
    this.#checkKey(settings);
    await channel.update(settings);
    this.#events.emit('updated', { channel, before });
    return channel;
  }

  /**
   * Removes a channel: viewers are told that it has ended. Its media are deleted.
   *
   * @throws ChannelError `UNKNOWN_CHANNEL`
   */
  async remove(slug: string): Promise<void> {
    const channel = this.require(slug);
    this.#channels.delete(slug);
    await this.#whileBusy(slug, () => channel.close({ isDeleted: true }));
    this.#events.emit('removed', { channel });
  }

  /**
   * The channel of a slug.
   *
   * @throws ChannelError `UNKNOWN_CHANNEL`
   */
  require(slug: string): Channel {
    const channel = this.#channels.get(slug);
    if (!channel) throw new ChannelError('UNKNOWN_CHANNEL', `There is no channel "${slug}".`);
    return channel;
  }

  /** Starts all channels, and from now on each that is added: their media are encoded, and seeded to the peers that trackers tell of. */
  async start(trackers: readonly string[]): Promise<void> {
    this.#trackers = trackers;
    await Promise.all(this.list().map((channel) => this.#begin(channel, trackers)));
  }

  /** Ends all channels: who waits is answered at once, and nothing of them runs when this resolves. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.list().map((channel) => channel.close())).then(() => this.#context.inputs.close());
    return this.#closing;
  }

  async #begin(channel: Channel, trackers: readonly string[]): Promise<void> {
    await channel.seed(trackers);
    if (!this.#resting.delete(channel.slug)) await channel.start();
  }

  #checkKey({ slug, streamKeyHash }: ChannelSettings): void {
    if (streamKeyHash === undefined) return;
    const holder = this.list().find(({ settings }) => settings.streamKeyHash === streamKeyHash && settings.slug !== slug);
    if (holder) throw new ChannelError('KEY_TAKEN', `The channel "${holder.slug}" has the same stream key: choose another.`);
  }

  #followState(channel: Channel): void {
    let isLive = channel.state === 'live';
    channel.live.onChange((change) => {
      if (change.kind !== 'stateChanged') return;
      const { state } = channel;
      const wasLive = isLive;
      isLive = state === 'live';
      const atMs = this.#context.clock.wallMs();
      if (state === 'live') this.#events.emit('publishStarted', { channel, atMs });
      else if (wasLive) this.#events.emit('publishEnded', { channel, atMs, state });
    });
  }

  #totalBitsPerSecond(): number | undefined {
    const rates = this.list()
      .filter(({ state }) => state === 'live')
      .map(({ rate }) => rate.bitsPerSecond)
      .filter((rate) => rate !== undefined);
    return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
  }

  async #whileBusy<Result>(slug: string, task: () => Promise<Result>): Promise<Result> {
    this.#busy.add(slug);
    try {
      return await task();
    } finally {
      this.#busy.delete(slug);
    }
  }
}
