import type { RenditionId } from '@p2ptv/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import { Encoder, type EncoderEvents } from '../../src/encode/encoder.js';
import type { SessionListener } from '../../src/encode/encoder-session.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { IngestError } from '../../src/ingest/errors.js';
import type { Source, SourceFeed } from '../../src/ingest/source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { VirtualTime } from './virtual-time.js';

const ffmpeg: Ffmpeg = { path: 'ffmpeg', version: '0', foundBy: 'system', constantRateOptions: [] };

let time: VirtualTime;
let listeners: SessionListener[];
let stops: number;
let told: { name: keyof EncoderEvents; payload: unknown }[];

beforeEach(() => {
  time = new VirtualTime();
  listeners = [];
  stops = 0;
  told = [];
});

function encoderOf(source: Source): Encoder {
  const encoder = new Encoder({
    ffmpeg,
    source,
    cadence: { partMs: 200 },
    clock: time,
    startTimer: time.startTimer,
    startSession: (_run, _clock, listener) => {
      listeners.push(listener);
      return {
        stop: () => {
          stops++;
          return Promise.resolve();
        },
      };
    },
  });
  for (const name of ['sessionStarted', 'init', 'part', 'sessionEnded', 'died', 'exhausted'] as const) {
    encoder.on(name, (payload) => told.push({ name, payload }));
  }
  return encoder;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const names = () => told.map(({ name }) => name);
const die = () => listeners.at(-1)!.onEnd({ kind: 'died', exitCode: 1, lastLines: ['Conversion failed!'] });
const restarts = () => told.filter(({ name }) => name === 'died').map(({ payload }) => (payload as EncoderEvents['died']).restartInMs);

describe('Encoder', () => {
  it('reports a death with its last lines and starts a new session after half a second', async () => {
    encoderOf(new TestCardSource()).start();
    await settle();
    die();
    expect(told.at(-1)).toEqual({ name: 'died', payload: { sessionIndex: 0, exitCode: 1, lastLines: ['Conversion failed!'], restartInMs: 500 } });
    time.advance(499);
    await settle();
    expect(listeners).toHaveLength(1);
    time.advance(1);
    await settle();
    expect(listeners).toHaveLength(2);
    expect(told.at(-1)).toMatchObject({ name: 'sessionStarted', payload: { sessionIndex: 1 } });
  });

  it('waits twice as long after each further death, up to half a minute', async () => {
    encoderOf(new TestCardSource()).start();
    await settle();
    for (let death = 0; death < 9; death++) {
      die();
      time.advance(30_000);
      await settle();
    }
    expect(restarts()).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('begins at half a second again after a session that lived ten seconds', async () => {
    encoderOf(new TestCardSource()).start();
    await settle();
    die();
    time.advance(500);
    await settle();
    time.advance(9_999);
    die();
    time.advance(1000);
    await settle();
    time.advance(10_000);
    die();
    expect(restarts()).toEqual([500, 1000, 500]);
  });

  it('asks for the next input at once when one has ended, and says when there is none', async () => {
    encoderOf(new TestCardSource({ durationSeconds: 1 })).start();
    await settle();
    listeners[0]!.onEnd({ kind: 'finished' });
    await settle();
    expect(names()).toEqual(['sessionStarted', 'sessionEnded', 'exhausted']);
  });

  it('reports an input that cannot be opened, and tries again', async () => {
    const card = new TestCardSource();
    let attempts = 0;
    const source: Source = {
      kind: 'file',
      label: 'flaky',
      open: (signal): Promise<SourceFeed | undefined> =>
        ++attempts === 1 ? Promise.reject(new IngestError('BAD_INPUT', 'The input is gone.')) : card.open(signal),
      close: () => Promise.resolve(),
    };
    encoderOf(source).start();
    await settle();
    expect(told.at(-1)).toMatchObject({ name: 'died', payload: { exitCode: null, lastLines: ['The input is gone.'] } });
    time.advance(500);
    await settle();
    expect(listeners).toHaveLength(1);
  });

  it('dates each part and passes it on with its session', async () => {
    encoderOf(new TestCardSource()).start();
    await settle();
    const part = {
      kind: 'part' as const,
      rendition: 0 as RenditionId,
      bytes: new Uint8Array(1),
      durationUs: 200_000,
      decodeTimeUs: 0,
      isIndependent: true,
      isSegmentLast: false,
      videoFrameCount: 6,
      audioFrameCount: 9,
    };
    listeners[0]!.onPart(part, 7000);
    expect(told.at(-1)).toEqual({ name: 'part', payload: { ...part, sessionIndex: 0, arrivedAtMs: 7000, programDateTimeMs: 6833 } });
  });

  it('stops the session, or its restart, and tells nothing more', async () => {
    const encoder = encoderOf(new TestCardSource());
    encoder.start();
    await settle();
    await encoder.stop();
    expect(stops).toBe(1);
    listeners[0]!.onEnd({ kind: 'finished' });
    expect(names()).toEqual(['sessionStarted']);

    const other = encoderOf(new TestCardSource());
    other.start();
    await settle();
    die();
    await other.stop();
    time.advance(60_000);
    await settle();
    expect(listeners).toHaveLength(2);
    expect(time.pendingCount).toBe(0);
  });

  it('gives up a wait for a source when it is stopped', async () => {
    let aborted = false;
    const source: Source = {
      kind: 'rtmp',
      label: 'nobody yet',
      open: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve(undefined);
          });
        }),
      close: () => Promise.resolve(),
    };
    const encoder = encoderOf(source);
    encoder.start();
    await encoder.stop();
    await settle();
    expect(aborted).toBe(true);
    expect(told).toEqual([]);
  });
});
