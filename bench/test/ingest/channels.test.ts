import { afterEach, expect, it, vi } from 'vitest';

import { measureChannels } from '../../src/ingest/channels.js';
import { IngestOrigin, type LogLine } from '../../src/ingest/ingest-origin.js';
import { FfmpegPublisher } from '../../src/ingest/ways/ffmpeg-publisher.js';

/** Nobody waits. */
const WAITS = { pause: () => Promise.resolve(), until: () => Promise.resolve() };

afterEach(() => vi.restoreAllMocks());

it('what the origin says of its publishers’ end is no failure of theirs', async () => {
  vi.spyOn(FfmpegPublisher.prototype, 'start').mockResolvedValue(0);
  vi.spyOn(FfmpegPublisher.prototype, 'stop').mockResolvedValue();
  const usage = { rssBytes: 1, heapBytes: 1, externalBytes: 1, cpuSeconds: 0, atSeconds: 0 };
  vi.spyOn(IngestOrigin, 'start').mockImplementation(({ onLog }) => {
    const warn = (msg: string): void => onLog({ level: 40, time: 0, channel: 'channel-1', msg } satisfies LogLine);
    warn('This machine is too slow.');
    const stop = async (): Promise<void> => Promise.resolve('The publisher is gone.').then(warn);
    return Promise.resolve({ usage: () => Promise.resolve(usage), stop } as unknown as IngestOrigin);
  });
  const { signal } = new AbortController();
  const { failures } = await measureChannels({ channels: 1, seconds: 1, ffmpegPath: 'ffmpeg', film: 'film.mp4' }, { signal, print: () => undefined }, WAITS);
  expect(failures).toEqual(['channel-1: This machine is too slow.']);
});
