import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  joinRequestSchema,
  seededRandom,
  signalSchema,
  TRACKER_SOCKET_PATH,
  type JoinRequest,
  type PeerToTrackerEvents,
  type Signal,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
} from '@p2ptv/protocol';
import { Server, type Socket } from 'socket.io';
import { afterEach, describe, expect, it } from 'vitest';
import { SocketTrackerClient } from '../../../src/adapters/socket-tracker/socket-tracker-client.js';
import type { TrackerJoined, TrackerListener } from '../../../src/ports/tracker-client.js';
import { numberedPeerId, STREAM_ID } from '../webrtc/signal-relay.js';

type PeerSocket = Socket<PeerToTrackerEvents, TrackerToPeerEvents>;

const JOINED: TrackerJoined = {
  kind: 'joined',
  ticket: 'ticket',
  ticketExpiresAtMs: 1_800_000_000_000,
  trackerKey: 'k'.repeat(43),
  neighbours: [{ peerId: numberedPeerId(2), role: 'viewer', uplinkBitsPerSecond: 0 }],
  dutyStripes: [3],
  iceServers: [],
  reportIntervalMs: 5_000,
  wallMs: 1_700_000_000_000,
};

const SIGNAL: Signal = {
  from: numberedPeerId(1),
  to: numberedPeerId(2),
  connectionId: 'ab'.repeat(8),
  body: { kind: 'refuse', reason: 'full' },
};

function joinRequest(): JoinRequest {
  return {
    version: 1,
    streamId: STREAM_ID,
    peerId: numberedPeerId(1),
    role: 'viewer',
    fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
    uplinkBitsPerSecond: 0,
    isUploading: true,
    isVisible: true,
  };
}

/** A tracker that answers as it is told. */
class FakeTracker {
  answer: unknown = JOINED;
  readonly joins: JoinRequest[] = [];
  readonly sockets: PeerSocket[] = [];
  readonly events: unknown[][] = [];
  #http: HttpServer | undefined;
  #io: Server<PeerToTrackerEvents, TrackerToPeerEvents> | undefined;
  port = 0;

  async open(path: string = TRACKER_SOCKET_PATH): Promise<this> {
    const http = createServer();
    const io = new Server<PeerToTrackerEvents, TrackerToPeerEvents>(http, { path, transports: ['websocket'] });
    io.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.onAny((...event: unknown[]) => this.events.push(event.filter((value) => typeof value !== 'function')));
      socket.on('join', (request, answer) => {
        this.joins.push(joinRequestSchema.parse(request));
        if (this.answer !== undefined) answer(this.answer as TrackerJoinAnswer);
      });
      socket.on('neighboursWanted', (wanted, answer) =>
        answer({ neighbours: wanted.exclude.length > 0 ? ('x' as never) : JOINED.neighbours }),
      );
    });
    await new Promise<void>((resolve) => http.listen(this.port, '127.0.0.1', resolve));
    this.port = (http.address() as AddressInfo).port;
    [this.#http, this.#io] = [http, io];
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    await this.#io?.close();
    this.#http?.closeAllConnections();
  }
}

describe('tracker client', () => {
  const closers: (() => void | Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const openTracker = async (path?: string): Promise<FakeTracker> => {
    const tracker = await new FakeTracker().open(path);
    closers.push(() => tracker.close());
    return tracker;
  };
  const start = (trackers: string[], answerTimeoutMs = 20_000): { client: SocketTrackerClient; log: unknown[][] } => {
    const client = new SocketTrackerClient({
      trackers,
      random: seededRandom(2),
      answerTimeoutMs,
      minBackOffMs: 10,
    });
    closers.push(() => client.close());
    const log: unknown[][] = [];
    const note =
      (name: string) =>
      (...values: unknown[]): void =>
        void log.push([name, ...values]);
    const listener: TrackerListener = {
      joined: note('joined'),
      refused: note('refused'),
      stateChanged: note('state'),
      neighbours: note('neighbours'),
      signal: note('signal'),
      duty: note('duty'),
      dutyMap: note('dutyMap'),
      ticket: note('ticket'),
      reportInterval: note('reportInterval'),
    };
    client.start(joinRequest, listener);
    return { client, log };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    await expect.poll(condition, { interval: 5 }).toBe(true);
  };
  const named = (log: unknown[][], name: string): unknown[][] => log.filter(([event]) => event === name);

  it('joins, and says so', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    expect(client.state).toBe('connecting');
    await until(() => client.state === 'joined');
    expect(log).toEqual([
      ['state', 'joined'],
      ['joined', JOINED],
    ]);
    expect(tracker.joins).toEqual([joinRequest()]);
  });

  it('finds a tracker below a path', async () => {
    const tracker = await openTracker(`/tv${TRACKER_SOCKET_PATH}`);
    const { client } = start([`${tracker.url}/tv/`]);
    await until(() => client.state === 'joined');
  });

  it('passes on what the tracker says', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    await until(() => client.state === 'joined');
    const socket = tracker.sockets[0]!;
    const dutyMap = { stripes: Array.from({ length: 8 }, () => [numberedPeerId(4)]) };
    socket.emit('signal', SIGNAL);
    socket.emit('duty', { stripes: [0, 7] });
    socket.emit('dutyMap', dutyMap);
    socket.emit('ticket', { ticket: 'new', ticketExpiresAtMs: 5 });
    socket.emit('reportInterval', { reportIntervalMs: 8_000 });
    await until(() => log.length === 7);
    expect(log.slice(2)).toEqual([
      ['signal', SIGNAL],
      ['duty', { stripes: [0, 7] }],
      ['dutyMap', dutyMap],
      ['ticket', { ticket: 'new', ticketExpiresAtMs: 5 }],
      ['reportInterval', 8_000],
    ]);
  });

  it('sends signals, reports and wishes, and passes neighbours on', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    client.signal(SIGNAL); // not joined yet: lost, not kept
    await until(() => client.state === 'joined');
    const report = {
      fromPeersBytes: 1,
      fromOriginBytes: 2,
      fromSeederBytes: 3,
      sentBytes: 4,
      uplinkBitsPerSecond: 5,
      neighbourCount: 6,
      isUploading: true,
      isVisible: false,
    };
    client.signal(SIGNAL);
    client.report(report);
    client.reportLinked([numberedPeerId(4)]);
    const many = Array.from({ length: 900 }, (_, index) => numberedPeerId(index));
    client.reportLinked(many, 7);
    client.reportLinked([], 3);
    client.wantNeighbours({ count: 2, exclude: [] });
    await until(() => named(log, 'neighbours').length === 1);
    expect(tracker.events.slice(1)).toEqual([
      ['signal', SIGNAL],
      ['report', report],
      ['seeded', { peers: [numberedPeerId(4)] }],
      ['seeded', { peers: many.slice(0, 400), maxCopies: 7 }],
      ['seeded', { peers: many.slice(400, 800), maxCopies: 7 }],
      ['seeded', { peers: many.slice(800), maxCopies: 7 }],
      ['seeded', { peers: [], maxCopies: 3 }],
      ['neighboursWanted', { count: 2, exclude: [] }],
    ]);
    expect(signalSchema.safeParse(tracker.events[1]![1]).success).toBe(true);
    expect(named(log, 'neighbours')[0]![1]).toEqual(JOINED.neighbours);
  });

  it('drops and counts what breaks the contract', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    await until(() => client.state === 'joined');
    const socket = tracker.sockets[0]!;
    const emit = socket.emit.bind(socket) as (event: string, message?: unknown) => void;
    emit('signal', { ...SIGNAL, from: 'somebody' });
    emit('duty', { stripes: [8] });
    emit('dutyMap', null);
    emit('ticket');
    emit('unheardOf', {});
    client.wantNeighbours({ count: 1, exclude: [numberedPeerId(3)] });
    await until(() => client.malformedCount === 5);
    expect(log).toHaveLength(2);
    expect(client.state).toBe('joined');
  });

  it('comes back after a lost connection, and joins again', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    await until(() => client.state === 'joined');
    await tracker.close();
    await until(() => client.state === 'away');
    client.signal(SIGNAL);
    client.wantNeighbours({ count: 1, exclude: [] });
    await tracker.open();
    await until(() => client.state === 'joined');
    expect(named(log, 'state').map(([, state]) => state)).toEqual(['joined', 'away', 'joined']);
    expect(named(log, 'joined')).toHaveLength(2);
    expect(tracker.joins).toHaveLength(2);
    expect(tracker.events.map(([name]) => name)).toEqual(['join', 'join']);
  });

  it('takes the trackers in turn, those that are no address or nobody’s included', async () => {
    const tracker = await openTracker();
    const { client, log } = start(['nonsense', 'http://127.0.0.1:9', tracker.url]);
    await until(() => client.state === 'joined');
    expect(named(log, 'state').map(([, state]) => state)).toEqual(['away', 'joined']);
  });

  it('gives a tracker up that does not answer a join, or answers nonsense', async () => {
    const [silent, mad, good] = [await openTracker(), await openTracker(), await openTracker()];
    silent.answer = undefined;
    mad.answer = { kind: 'joined' };
    const { client } = start([silent.url, mad.url, good.url], 300);
    await until(() => client.state === 'joined');
    expect([silent.joins.length, mad.joins.length, good.joins.length]).toEqual([1, 1, 1]);
    expect(client.malformedCount).toBe(1);
  });

  it('waits after a refusal as long as it is told', async () => {
    const tracker = await openTracker();
    const refusal = { kind: 'refused', code: 'RATE_LIMITED', message: 'Too many joins.', retryAfterMs: 100 } as const;
    tracker.answer = refusal;
    const { client, log } = start([tracker.url]);
    await until(() => client.state === 'refused');
    const refusedAtMs = performance.now();
    expect(named(log, 'refused')).toEqual([['refused', refusal]]);
    tracker.answer = JOINED;
    await until(() => client.state === 'joined');
    expect(performance.now() - refusedAtMs).toBeGreaterThan(90);
  });

  it('leaves, and says nothing after a close', async () => {
    const tracker = await openTracker();
    const { client, log } = start([tracker.url]);
    await until(() => client.state === 'joined');
    client.close();
    await until(() => !tracker.sockets[0]!.connected);
    expect(tracker.events.at(-1)).toEqual(['leave']);
    expect(log).toHaveLength(2);
    expect(tracker.sockets).toHaveLength(1);
  });

  it('is away without any tracker', async () => {
    const { client, log } = start([]);
    await until(() => client.state === 'away');
    expect(log).toEqual([['state', 'away']]);
  });
});
