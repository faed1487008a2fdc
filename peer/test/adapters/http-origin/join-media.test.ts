import type { ServerResponse } from 'node:http';
import { JOIN_WITH_MEDIA_TYPE, type ChunkSequence } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { HttpOriginClient } from '../../../src/adapters/http-origin/http-origin-client.js';
import type { Cancel, OriginFailure, OriginJoin } from '../../../src/ports/origin-client.js';
import { chunk, client, fetchChunk, rendition, serve, stream } from './origin-fixture.js';

describe('HTTP origin: join with media', () => {
  const { head, media } = stream.joinWithMedia();
  const firstBytes = stream.chunk(4).bytes.length;
  const begin = (response: ServerResponse): void => void response.writeHead(200, { 'content-type': JOIN_WITH_MEDIA_TYPE });
  const isJoin = (url: URL): boolean => url.pathname.endsWith('/join');

  function joinWithMedia(origin: HttpOriginClient): Promise<OriginJoin | OriginFailure> {
    return new Promise((resolve) => {
      origin.join({ delayMs: 600, isMediaWanted: true }, { joined: resolve, failed: resolve });
    });
  }

  it('OR4: feeds fetches of the parts that it brings, without a request of their own, and counts media as such', async () => {
    const { base, requests } = await serve((_request, response) => {
      begin(response);
      response.end(Buffer.concat([head, media]));
    });
    const origin = client([base]);
    expect(await joinWithMedia(origin)).toMatchObject({ rendition: 0 });
    const [last, tail] = [await fetchChunk(origin), await fetchChunk(origin, 30_000, firstBytes, 4)];
    expect([last.result, tail.result]).toEqual(['done', 'done']);
    expect(Buffer.compare(last.bytes, chunk.bytes)).toBe(0);
    expect(Buffer.compare(tail.bytes, stream.chunk(4).bytes.subarray(30_000))).toBe(0);
    expect(requests).toEqual(['/live/main/join?delayMs=600&media=1']);
    expect(origin.received).toEqual({ media: media.length, init: 0, headers: 0, join: head.length });
  });

  it('OR4: tells of the join before its media have come, and passes these on as they come, never from within the call', async () => {
    let send: (bytes: Uint8Array) => void = () => {};
    const { base } = await serve((_request, response) => {
      begin(response);
      // Length, JSON and the media's first bytes cut where it hurts.
      response.write(head.subarray(0, 3));
      setImmediate(() => response.write(Buffer.concat([head.subarray(3), media.subarray(0, 10)])));
      send = (bytes) => response.write(bytes);
    });
    const origin = client([base]);
    await joinWithMedia(origin);
    const pieces: Uint8Array[] = [];
    let isWithinCall = true;
    const done = new Promise<void>((resolve, reject) => {
      origin.fetchChunk(
        { rendition, sequence: 4 as ChunkSequence, firstByte: 0, byteLength: firstBytes },
        {
          bytes: (bytes) => {
            expect(isWithinCall).toBe(false);
            pieces.push(bytes);
            // Nothing more is sent before this much has been seen.
            if (pieces.length === 1) send(media.subarray(10));
          },
          done: resolve,
          failed: reject,
        },
      );
    });
    isWithinCall = false;
    await done;
    expect(pieces[0]?.length).toBe(10);
    expect(Buffer.compare(Buffer.concat(pieces), stream.chunk(4).bytes)).toBe(0);
  });

  it('OR4: fetches by itself what an answer that breaks off did not bring, and what is fetched again', async () => {
    const { base, requests } = await serve((request, response, url) => {
      if (isJoin(url)) {
        begin(response);
        response.write(Buffer.concat([head, media.subarray(0, firstBytes + 100)]), () => response.destroy());
        return;
      }
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, from > 0 ? { 'content-range': `bytes ${from}-${chunk.bytes.length - 1}/${chunk.bytes.length}` } : {});
      response.end(chunk.bytes.subarray(from));
    });
    const origin = client([base]);
    await joinWithMedia(origin);
    const outcome = await fetchChunk(origin);
    expect(outcome.result).toBe('done');
    expect(Buffer.compare(outcome.bytes, chunk.bytes)).toBe(0);
    expect(await fetchChunk(origin)).toMatchObject({ result: 'done' });
    expect(requests.slice(1)).toEqual(['/live/main/0/part-5.m4s', '/live/main/0/part-5.m4s']);
  });

  it('OR4: takes JSON alone from an origin that brings no media', async () => {
    const { base, requests } = await serve((_request, response, url) => {
      response.end(isJoin(url) ? JSON.stringify(stream.joinAnswer()) : chunk.bytes);
    });
    const origin = client([base]);
    expect(await joinWithMedia(origin)).toMatchObject({ rendition: 0 });
    expect(await fetchChunk(origin)).toMatchObject({ result: 'done' });
    expect(requests).toHaveLength(2);
  });

  it('ends the answer when it is cancelled after it was told of', async () => {
    const { base, open } = await serve((_request, response) => {
      begin(response);
      response.write(head);
    });
    let cancel: Cancel = () => {};
    await new Promise<void>((resolve, reject) => {
      cancel = client([base]).join({ delayMs: 600, isMediaWanted: true }, { joined: () => resolve(), failed: reject });
    });
    expect(open()).toBe(1);
    cancel();
    await expect.poll(open).toBe(0);
  });

  it('OR4: takes no media behind an answer that proves wrong', async () => {
    const json = Buffer.from(JSON.stringify({ ...stream.joinAnswer(), init: Buffer.from('another').toString('base64') }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    const { base, open } = await serve((_request, response) => {
      begin(response);
      response.write(Buffer.concat([length, json]));
    });
    expect(await joinWithMedia(client([base]))).toBe('invalid');
    // Long before it would be given up as silent.
    await expect.poll(open, { timeout: 10_000 }).toBe(0);
  });

  const tooLong = Buffer.from(head);
  tooLong.writeUInt32BE(0xffffffff);
  const lies: [string, Uint8Array][] = [
    ['a length beyond every limit', Buffer.concat([tooLong, media])],
    ['a JSON that is shorter than said', head.subarray(0, 500)],
    ['a length and no JSON', Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('no'), media])],
    ['nothing', Buffer.alloc(0)],
  ];
  it.each(lies)('maps %s', async (_name, body) => {
    const { base, open } = await serve((_request, response) => {
      begin(response);
      response.end(body);
    });
    expect(await joinWithMedia(client([base]))).toBe('invalid');
    await expect.poll(open).toBe(0);
  });

  it('drops what is more than its headers named', async () => {
    const { base } = await serve((_request, response) => {
      begin(response);
      response.end(Buffer.concat([head, media, new Uint8Array(70_000)]));
    });
    const origin = client([base]);
    await joinWithMedia(origin);
    const outcome = await fetchChunk(origin);
    expect([outcome.result, outcome.bytes.length]).toEqual(['done', chunk.bytes.length]);
  });
});
