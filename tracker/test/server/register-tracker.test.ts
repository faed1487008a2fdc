import { decodeTicket, LIMITS, type StreamId, type TrackerJoinAnswer } from '@p2ptv/protocol';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { registerTracker } from '../../src/index.js';
import { fingerprint, originJoin, peerId, report, signalTo, STREAM } from '../core/tracker-world.js';
import {
  connectTo,
  ended,
  enter,
  isServed,
  joinBy,
  next,
  sendAnything,
  startTracker,
  temporaryFolder,
  type PeerSocket,
} from './tracker-harness.js';

describe('a tracker server', () => {
  it.each(['websocket', 'polling'] as const)('joins peers and relays their signals by %s', async (transport) => {
    const { url, handle } = await startTracker();
    const first = await connectTo(url, transport);
    const second = await connectTo(url, transport);
    await enter(first, 1);
    const { ticket, neighbours } = await enter(second, 2);
    expect(neighbours.map((peer) => peer.peerId)).toEqual([peerId(1)]);
    const expected = { streamId: STREAM, trackerKey: handle.trackerKey, wallMs: Date.now() };
    expect(decodeTicket(ticket, expected)).toMatchObject({ peerId: peerId(2), fingerprint: fingerprint(2) });
    const received = next(first, 'signal');
    second.emit('signal', signalTo(peerId(1)));
    expect(await received).toEqual({ ...signalTo(peerId(1)), from: peerId(2) });
    expect(handle.viewerCount(STREAM)).toBe(2);
  });

  it('passes on nothing but what the contract names', async () => {
    const { url } = await startTracker();
    const [first, second] = [await connectTo(url), await connectTo(url)];
    await enter(first, 1);
    await enter(second, 2);
    const received = next(first, 'signal');
    sendAnything(second, 'signal', { ...signalTo(peerId(1)), extra: 'x'.repeat(1_000) });
    expect(await received).not.toHaveProperty('extra');
  });

  it("gives the origin's seeder the duty map, after the answer to its join", async () => {
    const { url } = await startTracker();
    const viewer = await connectTo(url);
    expect((await enter(viewer, 1)).dutyStripes).toHaveLength(8);
    const seeder = await connectTo(url);
    const order: string[] = [];
    seeder.once('dutyMap', () => order.push('dutyMap'));
    const map = next(seeder, 'dutyMap');
    seeder.emit('join', originJoin(9, Date.now()), () => order.push('answer'));
    expect((await map).stripes).toEqual(Array.from({ length: 8 }, () => [peerId(1)]));
    expect(order).toEqual(['answer', 'dutyMap']);
    const moved = next(seeder, 'dutyMap');
    viewer.disconnect();
    expect((await moved).stripes.flat()).toEqual([]);
  });

  it("takes the origin's word about who is linked, and nobody else's", async () => {
    const duty = { idleMs: 600, reviewIntervalMs: 100 };
    const { url } = await startTracker({ tracker: { duty } });
    const [linked, impostor, seeder] = [await connectTo(url), await connectTo(url), await connectTo(url)];
    await enter(linked, 1);
    linked.emit('report', report());
    await enter(impostor, 2);
    const shared = next(impostor, 'duty');
    impostor.emit('report', report());
    expect((await shared).stripes).toHaveLength(4);
    const map = next(seeder, 'dutyMap');
    seeder.emit('join', originJoin(9, Date.now()), () => undefined);
    await map;
    const lost = next(impostor, 'duty');
    const words = setInterval(() => {
      impostor.emit('seeded', { peers: [peerId(2)] });
      seeder.emit('seeded', { peers: [peerId(1)] });
    }, 50);
    onTestFinished(() => clearInterval(words));
    expect((await lost).stripes).toEqual([]);
    expect(await isServed(impostor)).toBe(true);
  });

  it('refuses a wrong proof, a stranger stream, and serves on', async () => {
    const { url } = await startTracker({ tracker: { swarms: { isStreamAllowed: (id) => id === STREAM } } });
    const socket = await connectTo(url);
    const proof = originJoin(2, Date.now()).proof!;
    expect(await joinBy(socket, 1, { role: 'origin', proof })).toMatchObject({ code: 'BAD_PROOF' });
    const streamId = 'a'.repeat(40) as StreamId;
    expect(await joinBy(socket, 1, { streamId })).toMatchObject({ code: 'UNKNOWN_STREAM' });
    await enter(socket, 1);
  });

  it('lets a peer take over from its old connection, and tells that one to go', async () => {
    const { url, handle } = await startTracker();
    const [old, fresh] = [await connectTo(url), await connectTo(url)];
    await enter(old, 1);
    const end = ended(old);
    expect(await joinBy(fresh, 1, { fingerprint: fingerprint(2) })).toMatchObject({ code: 'PEER_ID_TAKEN' });
    await enter(fresh, 1);
    expect(await end).toBe('io server disconnect');
    expect(handle.viewerCount(STREAM)).toBe(1);
    expect(await isServed(fresh)).toBe(true);
  });

  it('cuts off the silent so that they come again, and shows all in /api/swarms', async () => {
    const { url } = await startTracker({ tracker: { membership: { reportIntervalMs: 400 } } });
    const [silent, alive] = [await connectTo(url), await connectTo(url)];
    await enter(silent, 1);
    await enter(alive, 2);
    const reports = setInterval(() => alive.emit('report', report({ fromPeersBytes: 10, fromOriginBytes: 3 })), 50);
    expect(await ended(silent)).toBe('transport close');
    clearInterval(reports);
    const response = await fetch(`${url}/api/swarms`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual([
      { streamId: STREAM, seeders: 0, viewers: 1, downloaded: 2, seedCopies: 1, originBytes: 3, seederBytes: 0, peerBytes: 10 },
    ]);
  });

  it('keeps its key over a restart, so that tickets stay valid', async () => {
    const dataFolder = await temporaryFolder();
    const before = await startTracker({ dataFolder });
    const socket = await connectTo(before.url);
    const { ticket } = await enter(socket, 1);
    const end = ended(socket);
    await before.fastify.close();
    expect(await end).toBe('transport close');
    const { handle } = await startTracker({ dataFolder });
    const wallMs = Date.now();
    expect(decodeTicket(ticket, { streamId: STREAM, trackerKey: handle.trackerKey, wallMs })).toBeDefined();
    const other = await startTracker();
    expect(decodeTicket(ticket, { streamId: STREAM, trackerKey: other.handle.trackerKey, wallMs })).toBeUndefined();
  });

  it('is closed by its handle while the HTTP server goes on', async () => {
    const { url, handle } = await startTracker();
    const socket = await connectTo(url);
    const end = ended(socket);
    handle.close();
    expect(await end).toBe('transport close');
    await expect(connectTo(url)).rejects.toThrow();
    expect((await fetch(`${url}/api/swarms`)).status).toBe(200);
  });

  it('can be added to an https server', async () => {
    const fastify = Fastify({ https: {} });
    const handle = await registerTracker(fastify, { dataFolder: await temporaryFolder() });
    expect(handle.scrape()).toEqual([]);
    await fastify.close();
  });
});

describe('an offender', () => {
  it.each([
    ['sends nonsense', (socket: PeerSocket) => {
      for (let count = 0; count < 4; count++) sendAnything(socket, 'signal', { to: 'nobody', count });
    }],
    ['floods', (socket) => {
      for (let count = 0; count < 400; count++) sendAnything(socket, 'signal', signalTo(peerId(1)));
    }],
    ['floods with events that nobody knows', (socket) => {
      for (let count = 0; count < 400; count++) sendAnything(socket, 'unheardOf', count);
    }],
    ['sends too large a message', (socket) => {
      sendAnything(socket, 'signal', 'x'.repeat(LIMITS.trackerMessageBytes));
    }],
    ['sends too many attachments', (socket) => {
      sendAnything(socket, 'signal', Array.from({ length: 30 }, () => new Uint8Array(1)));
    }],
  ] as [string, (socket: PeerSocket) => void][])(
    'that %s is cut off; others never notice',
    async (_, offend) => {
      const { url, handle } = await startTracker();
      const bystander = await connectTo(url);
      const offender = await connectTo(url);
      await enter(bystander, 1);
      await enter(offender, 2);
      let ends = 0;
      bystander.on('disconnect', () => ends++);
      const end = ended(offender);
      offend(offender);
      await end;
      expect(await isServed(bystander)).toBe(true);
      expect(ends).toBe(0);
      expect(handle.viewerCount(STREAM)).toBeGreaterThanOrEqual(1);
    },
  );

  it('is forgiven a single malformed message', async () => {
    const { url } = await startTracker();
    const socket = await connectTo(url);
    await enter(socket, 1);
    sendAnything(socket, 'report', { fromPeersBytes: -1 });
    sendAnything(socket, 'join', 'no answer wanted');
    expect(await isServed(socket)).toBe(true);
  });

  it('that asks to join with nonsense is told so', async () => {
    const { url } = await startTracker();
    const socket = await connectTo(url);
    const answer = await socket.emitWithAck('join', { version: 2 } as never);
    expect(answer).toMatchObject({ kind: 'refused', code: 'BAD_REQUEST' });
  });

  it('that asks for neighbours without end is told of nobody for a while', async () => {
    const { url } = await startTracker({ limits: { wishesPerSecond: 0.001, wishBurst: 2 } });
    const [first, second] = [await connectTo(url), await connectTo(url)];
    await enter(first, 1);
    await enter(second, 2);
    const wanted = { count: 1, exclude: [] };
    const counts: number[] = [];
    for (let count = 0; count < 3; count++) {
      counts.push((await first.emitWithAck('neighboursWanted', wanted)).neighbours.length);
    }
    expect(counts).toEqual([1, 1, 0]);
    expect((await second.emitWithAck('neighboursWanted', wanted)).neighbours).toHaveLength(1);
  });

  it('that joins too often from one address is told when to come again', async () => {
    const { url } = await startTracker({ limits: { joinsPerSecond: 1, joinBurst: 3 } });
    const socket = await connectTo(url);
    const answers = await Promise.all([1, 1, 1, 1].map((index) => joinBy(socket, index)));
    expect(answers.map(({ kind }) => kind)).toEqual(['joined', 'joined', 'joined', 'refused']);
    const refused = answers[3] as Extract<TrackerJoinAnswer, { kind: 'refused' }>;
    expect(refused.code).toBe('RATE_LIMITED');
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000);
  });

  it('that connects too often from one address is not let in', async () => {
    const { url } = await startTracker({ limits: { joinsPerSecond: 0.01, joinBurst: 1, connectionsPerJoin: 2 } });
    await connectTo(url);
    await connectTo(url);
    await expect(connectTo(url)).rejects.toThrow();
  });

  it.each([
    [true, ['joined', 'joined', 'refused']],
    [false, ['joined', 'refused', 'refused']],
  ])('is told from others by X-Forwarded-For only where the proxy is trusted: %j', async (trustProxy, kinds) => {
    const { url } = await startTracker({ trustProxy, limits: { joinsPerSecond: 0.01, joinBurst: 1 } });
    const answers: string[] = [];
    for (const [index, hops] of ['192.0.2.1', '192.0.2.2', '192.0.2.9, 192.0.2.2'].entries()) {
      const socket = await connectTo(url, 'websocket', { 'x-forwarded-for': hops });
      answers.push((await joinBy(socket, index + 1)).kind);
    }
    expect(answers).toEqual(kinds);
  });

  it('meets those of its own network (IPv4: /24), and learns nothing of anybody’s address', async () => {
    const { url } = await startTracker({ trustProxy: true, tracker: { neighbours: { count: 2 } } });
    const joinFrom = async (address: string, index: number): Promise<TrackerJoinAnswer> =>
      joinBy(await connectTo(url, 'websocket', { 'x-forwarded-for': address }), index);
    await joinFrom('192.0.2.7', 1);
    for (let index = 2; index <= 16; index++) await joinFrom(`198.51.${index}.7`, index);
    for (let index = 20; index < 24; index++) {
      const answer = await joinFrom(`192.0.2.${index}`, index);
      const named = answer.kind === 'joined' ? answer.neighbours.map((peer) => Number.parseInt(peer.peerId, 16)) : [];
      expect(named.some((number) => number === 1 || number >= 20)).toBe(true);
      expect(JSON.stringify(answer)).not.toMatch(/192\.0\.2|198\.51/);
    }
  });

  it('that never joins is cut off', async () => {
    const { url } = await startTracker({ limits: { joinDeadlineMs: 100 } });
    const [idle, joined] = [await connectTo(url), await connectTo(url)];
    await enter(joined, 1);
    await ended(idle);
    expect(await isServed(joined)).toBe(true);
  });

  it('that does not read what it is sent is cut off before it fills our memory', async () => {
    const { url, fastify } = await startTracker({
      limits: { messagesPerSecond: 1e6, messageBurst: 1e6, waitingMessages: 64 },
    });
    const sender = await connectTo(url);
    await enter(sender, 1);
    const deaf = await connectTo(url);
    await enter(deaf, 2);
    stopReading(deaf);
    const gone = next(sender, 'signal');
    const sdp = 'v'.repeat(LIMITS.signalBytes);
    const seen = { isGone: false };
    void gone.then(() => (seen.isGone = true));
    // Loopback sockets take several megabytes before they push back.
    for (let count = 0; count < 4_000 && !seen.isGone; count++) {
      sender.emit('signal', signalTo(peerId(2), { kind: 'offer', sdp, ticket: 't' }));
      if (count % 50 === 0) await isServed(sender);
    }
    expect((await gone).body).toEqual({ kind: 'refuse', reason: 'gone' });
    // Its connection is cut, not left to close in order, which it never would.
    const connections = () => new Promise((resolve) => fastify.server.getConnections((_, count) => resolve(count)));
    await vi.waitFor(async () => expect(await connections()).toBe(1), { timeout: 30_000 });
  });
});

/** Stops a client from reading; it goes on being connected. */
function stopReading(socket: PeerSocket): void {
  const transport: unknown = socket.io.engine.transport;
  (transport as { ws: { pause(): void } }).ws.pause();
}
