import type { FastifyBaseLogger } from 'fastify';

import { ChannelError } from '../channel/errors.js';
import type { Channel, ChannelChange } from '../channel/channel.js';
import type { ChannelRegistry } from '../channel/channel-registry.js';
import { channelSettingsSchema, type ChannelSettings } from '../channel/channel-settings.js';
import { formatInput } from '../channel/input-choice.js';
import { hashStreamKey, newStreamKey } from '../channel/stream-key.js';
import { IngestError } from '../ingest/errors.js';
import type { ChannelStore, StoredChannel } from '../store/state-store.js';

/** What a {@link ChannelKeeper} needs. */
export type ChannelKeeperPorts = {
  readonly registry: ChannelRegistry;
  readonly store: ChannelStore;
  readonly wallMs: () => number;
  readonly logger: FastifyBaseLogger;
};

/**
 * Keeps the channels that are made at run time beyond a restart: what changes in the registry through
 * here changes in the store. Channels of flags and of the configuration file are started and stopped
 * only: at the next start they would be again what is written there.
 */
export class ChannelKeeper {
  readonly #ports: ChannelKeeperPorts;

  constructor(ports: ChannelKeeperPorts) {
    this.#ports = ports;
  }

  /** Adds the channels of the store to the registry. One whose input cannot be had rests without it, and the log says why. */
  async restore(): Promise<void> {
    const { registry, store, logger } = this.#ports;
    for (const stored of store.list()) {
      if (registry.find(stored.slug)) {
        logger.warn(`The channel "${stored.slug}" is in the configuration and in the database: the configuration holds.`);
        continue;
      }
      const parsed = channelSettingsSchema.safeParse({ ...stored.settings, slug: stored.slug });
      if (!parsed.success) {
        logger.error(`The channel "${stored.slug}" is left out: its ${String(parsed.error.issues[0]?.path[0] ?? 'settings')} ${parsed.error.issues[0]?.message ?? 'are wrong'}.`);
        continue;
      }
      await this.#restoreOne(parsed.data, stored);
    }
  }

  /** Whether a channel was made at run time, and can be changed here. */
  isKept(slug: string): boolean {
    return this.#ports.store.get(slug) !== undefined;
  }

  /**
   * Makes a channel, with a stream key that is returned this once.
   *
   * @throws what {@link ChannelRegistry.add} throws
   */
  async create(settings: Omit<ChannelSettings, 'streamKeyHash'>): Promise<{ readonly channel: Channel; readonly streamKey: string }> {
    const { registry, store, wallMs } = this.#ports;
    const streamKey = newStreamKey();
    const complete = { ...settings, streamKeyHash: hashStreamKey(streamKey) };
    const channel = await registry.add(complete);
    try {
      // One of that name that could not be restored gives way.
      store.remove(settings.slug);
      store.add({ slug: settings.slug, settings: storedForm(complete), isStarted: true, createdAtMs: wallMs() });
    } catch (error) {
      await registry.remove(settings.slug);
      throw error;
    }
    return { channel, streamKey };
  }

  /**
   * Changes a channel's settings.
   *
   * @throws ChannelError `IN_CONFIGURATION`, and what {@link ChannelRegistry.update} throws
   */
  async update(slug: string, change: ChannelChange): Promise<Channel> {
    const { registry, store } = this.#ports;
    const stored = this.#requireKept(slug);
    const channel = await registry.update(slug, change);
    // Only what was changed: an input that could not be had at the start stays what it was meant to be.
    store.update({ ...stored, settings: { ...stored.settings, ...storedForm(change) } });
    return channel;
  }

  /**
   * Gives a channel another stream key, which is returned this once; whoever publishes with the old one is sent away.
   *
   * @throws ChannelError `IN_CONFIGURATION` or `UNKNOWN_CHANNEL`
   */
  async rotateKey(slug: string): Promise<string> {
    const streamKey = newStreamKey();
    await this.update(slug, { streamKeyHash: hashStreamKey(streamKey) });
    return streamKey;
  }

  /**
   * Removes a channel and its media.
   *
   * @throws ChannelError `IN_CONFIGURATION` or `UNKNOWN_CHANNEL`
   */
  async remove(slug: string): Promise<void> {
    this.#requireKept(slug);
    // First: a channel that vanishes half-way does not come back with the next start.
    this.#ports.store.remove(slug);
    await this.#ports.registry.remove(slug);
  }

  /**
   * Starts or stops a channel; one of the store is so at the next start, too.
   *
   * @throws ChannelError `UNKNOWN_CHANNEL`, IngestError when its input cannot be had
   */
  async setStarted(slug: string, isStarted: boolean): Promise<Channel> {
    const channel = this.#ports.registry.require(slug);
    await (isStarted ? channel.start() : channel.stop());
    const stored = this.#ports.store.get(slug);
    if (stored && stored.isStarted !== isStarted) this.#ports.store.update({ ...stored, isStarted });
    return channel;
  }

  async #restoreOne(settings: ChannelSettings, { isStarted }: StoredChannel): Promise<void> {
    const { registry, logger } = this.#ports;
    try {
      await registry.add(settings, { isStarted });
    } catch (error) {
      logger.error({ error }, `The channel "${settings.slug}" is not started: ${error instanceof Error ? error.message : String(error)}`);
      if (error instanceof IngestError) await registry.add({ ...settings, input: { kind: 'none' } }, { isStarted: false });
    }
  }

  #requireKept(slug: string): StoredChannel {
    this.#ports.registry.require(slug);
    const stored = this.#ports.store.get(slug);
    if (stored) return stored;
    throw new ChannelError('IN_CONFIGURATION', `The channel "${slug}" is defined by flags or the configuration file: change it there.`);
  }
}

/** Settings as they are written, for the schema to read again; one that was unset is gone. */
function storedForm({ input, ...settings }: ChannelChange & { readonly slug?: string }): Record<string, unknown> {
  return { ...settings, ...(input === undefined ? {} : { input: formatInput(input) }) };
}
