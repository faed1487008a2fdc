import { EventEmitter } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Channel } from '../../src/channel/channel.js';
import { ChannelRegistry, MAX_CHANNELS, type ChannelEvents } from '../../src/channel/channel-registry.js';
import { channelSettingsSchema, type ChannelSettings } from '../../src/channel/channel-settings.js';
import type { ChannelInput, InputFactory } from '../../src/channel/source-factory.js';
import { hashStreamKey } from '../../src/channel/stream-key.js';
import { IngestError } from '../../src/ingest/errors.js';
import { PublisherPresence } from '../../src/ingest/publisher-presence.js';
import type { Source } from '../../src/ingest/source.js';
import { fakeInit, fakePart, publisher, temporaryFolder } from '../package/stream-fixture.js';

/** An input that never has anything, and tells what is done with it. */
class IdleSource implements Source {
  readonly kind = 'rtmp';
  readonly label = 'idle';
  readonly publisher = new PublisherPresence();
  readonly told: string[] = [];
  open(signal: AbortSignal): Promise<undefined> {
    this.told.push('opened');
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  }
  dismiss(reason: string): void {
    this.told.push(`dismissed: ${reason}`);
  }
  close(): Promise<void> {
    this.told.push('closed');
    return Promise.resolve();
  }
}

const ffmpeg = { path: 'no-ffmpeg', version: '0', foundBy: 'system', constantRateOptions: [] } as const;

class FakeInputs implements InputFactory {
  readonly sources = new Map<string, IdleSource[]>();
  readonly rtmpPort = undefined;
  isClosed = false;
  open(settings: () => ChannelSettings): Promise<ChannelInput | undefined> {
    const { slug, input } = settings();
    if (input.kind === 'none') return Promise.resolve(undefined);
    if (input.kind === 'file') return Promise.reject(new IngestError('BAD_INPUT', 'There is no such file.'));
    const source = new IdleSource();
    this.sources.set(slug, [...(this.sources.get(slug) ?? []), source]);
    return Promise.resolve({ ffmpeg, source });
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
  of(slug: string): IdleSource {
    return this.sources.get(slug)!.at(-1)!;
  }
}

let folder: ReturnType<typeof temporaryFolder>;
let inputs: FakeInputs;
let channels: ChannelRegistry;
let told: string[];
let nowMs: number;

function openRegistry(): ChannelRegistry {
  const registry = new ChannelRegistry({
    dataFolder: folder.path,
    publisher,
    inputs,
    clock: { nowMs: () => nowMs, wallMs: () => nowMs },
    gate: undefined,
    logger: pino({ level: 'silent' }),
  });
  for (const name of ['added', 'updated', 'removed', 'publishStarted', 'publishEnded'] as const) {
    registry.on(name, (event: ChannelEvents[typeof name]) => told.push(`${name} ${event.channel.slug}${'state' in event ? ` ${event.state}` : ''}`));
  }
  return registry;
}

beforeEach(() => {
  folder = temporaryFolder();
  inputs = new FakeInputs();
  told = [];
  nowMs = 1_700_000_000_000;
  channels = openRegistry();
});
afterEach(async () => {
  await channels.close();
  folder.remove();
});

const settingsOf = (slug: string, more: object = {}): ChannelSettings => channelSettingsSchema.parse({ slug, input: 'rtmp', ...more });

function publish({ live }: Channel, parts: number): void {
  live.beginSession([fakeInit()]);
  for (let index = 0; index < parts; index++) live.publish(fakePart(index));
}

describe('ChannelRegistry', () => {
  it('finds channels by name, stream and key, and serves their streams', async () => {
    const news = await channels.add(settingsOf('news', { streamKeyHash: hashStreamKey('the key of news') }));
    const sport = await channels.add(settingsOf('sport'));
    expect(channels.list()).toEqual([news, sport]);
    expect(channels.find('news')).toBe(news);
    expect(channels.findStream(sport.streamId)).toBe(sport);
    expect(channels.findByKey('the key of news')).toBe(news);
    expect(channels.findByKey('another')).toBeUndefined();
    expect(channels.get('sport')).toBe(sport.published);
    expect([...channels.values()]).toEqual([news.published, sport.published]);
    expect(news.streamId).not.toBe(sport.streamId);
  });

  it('starts nothing before it is started itself, and each channel at once afterwards', async () => {
    const early = await channels.add(settingsOf('early'));
    expect(early.isStarted).toBe(false);
    expect(inputs.of('early').told).toEqual([]);
    await channels.start([]);
    expect(inputs.of('early').told).toEqual(['opened']);
    const late = await channels.add(settingsOf('late'));
    expect(late.isStarted).toBe(true);
    expect(inputs.of('late').told).toEqual(['opened']);
  });

  it('a channel stops, starts and goes without touching the others', async () => {
    await channels.start([]);
    const [a, b] = [await channels.add(settingsOf('a')), await channels.add(settingsOf('b'))];
    publish(a, 3);
    publish(b, 3);
    await a.stop();
    expect(inputs.of('a').told).toEqual(['opened', 'closed']);
    expect([a.state, b.state]).toEqual(['offline', 'live']);
    expect(a.isStarted).toBe(false);
    await a.start();
    expect(inputs.sources.get('a')).toHaveLength(2);
    expect(a.isStarted).toBe(true);
    await channels.remove('a');
    expect(inputs.of('a').told).toEqual(['opened', 'closed']);
    expect(channels.find('a')).toBeUndefined();
    expect(channels.get('a')).toBeUndefined();
    expect(b.live.publish(fakePart(3)).signed.header.sequence).toBe(3);
    expect(inputs.sources.get('b')).toHaveLength(1);
    expect(inputs.of('b').told).toEqual(['opened']);
  });

  it('tells when publishing starts and ends, each once', async () => {
    const a = await channels.add(settingsOf('a', { input: 'none' }));
    publish(a, 2);
    a.live.goOffline();
    a.live.goOffline();
    publish(a, 1);
    a.live.end();
    expect(told).toEqual(['added a', 'publishStarted a', 'publishEnded a offline', 'publishStarted a', 'publishEnded a ended']);
  });

  it('a channel that is removed while it is live ends for its viewers, and for who listens', async () => {
    const a = await channels.add(settingsOf('a'));
    publish(a, 12);
    const outcome = vi.fn();
    a.published.waiters.wait(() => false, { timeoutMs: 60_000, response: Object.assign(new EventEmitter(), { req: { socket: new EventEmitter() } }) as never }, outcome);
    await channels.remove('a');
    expect(outcome).toHaveBeenCalledTimes(1);
    expect(a.live.record?.isEnded).toBe(true);
    expect(told).toEqual(['added a', 'publishStarted a', 'publishEnded a ended', 'removed a']);
  });

  it('media of a removed channel are deleted, and a new one of its name uses no number twice', async () => {
    const path = join(folder.path, 'streams', 'a');
    const first = await channels.add(settingsOf('a'));
    publish(first, 25);
    const last = first.live.log.last!;
    const { revision } = first.live.record!;
    await channels.remove('a');
    expect(readdirSync(path, { recursive: true }).filter((name) => /chunks|init|record/.test(String(name)))).toEqual([]);
    const second = await channels.add(settingsOf('a'));
    expect(second.live.log.last).toBeUndefined();
    publish(second, 1);
    const { header } = second.live.log.find(second.live.log.last!.sequence).kind === 'here' ? { header: second.live.log.last! } : { header: undefined };
    expect(header!.sequence).toBeGreaterThan(last.sequence);
    expect(header!.mediaSequence).toBeGreaterThan(last.mediaSequence);
    expect(header!.epoch).toBeGreaterThan(last.epoch);
    expect(second.live.record!.revision).toBeGreaterThan(revision);
  });

  it('refuses a second channel of a name, also while the first is being opened or closed, and a second of a key', async () => {
    const opening = channels.add(settingsOf('a', { streamKeyHash: hashStreamKey('one key') }));
    await expect(channels.add(settingsOf('a'))).rejects.toMatchObject({ code: 'SLUG_TAKEN' });
    await opening;
    await expect(channels.add(settingsOf('a'))).rejects.toMatchObject({ code: 'SLUG_TAKEN' });
    await expect(channels.add(settingsOf('b', { streamKeyHash: hashStreamKey('one key') }))).rejects.toMatchObject({ code: 'KEY_TAKEN' });
    const closing = channels.remove('a');
    await expect(channels.add(settingsOf('a'))).rejects.toMatchObject({ code: 'SLUG_TAKEN' });
    await closing;
    await channels.add(settingsOf('a'));
    await expect(channels.remove('b')).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' });
    await expect(channels.update('b', {})).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' });
  });

  it('has a limit', async () => {
    for (let index = 0; index < MAX_CHANNELS; index++) await channels.add(settingsOf(`c${index}`, { input: 'none' }));
    await expect(channels.add(settingsOf('more'))).rejects.toMatchObject({ code: 'TOO_MANY_CHANNELS' });
  });

  it('a channel whose input cannot be had is not added, and its name stays free', async () => {
    await expect(channels.add(settingsOf('a', { input: 'film.mp4' }))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(channels.list()).toEqual([]);
    await channels.add(settingsOf('a'));
  });

  it('a new title is in the record at once, and nothing is interrupted', async () => {
    await channels.start([]);
    const a = await channels.add(settingsOf('a', { title: 'Before' }));
    publish(a, 2);
    const { revision } = a.live.record!;
    await channels.update('a', { title: 'After', tags: ['new'] });
    expect(a.live.record).toMatchObject({ title: 'After', revision: revision + 1, isEnded: false });
    expect(a.settings).toMatchObject({ title: 'After', tags: ['new'] });
    expect(a.state).toBe('live');
    expect(inputs.of('a').told).toEqual(['opened']);
    expect(told.at(-1)).toBe('updated a');
  });

  it('another input or encoding begins a new session, another key sends the publisher away', async () => {
    await channels.start([]);
    await channels.add(settingsOf('a', { streamKeyHash: hashStreamKey('the old key') }));
    await channels.update('a', { videoKbps: 900 });
    expect(inputs.sources.get('a')!.map((source) => source.told)).toEqual([['opened', 'closed'], ['opened']]);
    await channels.update('a', { streamKeyHash: hashStreamKey('the new key') });
    expect(inputs.of('a').told).toEqual(['opened', 'dismissed: The stream key was changed.']);
    expect(channels.findByKey('the old key')).toBeUndefined();
    expect(channels.findByKey('the new key')?.slug).toBe('a');
  });

  it('an input that cannot be had leaves a channel what it was', async () => {
    await channels.start([]);
    const a = await channels.add(settingsOf('a'));
    await expect(channels.update('a', { title: 'Other', input: { kind: 'file', path: 'film.mp4' } })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(a.settings).toMatchObject({ title: 'a', input: { kind: 'rtmp' } });
    expect(a.isStarted).toBe(true);
    expect(inputs.of('a').told).toEqual(['opened']);
  });

  it('starts and stops that are asked for at once happen in their order', async () => {
    const a = await channels.add(settingsOf('a'));
    await Promise.all([a.start(), a.start(), a.stop(), a.start(), a.stop()]);
    expect(a.isStarted).toBe(false);
    expect(inputs.sources.get('a')!.map((source) => source.told)).toEqual([['opened', 'closed'], ['opened', 'closed']]);
  });

  it('its end ends all of them, and what inputs share', async () => {
    await channels.start([]);
    const a = await channels.add(settingsOf('a'));
    publish(a, 1);
    await channels.add(settingsOf('b'));
    await channels.close();
    expect(inputs.of('a').told).toEqual(['opened', 'closed']);
    expect(inputs.of('b').told).toEqual(['opened', 'closed']);
    expect(inputs.isClosed).toBe(true);
    expect(told).toContain('publishEnded a offline');
    expect(a.live.record?.isEnded).toBe(false);
  });
});
