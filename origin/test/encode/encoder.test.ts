import type { RenditionId } from '@p2ptv/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import { Encoder, type EncoderEvents } from '../../src/encode/encoder.js';
import type { EncoderRun, EncodingOptions } from '../../src/encode/encoder-arguments.js';
import type { SessionListener } from '../../src/encode/encoder-session.js';
import type { Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import { IngestError } from '../../src/ingest/errors.js';
import type { Source, SourceFeed } from '../../src/ingest/source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { VirtualTime } from './virtual-time.js';

const ffmpeg: Ffmpeg = { path: 'ffmpeg', version: '0', foundBy: 'system', constantRateOptions: [] };

let time: VirtualTime;
let listeners: SessionListener[];
let runs: EncoderRun[];
let stops: number;
let told: { name: keyof EncoderEvents; payload: unknown }[];

beforeEach(() => {
  time = new VirtualTime();
  listeners = [];
  runs = [];
  stops = 0;
  told = [];
});

function encoderOf(source: Source, encoding: EncodingOptions = {}): Encoder {
  const encoder = new Encoder({
    ffmpeg,
    source,
    cadence: { partMs: 200 },
    encoding,
    clock: time,
    startTimer: time.startTimer,
    startSession: (run, _clock, listener) => {
      listeners.push(listener);
      runs.push(run);
      return {
        isInputWaiting: true,
        stop: () => {
          stops++;
          listener.onEnd({ kind: 'finished' });
          return Promise.resolve();
        },
      };
    },
  });
  for (const name of ['sessionStarted', 'init', 'part', 'sessionEnded', 'died', 'tooSlow', 'exhausted'] as const) {
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
      captions: [],
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

  describe('on a machine that is too slow', () => {
    const part = (index: number) => ({
      kind: 'part' as const,
      rendition: 0 as RenditionId,
      bytes: new Uint8Array(1),
      durationUs: 200_000,
      decodeTimeUs: index * 200_000,
      isIndependent: true,
      isSegmentLast: false,
      videoFrameCount: 6,
      audioFrameCount: 9,
      captions: [],
    });
    const given = new Map<SessionListener, number>();
    /** Gives parts to the newest session at a speed, for so many seconds of media. */
    const encode = async (seconds: number, speed: number): Promise<void> => {
      const session = listeners.at(-1)!;
      for (let count = 0; count < seconds * 5; count++) {
        time.advance(200 / speed);
        if (listeners.at(-1) !== session) return;
        const index = given.get(session) ?? 0;
        given.set(session, index + 1);
        session.onPart(part(index), time.wallMs());
        await settle();
      }
    };
    const heights = () => runs.at(-1)!.renditions.map(({ bounds, videoBitrateKbps }) => [bounds.height, videoBitrateKbps]);

    it('drops the best rendition and goes on with the others at their rates, until one is left', async () => {
      encoderOf(new TestCardSource({ width: 1280, height: 720 }), { ladder: [720, 480, 240], videoBitrateKbps: 1000 }).start();
      await settle();
      expect(heights()).toEqual([[720, 1000], [480, 523], [240, 172]]);
      await encode(20, 1);
      expect(names()).not.toContain('tooSlow');
      await encode(20, 0.7);
      expect(told.filter(({ name }) => name === 'tooSlow')).toMatchObject([{ payload: { sessionIndex: 0, dropped: { bounds: { height: 720 } } } }]);
      expect(names()).not.toContain('sessionEnded');
      expect(heights()).toEqual([[480, 523], [240, 173]]);
      await encode(20, 0.8);
      expect(heights()).toEqual([[240, 173]]);
      await encode(100, 0.9);
      const last = told.filter(({ name }) => name === 'tooSlow').slice(2);
      expect(last).toMatchObject([{ payload: { sessionIndex: 2, dropped: undefined } }, { payload: { sessionIndex: 2, dropped: undefined } }]);
      expect(stops).toBe(2);
    });

    it('stops for good while it changes over', async () => {
      const encoder = encoderOf(new TestCardSource({ width: 1280, height: 720 }), { ladder: [720, 240] });
      encoder.on('tooSlow', () => void encoder.stop());
      encoder.start();
      await settle();
      await encode(20, 0.5);
      expect(listeners).toHaveLength(1);
      expect(time.pendingCount).toBe(0);
    });
  });
});
