import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { WholeAnswers } from '../../src/publish/whole-answers.js';
import { UplinkBudget } from '../../src/uplink/uplink-budget.js';
import { UplinkGate } from '../../src/uplink/uplink-gate.js';
import { openOrigin, until, type TestOrigin } from './server-fixture.js';

describe('answers that are ready', () => {
  const body = Buffer.from('#EXTM3U');
  const headers = ['content-type', 'text/plain', 'content-length', '7'];

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 21, 12), toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are whole HTTP/1.1 answers', () => {
    expect(new WholeAnswers().of(body, headers).toString()).toBe(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 7\r\ndate: Sat, 21 Nov 2026 12:00:00 GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=65\r\n\r\n#EXTM3U',
    );
  });

  it('are made once for the same body and headers', () => {
    const wholes = new WholeAnswers();
    const first = wholes.of(body, headers);
    expect(wholes.of(body, [...headers])).toBe(first);
    expect(wholes.of(body, [...headers, 'vary', 'origin'])).not.toBe(first);
    expect(wholes.of(Buffer.from('another'), headers)).not.toBe(first);
    expect(wholes.of(body, headers)).toBe(first);
  });

  it('name the second in which they are sent', () => {
    const wholes = new WholeAnswers();
    const first = wholes.of(body, headers);
    vi.setSystemTime(Date.now() + 999);
    expect(wholes.of(body, headers)).toBe(first);
    vi.setSystemTime(Date.now() + 1);
    expect(wholes.of(body, headers).toString()).toContain('date: Sat, 21 Nov 2026 12:00:01 GMT');
  });

  it('are forgotten when the stream goes on, and when others take their place', () => {
    const wholes = new WholeAnswers();
    const first = wholes.of(body, headers);
    for (let other = 0; other < 8; other++) wholes.of(Buffer.from(String(other)), headers);
    const second = wholes.of(body, headers);
    expect(second).not.toBe(first);
    wholes.clear();
    expect(wholes.of(body, headers)).not.toBe(second);
  });
});

describe('who waited for a part', () => {
  let origin: TestOrigin;
  let port = 0;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    origin = await openOrigin();
    origin.begin();
    origin.publish(25);
    port = await portOf(origin);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await origin.close();
  });

  /** A connection, and all that came over it. */
  function open(to = port): { readonly socket: Socket; readonly received: () => Buffer } {
    const socket = connect(to, '127.0.0.1');
    sockets.push(socket);
    const chunks: Buffer[] = [];
    socket.on('data', (bytes) => chunks.push(bytes));
    return { socket, received: () => Buffer.concat(chunks) };
  }
  const request = (path: string, ...headers: string[]): string => [`GET /live/main/${path} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
  const waiting = (count: number): Promise<void> => until(() => origin.published.waiters.size === count);

  const NEXT_PLAYLIST = '0/live.m3u8?_HLS_msn=2&_HLS_part=5';
  const NEXT_PART = '0/part-25.m4s';
  const NEXT_HEADERS = 'headers?after=24';

  it.each([NEXT_PLAYLIST, NEXT_PART, NEXT_HEADERS])('OR5: gets of %s what one gets who closes the connection, whom Node’s own server answers', async (path) => {
    const [kept, other, closing] = [open(), open(), open()];
    kept.socket.write(request(path));
    other.socket.write(request(path));
    closing.socket.write(request(path, 'Connection: close'));
    await waiting(3);
    origin.publish(1);
    await until(() => closing.socket.destroyed);
    await until(() => [kept, other].every(({ received }) => answersIn(received()).length === 1));
    const { headers: plain, ...plainRest } = answersIn(closing.received())[0]!;
    expect(plainRest.status).toBe('HTTP/1.1 200 OK');
    for (const { received } of [kept, other]) {
      const { headers, ...rest } = answersIn(received())[0]!;
      expect(rest).toEqual(plainRest);
      const ofConnection = { connection: 'keep-alive', 'keep-alive': 'timeout=65' };
      expect(headers['date']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      expect(headers).toEqual({ ...plain, ...ofConnection, date: headers['date'] });
    }
    expect(plain['connection']).toBe('close');
  });

  it('OR5: is answered in turn on one connection, and goes on with it', async () => {
    const { socket, received } = open();
    socket.write(request(NEXT_PLAYLIST, 'Accept-Encoding: gzip') + request(NEXT_PART) + request('0/part-3.m4s'));
    await waiting(2);
    origin.publish(1);
    await until(() => answersIn(received()).length === 3);
    const [playlist, awaited, known] = answersIn(received());
    expect(gunzipSync(playlist!.body).toString()).toContain('part-25.m4s');
    expect(awaited!.headers['etag']).not.toBe(known!.headers['etag']);
    for (const next of [26, 27]) {
      socket.write(request(`0/part-${next}.m4s`));
      await waiting(1);
      origin.publish(1);
      await until(() => answersIn(received()).length === next - 22);
    }
    expect(answersIn(received()).map(({ status }) => status)).toEqual(Array(5).fill('HTTP/1.1 200 OK'));
  });

  it('is counted when the system has its answer', async () => {
    const { socket, received } = open();
    socket.write(request(NEXT_PLAYLIST));
    await waiting(1);
    const before = origin.published.originBytes().playlists;
    origin.publish(1);
    await until(() => answersIn(received()).length === 1);
    expect(origin.published.originBytes().playlists - before).toBe(answersIn(received())[0]!.body.length);
  });

  it('costs nothing and nobody when gone in the moment of the answer', async () => {
    const [gone, stays] = [open(), open()];
    for (const { socket } of [gone, stays]) socket.write(request(NEXT_PART));
    await waiting(2);
    gone.socket.resetAndDestroy();
    origin.publish(1);
    await until(() => answersIn(stays.received()).length === 1);
    expect(origin.published.waiters.size).toBe(0);
    // The server goes on with whoever is there.
    stays.socket.write(request('0/part-3.m4s'));
    await until(() => answersIn(stays.received()).length === 2);
  });

  it('is sent what a budget paces as the budget lets it', async () => {
    const gate = new UplinkGate(new UplinkBudget(50_000_000, performance.now()), () => performance.now());
    const limited = await openOrigin({ gate });
    limited.begin();
    limited.publish(25);
    const { socket, received } = open(await portOf(limited));
    socket.write(request(NEXT_PLAYLIST));
    await until(() => limited.published.waiters.size === 1);
    limited.publish(1);
    await until(() => answersIn(received()).length === 1);
    expect(gate.stats().sentBytes.other).toBeGreaterThan(answersIn(received())[0]!.body.length);
    gate.close();
    await limited.close();
  });
});

type ReceivedAnswer = { readonly status: string; readonly headers: Record<string, string>; readonly body: Buffer };

/** The whole answers at the beginning of what a connection has received. */
function answersIn(received: Buffer): ReceivedAnswer[] {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return [];
  const [status = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
  const bodyEnd = end + 4 + Number(headers['content-length']);
  if (received.length < bodyEnd) return [];
  return [{ status, headers, body: received.subarray(end + 4, bodyEnd) }, ...answersIn(received.subarray(bodyEnd))];
}

async function portOf(origin: TestOrigin): Promise<number> {
  return Number(new URL(await origin.listen()).port);
}
