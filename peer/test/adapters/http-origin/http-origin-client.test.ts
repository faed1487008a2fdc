import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChunkSequence } from '@p2ptv/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpOriginClient } from '../../../src/adapters/http-origin/http-origin-client.js';
import type { Cancel, OriginFailure, OriginJoin } from '../../../src/ports/origin-client.js';
import { chunk, client, fetchChunk, PATIENT, rendition, serve, stream, type Handler } from './origin-fixture.js';
import { TestStream } from './test-stream.js';

/** Where the origin is silent, and where a cancelled request may run out first. */
const HASTY = { answerMs: 1_000, stallMs: 300, headersSlackMs: -4_700 };
const timeoutsFor = (name: string): typeof PATIENT => (/silence|drips/.test(name) ? HASTY : PATIENT);

function join(origin: HttpOriginClient): Promise<OriginJoin | OriginFailure> {
  return new Promise((resolve) => {
    origin.join({ delayMs: 600 }, { joined: resolve, failed: resolve });
  });
}

function fetchInit(origin: HttpOriginClient): Promise<Uint8Array | OriginFailure> {
  return new Promise((resolve) => {
    origin.fetchInit({ rendition, initHash: stream.initHash }, { fetched: resolve, failed: resolve });
  });
}

const whole: Handler = (_request, response) => response.end(chunk.bytes);
const status =
  (code: number): Handler =>
  (_request, response) => {
    response.writeHead(code).end('no');
  };
const hang: Handler = () => {};
const garbage: Handler = (_request, response) => response.end('{"version":1,');
/** An address where nobody listens. */
const NOBODY = 'http://127.0.0.1:9/live/main';

describe('HTTP origin: chunks', () => {
  it('fetches a whole chunk by its path, without Range', async () => {
    const { base, requests } = await serve((request, response) => {
      expect(request.headers.range).toBeUndefined();
      response.end(chunk.bytes);
    });
    const origin = client([base]);
    const outcome = await fetchChunk(origin);
    expect(outcome.result).toBe('done');
    expect(Buffer.compare(outcome.bytes, chunk.bytes)).toBe(0);
    expect(requests).toEqual(['/live/main/0/part-5.m4s']);
    expect(origin.received).toEqual({ media: chunk.bytes.length, init: 0, headers: 0, join: 0 });
  });

  it.each(['join', 'deadline'] as const)('says that it is for a %s, by the query: a header would cost a preflight', async (purpose) => {
    const { base, requests } = await serve(whole);
    await new Promise<void>((resolve, reject) => {
      const request = { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength: chunk.bytes.length, purpose };
      client([base]).fetchChunk(request, { bytes: () => undefined, done: resolve, failed: reject });
    });
    expect(requests).toEqual([`/live/main/0/part-5.m4s?purpose=${purpose}`]);
  });

  it('passes bytes on as they come', async () => {
    let finish: () => void = () => {};
    const { base } = await serve((_request, response) => {
      response.write(chunk.bytes.subarray(0, 1000));
      finish = () => response.end(chunk.bytes.subarray(1000));
    });
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      client([base]).fetchChunk(
        { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength: chunk.bytes.length },
        {
          bytes: (bytes) => {
            received += bytes.length;
            // Nothing more is sent before this much has been seen.
            if (received === 1000) finish();
          },
          done: resolve,
          failed: reject,
        },
      );
    });
    expect(received).toBe(chunk.bytes.length);
  });

  it('asks for the missing tail by Range', async () => {
    const { base } = await serve((request, response) => {
      expect(request.headers.range).toBe(`bytes=16384-${chunk.bytes.length - 1}`);
      response.writeHead(206, { 'content-range': `bytes 16384-${chunk.bytes.length - 1}/${chunk.bytes.length}` });
      response.end(chunk.bytes.subarray(16_384));
    });
    const origin = client([base]);
    const outcome = await fetchChunk(origin, 16_384);
    expect(outcome.result).toBe('done');
    expect(Buffer.compare(outcome.bytes, chunk.bytes.subarray(16_384))).toBe(0);
    expect(origin.received.media).toBe(chunk.bytes.length - 16_384);
  });

  it('skips the beginning that a cache without Range sends, and counts it', async () => {
    const { base } = await serve(whole);
    const origin = client([base]);
    const outcome = await fetchChunk(origin, 20_000);
    expect(outcome.result).toBe('done');
    expect(Buffer.compare(outcome.bytes, chunk.bytes.subarray(20_000))).toBe(0);
    expect(origin.received.media).toBe(chunk.bytes.length);
  });

  const lies: [string, Handler, OriginFailure][] = [
    ['a 404', status(404), 'notFound'],
    ['a 410', status(410), 'notFound'],
    ['a 500', status(500), 'unavailable'],
    ['a 429', status(429), 'unavailable'],
    ['a 400', status(400), 'invalid'],
    ['silence', hang, 'unavailable'],
    [
      'silence in the middle',
      (_request, response) => void response.write(chunk.bytes.subarray(0, 500)),
      'unavailable',
    ],
    [
      'a reset in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-length': chunk.bytes.length });
        response.write(chunk.bytes.subarray(0, 500), () => response.destroy());
      },
      'unavailable',
    ],
    ['an announced body that is too long', (_request, response) => response.end(new Uint8Array(10_000_000)), 'invalid'],
    [
      'a body without end',
      (_request, response) => {
        const pour = (): void => {
          while (!response.destroyed && response.write(new Uint8Array(60_000)));
          if (!response.destroyed) response.once('drain', pour);
        };
        pour();
      },
      'invalid',
    ],
    ['a body that is too short', (_request, response) => response.end(chunk.bytes.subarray(0, 100)), 'invalid'],
    [
      'a body of another length by chunked encoding',
      (_request, response) => {
        response.write(chunk.bytes);
        response.end('more');
      },
      'invalid',
    ],
  ];

  it.each(lies)('maps %s', async (name, handler, failure) => {
    const { base, open } = await serve(handler);
    const origin = client([base], timeoutsFor(name));
    const outcome = await fetchChunk(origin);
    expect(outcome.result).toBe(failure);
    // Never more than was asked for reaches the engine.
    expect(outcome.bytes.length).toBeLessThanOrEqual(chunk.bytes.length);
    await expect.poll(open).toBe(0);
  });

  it('rejects a range that starts elsewhere', async () => {
    const { base } = await serve((_request, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-${chunk.bytes.length - 1}/${chunk.bytes.length}` });
      response.end(chunk.bytes);
    });
    expect((await fetchChunk(client([base]), 16_384)).result).toBe('invalid');
  });

  it('takes the origins in turn, goes on where the first one stopped, and remembers which one works', async () => {
    const dying = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': chunk.bytes.length });
      response.write(chunk.bytes.subarray(0, 5_000), () => setImmediate(() => response.destroy()));
    });
    const good = await serve((request, response) => {
      const first = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const range = `bytes ${first}-${chunk.bytes.length - 1}/${chunk.bytes.length}`;
      response.writeHead(first > 0 ? 206 : 200, first > 0 ? { 'content-range': range } : {});
      response.end(chunk.bytes.subarray(first));
    });
    const origin = client([NOBODY, dying.base, good.base]);
    const outcome = await fetchChunk(origin);
    expect(outcome.result).toBe('done');
    expect(Buffer.compare(outcome.bytes, chunk.bytes)).toBe(0);
    expect(origin.received.media).toBe(chunk.bytes.length);
    await fetchChunk(origin);
    expect([dying.requests.length, good.requests.length]).toEqual([1, 2]);
  });

  it('says nothing after a cancel, and drops the request', async () => {
    const { base, requests, open } = await serve((_request, response) => void response.write(chunk.bytes.subarray(0, 100)));
    let calls = 0;
    let cancel: Cancel = () => {};
    await new Promise<void>((resolve) => {
      cancel = client([base], HASTY).fetchChunk(
        { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength: chunk.bytes.length },
        {
          bytes: () => {
            calls++;
            cancel();
            resolve();
          },
          done: () => calls++,
          failed: () => calls++,
        },
      );
    });
    await expect.poll(open).toBe(0);
    cancel();
    expect([calls, requests.length]).toEqual([1, 1]);
  });

  it.each([
    ['lets the little that is missing run out, and counts it', chunk.bytes.length, chunk.bytes.length],
    ['gives up what is much', 200_000, 100],
  ])('after a cancel %s', async (_what, byteLength, countedBytes) => {
    let goOn = (): void => {};
    const { base, open } = await serve((_request, response) => {
      response.write(chunk.bytes.subarray(0, 100));
      goOn = () => void response.end(chunk.bytes.subarray(100));
    });
    const origin = client([base]);
    let calls = 0;
    await new Promise<void>((resolve) => {
      const cancel = origin.fetchChunk(
        { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength },
        {
          bytes: () => {
            calls++;
            cancel();
            resolve();
          },
          done: () => calls++,
          failed: () => calls++,
        },
      );
    });
    goOn();
    await expect.poll(open).toBe(0);
    expect([calls, origin.received.media]).toEqual([1, countedBytes]);
  });

  it('FB7: passes by caches when it is asked again', async () => {
    const cacheControls: (string | undefined)[] = [];
    const { base } = await serve((request, response) => {
      cacheControls.push(request.headers['cache-control']);
      response.end(chunk.bytes);
    });
    const origin = client([base]);
    const ask = (isRetry: boolean): Promise<void> =>
      new Promise((resolve, reject) => {
        const request = { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength: chunk.bytes.length, isRetry };
        origin.fetchChunk(request, { bytes: () => undefined, done: resolve, failed: reject });
      });
    await ask(false);
    await ask(true);
    expect(cacheControls).toEqual([undefined, 'no-cache']);
  });

  it('never asks when it was cancelled at once', async () => {
    const { base, requests } = await serve(whole);
    const origin = client([base]);
    origin.fetchChunk(
      { rendition, sequence: chunk.header.sequence, firstByte: 0, byteLength: chunk.bytes.length },
      { bytes: () => expect.unreachable(), done: () => expect.unreachable(), failed: () => expect.unreachable() },
    )();
    await fetchChunk(origin);
    expect(requests).toHaveLength(1);
  });
});

describe('HTTP origin: join', () => {
  it('OR2: takes over that the uplink is taken', async () => {
    const { base } = await serve((_request, response) => response.end(JSON.stringify({ ...stream.joinAnswer(), isUplinkTaken: true })));
    expect(await join(client([base]))).toMatchObject({ isUplinkTaken: true });
  });

  it('parses and checks the answer', async () => {
    const { base, requests } = await serve((_request, response) => response.end(JSON.stringify(stream.joinAnswer())));
    const origin = client([base]);
    const answer = await join(origin);
    expect(answer).toMatchObject({ rendition: 0, initHash: stream.initHash, warmPeers: [], isUplinkTaken: false });
    if (typeof answer === 'string') return;
    expect(answer.record.slug).toBe('main');
    expect(answer.headers.map(({ header }) => header.sequence)).toEqual([4, 5]);
    expect(Buffer.compare(answer.init, stream.init)).toBe(0);
    expect(requests).toEqual(['/live/main/join?delayMs=600']);
    expect(origin.received.join).toBe(JSON.stringify(stream.joinAnswer()).length);
  });

  const lies: [string, Handler, OriginFailure][] = [
    ['no JSON', garbage, 'invalid'],
    ['other JSON', (_request, response) => response.end('{"version":2}'), 'invalid'],
    [
      'an init segment of another hash',
      (_request, response) => response.end(JSON.stringify({ ...stream.joinAnswer(), initHash: 'ab'.repeat(32) })),
      'invalid',
    ],
    [
      'a record that another key signed',
      (_request, response) => response.end(JSON.stringify(new TestStream(99).joinAnswer())),
      'invalid',
    ],
    [
      'headers that are none',
      (_request, response) => response.end(JSON.stringify({ ...stream.joinAnswer(), headers: 'AAAA' })),
      'invalid',
    ],
    ['a body beyond every limit', (_request, response) => response.end(`"${'x'.repeat(3_000_000)}"`), 'invalid'],
    ['silence', hang, 'unavailable'],
    [
      'an answer that drips',
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(timer));
      },
      'unavailable',
    ],
    ['a 404', status(404), 'notFound'],
    ['a 503', status(503), 'unavailable'],
  ];

  it.each(lies)('maps %s', async (name, handler, failure) => {
    const { base, open } = await serve(handler);
    expect(await join(client([base], timeoutsFor(name)))).toBe(failure);
    await expect.poll(open).toBe(0);
  });

  it.each([
    ['7', 7_000],
    ['0', 1_000],
    ['999999', 60_000],
    ['soon', 1_000],
  ])('tells after how long to ask again where the origin is full: Retry-After %s', async (retryAfter, expectedMs) => {
    const { base } = await serve((_request, response) => {
      response.writeHead(503, { 'p2ptv-reason': 'full', 'retry-after': retryAfter }).end('{}');
    });
    const failed = await new Promise((resolve) => {
      client([base]).join({ delayMs: 600 }, { joined: resolve, failed: (...failure) => resolve(failure) });
    });
    expect(failed).toEqual(['unavailable', expectedMs]);
  });

  it('tells nothing of the kind where an origin is merely ill', async () => {
    const { base } = await serve((_request, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end('{}');
    });
    const failed = await new Promise((resolve) => {
      client([base]).join({ delayMs: 600 }, { joined: resolve, failed: (...failure) => resolve(failure) });
    });
    expect(failed).toEqual(['unavailable', undefined]);
  });

  it('reports unavailable without any origin, and the more telling of two failures', async () => {
    expect(await join(client([]))).toBe('unavailable');
    const { base } = await serve(status(404));
    expect(await join(client([base, NOBODY]))).toBe('notFound');
  });
});

describe('HTTP origin: init segments', () => {
  it('checks the hash', async () => {
    const { base, requests } = await serve((_request, response) => response.end(stream.init));
    const origin = client([base]);
    const init = await fetchInit(origin);
    expect(typeof init === 'string' ? init : Buffer.compare(init, stream.init)).toBe(0);
    expect(requests).toEqual([`/live/main/0/init-${stream.initHash}.mp4`]);
    expect(origin.received.init).toBe(stream.init.length);
  });

  it.each([
    ['another segment', (_request: IncomingMessage, response: ServerResponse) => response.end('other'), 'invalid'],
    ['a 404', status(404), 'notFound'],
    ['too much', (_request: IncomingMessage, response: ServerResponse) => response.end(new Uint8Array(1e6)), 'invalid'],
  ] as const)('maps %s', async (_name, handler, failure) => {
    const { base } = await serve(handler);
    expect(await fetchInit(client([base]))).toBe(failure);
  });
});

describe('HTTP origin: headers of a place', () => {
  function ask(origin: HttpOriginClient, count: number): Promise<number[] | OriginFailure> {
    return new Promise((resolve) => {
      const cancel = origin.headersAt(
        { rendition, dateMs: 1_760_000_001_234.7, count },
        {
          headers: (headers) => resolve(headers.map(({ header }) => header.sequence)),
          failed: resolve,
        },
      );
      onTestFinished(cancel);
    });
  }

  it('asks once, and gives what there is', async () => {
    const { base, requests } = await serve((_request, response) => response.end(stream.headerBatch([5, 6, 8])));
    const origin = client([base]);
    expect(await ask(origin, 16)).toEqual([5, 6, 8]);
    expect(requests).toEqual(['/live/main/headers?rendition=0&at=1760000001234&count=16']);
    expect(origin.received.headers).toBe(stream.headerBatch([5, 6, 8]).length);
  });

  it.each<[string, () => Uint8Array, number]>([
    ['more than were asked for', () => stream.headerBatch([5, 6, 7]), 2],
    ['some in another order', () => stream.headerBatch([6, 5]), 16],
    ['one twice', () => stream.headerBatch([5, 5]), 16],
    ['those of another stream', () => new TestStream(2).headerBatch([5]), 16],
    ['something else', () => new Uint8Array(7), 16],
  ])('takes an answer with %s for no answer', async (_name, body, count) => {
    const { base } = await serve((_request, response) => response.end(body()));
    expect(await ask(client([base]), count)).toBe('invalid');
  });

  it('says that the origin has no such stream, or no time', async () => {
    const { base } = await serve((_request, response) => response.writeHead(404).end());
    expect(await ask(client([base]), 1)).toBe('notFound');
    const busy = await serve((_request, response) => response.writeHead(503).end());
    expect(await ask(client([busy.base]), 1)).toBe('unavailable');
  });
});

describe('HTTP origin: headers', () => {
  /** Follows until it fails, or until so many headers have come. */
  function follow(
    origin: HttpOriginClient,
    until: number,
  ): Promise<{ sequences: number[]; result: OriginFailure | 'enough' }> {
    return new Promise((resolve) => {
      const sequences: number[] = [];
      const cancel = origin.followHeaders(
        { rendition, after: 3 as ChunkSequence },
        {
          headers: (headers) => {
            sequences.push(...headers.map(({ header }) => header.sequence));
            if (sequences.length < until) return;
            cancel();
            resolve({ sequences, result: 'enough' });
          },
          failed: (failure) => resolve({ sequences, result: failure }),
        },
      );
      onTestFinished(cancel);
    });
  }

  it('asks for what comes after the newest, again and again', async () => {
    const { base, requests } = await serve((_request, response, url) => {
      const after = Number(url.searchParams.get('after'));
      response.end(stream.headerBatch([after + 1, after + 2]));
    });
    const origin = client([base]);
    expect(await follow(origin, 6)).toEqual({ sequences: [4, 5, 6, 7, 8, 9], result: 'enough' });
    expect(requests.slice(0, 2)).toEqual([
      '/live/main/headers?rendition=0&after=3&wait=5000',
      '/live/main/headers?rendition=0&after=5&wait=5000',
    ]);
    expect(origin.received.headers).toBe(3 * stream.headerBatch([1, 2]).length);
  });

  it('waits a little before it asks again when an empty answer came at once', async () => {
    let count = 0;
    const { base } = await serve((_request, response) => {
      count++;
      response.end(count < 3 ? new Uint8Array(0) : stream.headerBatch([4]));
    });
    const startMs = performance.now();
    expect((await follow(client([base]), 1)).sequences).toEqual([4]);
    expect(performance.now() - startMs).toBeGreaterThan(2 * 240);
  });

  it.each([
    ['no batch', (_request: IncomingMessage, response: ServerResponse) => response.end('garbage'), 'invalid'],
    [
      'headers of another stream',
      (_request: IncomingMessage, response: ServerResponse) => response.end(new TestStream(99).headerBatch([4])),
      'invalid',
    ],
    [
      'old headers for ever',
      (_request: IncomingMessage, response: ServerResponse) => response.end(stream.headerBatch([2, 3])),
      'invalid',
    ],
    ['a batch beyond the limit', (_request: IncomingMessage, response: ServerResponse) => response.end(new Uint8Array(2e6)), 'invalid'],
    ['a 500', status(500), 'unavailable'],
    ['a 404', status(404), 'notFound'],
    ['silence', hang, 'unavailable'],
  ] as const)('reports %s and ends', async (name, handler, failure) => {
    const { base } = await serve(handler);
    expect(await follow(client([base], timeoutsFor(name)), 1)).toEqual({ sequences: [], result: failure });
  });

  it('waits longer after each failure, however soon it is started again', async () => {
    const timesMs: number[] = [];
    const { base } = await serve((_request, response) => {
      timesMs.push(performance.now());
      response.writeHead(500).end();
    });
    const origin = client([base]);
    for (let count = 0; count < 4; count++) await follow(origin, 1);
    const gapsMs = timesMs.slice(1).map((atMs, index) => atMs - timesMs[index]!);
    // Halves of 100, 200 and 400 ms are the least that jitter leaves.
    expect(gapsMs[0]).toBeGreaterThan(45);
    expect(gapsMs[1]).toBeGreaterThan(95);
    expect(gapsMs[2]).toBeGreaterThan(195);
  });

  it('ends its request when cancelled', async () => {
    const { base, open } = await serve(hang);
    const cancel = client([base]).followHeaders(
      { rendition, after: 3 as ChunkSequence },
      { headers: () => expect.unreachable(), failed: () => expect.unreachable() },
    );
    await expect.poll(open).toBe(1);
    cancel();
    await expect.poll(open).toBe(0);
  });
});
