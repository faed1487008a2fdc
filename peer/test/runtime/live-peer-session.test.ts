import { peerIdFromBytes, seededRandom, type ChunkSequence, type PeerId, type RenditionId } from '@p2ptv/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../src/adapters/memory/memory-network.js';
import { NodeVerifier } from '../../src/adapters/verifier/node-verifier.js';
import { VirtualTime } from '../../src/adapters/virtual/virtual-time.js';
import type { OriginClient, OriginFailure } from '../../src/ports/origin-client.js';
import type { TrackerClient, TrackerListener } from '../../src/ports/tracker-client.js';
import type { Verifier } from '../../src/ports/verifier.js';
import { LivePeerSession } from '../../src/runtime/live-peer-session.js';
import type { SessionParts } from '../../src/runtime/session-parts.js';
import { LINK, RENDITION, VirtualOrigin } from '../swarm/virtual-origin.js';

const ME = peerIdFromBytes(new Uint8Array(16).fill(1));

/** A tracker that answers when the test says so, and notes what it was told. */
class ScriptedTracker implements TrackerClient {
  state: TrackerClient['state'] = 'connecting';
  listener: TrackerListener | undefined;
  readonly calls: string[] = [];
  readonly reports: Parameters<TrackerClient['report']>[0][] = [];
  start(joinRequest: Parameters<TrackerClient['start']>[0], listener: TrackerListener): void {
    this.calls.push(`start ${joinRequest().role}`);
    this.listener = listener;
  }
  signal(): void {}
  report(report: Parameters<TrackerClient['report']>[0]): void {
    this.reports.push(report);
  }
  readonly linked: (readonly PeerId[])[] = [];
  readonly maxCopies: (number | undefined)[] = [];
  reportLinked(peerIds: readonly PeerId[], maxCopies?: number): void {
    this.linked.push(peerIds);
    this.maxCopies.push(maxCopies);
  }
  wantNeighbours(): void {
    this.calls.push('wantNeighbours');
  }
  close(): void {
    this.calls.push('close');
  }
  accept(): void {
    this.state = 'joined';
    this.listener?.joined({
      kind: 'joined',
      ticket: 'ticket',
      ticketExpiresAtMs: Infinity,
      trackerKey: 'A'.repeat(43),
      neighbours: [],
      dutyStripes: [3],
      iceServers: [],
      reportIntervalMs: 2_000,
      wallMs: 0,
    });
  }
}

/** Passes everything on, and notes which calls were made and which were cancelled. */
function watched(client: OriginClient, log: string[]): OriginClient {
  const note = (name: string, cancel: () => void): (() => void) => {
    log.push(name);
    return () => {
      log.push(`cancel ${name}`);
      cancel();
    };
  };
  return {
    received: client.received,
    join: (request, listener) => {
      const isMediaWanted = request.isMediaWanted === true;
      mediaWanted.push(isMediaWanted);
      const cancel = note('join', client.join(request, listener));
      return () => {
        if (isMediaWanted) endedMediaJoins++;
        cancel();
      };
    },
    fetchChunk: (request, listener) => note('fetchChunk', client.fetchChunk(request, listener)),
    followHeaders: (request, listener) => note(`followHeaders ${request.rendition}`, client.followHeaders(request, listener)),
    headersAt: (request, listener) => note('headersAt', client.headersAt(request, listener)),
    segments: (request, listener) => note('segments', client.segments(request, listener)),
    fetchInit: (request, listener) => note('fetchInit', client.fetchInit(request, listener)),
  };
}

/** Of each join: whether it asked for media. */
let mediaWanted: boolean[];
/** How often a join with media was ended. */
let endedMediaJoins: number;
let time: VirtualTime;
let origin: VirtualOrigin;
let tracker: ScriptedTracker;
let log: string[];

function session(more: Partial<SessionParts> = {}): LivePeerSession {
  const transport = new MemoryNetwork({ time, random: seededRandom(2), oneWayDelayMs: 10 }).createTransport({
    peerId: ME,
    role: 'viewer',
  });
  return new LivePeerSession({
    peerId: ME,
    role: 'viewer',
    link: LINK,
    clock: time,
    random: seededRandom(1),
    verifier: new NodeVerifier(LINK.publicKey),
    wakeTimer: time.createWakeTimer(),
    origin: watched(origin.client(40), log),
    tracker,
    openTransport: (opened) => opened(transport),
    ...more,
  });
}

beforeEach(() => {
  time = new VirtualTime();
  origin = new VirtualOrigin(time, 40_000);
  tracker = new ScriptedTracker();
  log = [];
  endedMediaJoins = 0;
  mediaWanted = [];
  origin.publishUntil(60_000);
  time.runUntil(3_000);
});

describe('a session', () => {
  it('SS1: no request leaves before start, and a session is started once', () => {
    const viewer = session();
    time.runFor(5_000);
    expect([log, tracker.calls]).toEqual([[], []]);
    viewer.start();
    expect([log, tracker.calls]).toEqual([['join'], ['start viewer']]);
    expect(() => viewer.start()).toThrow(expect.objectContaining({ code: 'ALREADY_STARTED' }));
    viewer.close();
    expect(() => viewer.start()).toThrow(expect.objectContaining({ code: 'ALREADY_STARTED' }));
  });

  it('SS2: a join that fails is tried again after .5 to 1.5 times 250 ms, doubling up to 5 s, until the origin is back', () => {
    origin.isAway = true;
    const viewer = session();
    const states: boolean[] = [];
    viewer.on('originStateChanged', ({ isReachable }) => states.push(isReachable));
    const joinsAtMs: number[] = [];
    viewer.start();
    let seen = 0;
    while (time.nowMs() < 25_000) {
      time.runFor(1);
      for (const joins = log.filter((it) => it === 'join').length; seen < joins; seen++) joinsAtMs.push(time.nowMs());
    }
    const waits = joinsAtMs.slice(1).map((atMs, index) => atMs - joinsAtMs[index]! - 40);
    waits.forEach((wait, index) => {
      const baseMs = Math.min(5_000, 250 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(baseMs * 0.5 - 1);
      expect(wait).toBeLessThanOrEqual(baseMs * 1.5 + 2);
    });
    expect(waits.length).toBeGreaterThan(5);
    origin.isAway = false;
    time.runFor(8_000);
    expect(viewer.record?.slug).toBe('main');
    expect(viewer.timeline(RENDITION).last).toBeDefined();
    expect(states).toEqual([false, true]);
    viewer.close();
  });

  it('SS3: without WebRTC or tracker the picture comes from the origin alone', () => {
    for (const parts of [{ openTransport: (opened: (transport: undefined) => void) => opened(undefined) }, { tracker: undefined }]) {
      const viewer = session(parts as Partial<SessionParts>);
      const parts1: number[] = [];
      viewer.on('partReady', ({ header }) => parts1.push(header.sequence));
      viewer.start();
      time.runFor(4_000);
      expect(parts1.length).toBeGreaterThan(18);
      expect(viewer.stats().verifiedBytes.originBytes).toBe(parts1.length * 40_000);
      viewer.close();
    }
  });

  it('SS12: links may wait for the first frame: until the playhead is reported, or until the time is over', () => {
    const starts = (viewer: LivePeerSession): string[] => {
      viewer.start();
      return tracker.calls.splice(0);
    };
    const first = session({ meshDelayMs: 1_000 });
    expect(starts(first)).toEqual([]);
    time.runFor(500);
    first.setPlayback({ playheadMs: time.wallMs() - 1_000, rate: 1 });
    first.setPlayback({ playheadMs: time.wallMs() - 1_000, rate: 1 });
    expect(tracker.calls.splice(0)).toEqual(['start viewer']);
    first.close();
    tracker = new ScriptedTracker();
    const second = session({ meshDelayMs: 1_000 });
    expect(starts(second)).toEqual([]);
    time.runFor(999);
    expect(tracker.calls).toEqual([]);
    time.runFor(2);
    expect(tracker.calls).toEqual(['start viewer']);
    second.close();
  });

  it('SS12: who stands in line at a full origin takes no links yet', () => {
    let isFull = true;
    const client = origin.client(40);
    const line: typeof client = {
      ...client,
      join: (request, listener) => {
        if (!isFull) return client.join(request, listener);
        return time.schedule(time.nowMs() + 40, () => listener.failed('unavailable', 3_000));
      },
    };
    const viewer = session({ origin: line, meshDelayMs: 1_000 });
    viewer.start();
    time.runFor(3_000);
    expect(tracker.calls).toEqual([]);
    isFull = false;
    time.runFor(3_000);
    expect(tracker.calls).toEqual(['start viewer']);
    viewer.close();
  });

  it('SS13: peers that the join answer names are dialled once there are links, before and after', () => {
    const other = peerIdFromBytes(new Uint8Array(16).fill(7));
    origin.warmPeers = [{ peerId: other, role: 'viewer', uplinkBitsPerSecond: 0 }];
    for (const meshDelayMs of [0, 1_000]) {
      const dialled: PeerId[] = [];
      const transport = new MemoryNetwork({ time, random: seededRandom(2), oneWayDelayMs: 10 }).createTransport({ peerId: ME, role: 'viewer' });
      transport.dial = (peerId) => void dialled.push(peerId);
      tracker = new ScriptedTracker();
      const viewer = session({ meshDelayMs, openTransport: (opened) => opened(transport) });
      viewer.start();
      time.runFor(3_000);
      expect(dialled).toEqual([other]);
      viewer.close();
    }
  });

  it('FB12: an origin that says in its join answer that its uplink is taken is asked for no media in the first 2 s', () => {
    for (const isUplinkTaken of [false, true]) {
      origin.isUplinkTaken = isUplinkTaken;
      tracker = new ScriptedTracker();
      const client = origin.client(40);
      const viewer = session({ origin: client, meshDelayMs: 0 });
      viewer.start();
      time.runFor(1_500);
      expect(client.received.media > 0).toBe(!isUplinkTaken);
      time.runFor(2_000);
      expect(client.received.media).toBeGreaterThan(0);
      viewer.close();
    }
  });

  it('SS14: a join that fails is told, whatever the reason', () => {
    const refusing = { ...origin.client(40), join: (_request: unknown, listener: { failed(failure: OriginFailure): void }) => time.schedule(time.nowMs() + 40, () => listener.failed('notFound')) };
    const viewer = session({ origin: refusing });
    const failures: OriginFailure[] = [];
    viewer.on('joinFailed', ({ failure }) => failures.push(failure));
    viewer.start();
    time.runFor(1_000);
    expect(failures.length).toBeGreaterThan(1);
    expect(new Set(failures)).toEqual(new Set(['notFound']));
    viewer.close();
  });

  it('SS14: an origin that is full is no origin that is away: it is asked again when it said, not before', () => {
    const asked: number[] = [];
    const full = {
      ...origin.client(40),
      join: (_request: unknown, listener: { failed(failure: OriginFailure, retryAfterMs?: number): void }) => {
        asked.push(time.nowMs());
        return time.schedule(time.nowMs() + 40, () => listener.failed('unavailable', 3_000));
      },
    };
    const viewer = session({ origin: full });
    const told: unknown[] = [];
    viewer.on('joinFailed', (event) => told.push(event));
    viewer.on('originStateChanged', (event) => told.push(event));
    viewer.start();
    time.runFor(15_000);
    const pauses = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0) - 40);
    expect(pauses.length).toBeGreaterThanOrEqual(3);
    for (const pauseMs of pauses) {
      expect(pauseMs).toBeGreaterThanOrEqual(3_000);
      expect(pauseMs).toBeLessThanOrEqual(4_501);
    }
    expect(new Set(told.map((event) => JSON.stringify(event)))).toEqual(new Set(['{"failure":"unavailable","retryAfterMs":3000}']));
    expect(viewer.stats().isOriginReachable).toBe(true);
    viewer.close();
  });

  it('SS15, SS17: when nothing comes any more the record is asked for, without media, until it says that the stream has ended', () => {
    const viewer = session();
    viewer.start();
    time.runUntil(60_500);
    expect(log.filter((it) => it === 'join')).toHaveLength(1);
    time.runFor(25_000);
    const asked = log.filter((it) => it === 'join').length;
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(asked).toBeLessThanOrEqual(4);
    expect(mediaWanted).toEqual([true, ...Array.from({ length: asked - 1 }, () => false)]);
    origin.isEnded = true;
    time.runFor(11_000);
    expect(viewer.record?.isEnded).toBe(true);
    const then = log.filter((it) => it === 'join').length;
    time.runFor(60_000);
    expect(log.filter((it) => it === 'join')).toHaveLength(then);
    viewer.close();
    // The joins since then bring nothing that could still be coming.
    expect(endedMediaJoins).toBe(1);
  });

  it.each(['auto', RENDITION] as const)('SS21: when the origin makes what is watched no longer, the record is asked for within 2 s, and another one followed: with the choice %s', (choice) => {
    const viewer = session();
    viewer.on('joined', () => viewer.setQuality(choice));
    viewer.start();
    time.runUntil(8_000);
    const other = 2 as RenditionId;
    origin.made = [other];
    origin.restartEncoderAt(8_100);
    log.length = 0;
    // Until it asks whether there is more, a part passes, and then the answer.
    time.runFor(3_000);
    expect(log.filter((it) => it === 'join').length).toBeGreaterThan(0);
    expect(viewer.record?.renditions.map(({ id }) => id)).toEqual([other]);
    expect(log.at(-1)).toBe(`followHeaders ${other}`);
    viewer.close();
  });

  it('SS17: who seeds and does not watch asks for no media', () => {
    const seeder = session({ role: 'seeder' });
    seeder.start();
    time.runFor(1_000);
    expect(mediaWanted).toEqual([false]);
    seeder.close();
  });

  it('SS16: the newest init segments are kept, not all of them', () => {
    const viewer = session();
    const hashes: string[] = [];
    viewer.on('partReady', ({ header }) => {
      if (hashes.at(-1) !== header.initHash) hashes.push(header.initHash);
    });
    for (let run = 1; run <= 12; run++) origin.restartEncoderAt(3_000 + run * 4_000);
    viewer.start();
    time.runFor(54_000);
    expect(hashes).toHaveLength(13);
    expect(hashes.map((hash) => viewer.initSegment(hash) !== undefined)).toEqual(hashes.map((_, index) => index >= 5));
    viewer.close();
  });

  it('SS4: media and init segments are handed out as private copies', () => {
    const viewer = session();
    viewer.start();
    time.runFor(1_000);
    const { last } = viewer.timeline(RENDITION);
    const one = viewer.read(last!)!;
    one.fill(0);
    expect(viewer.read(last!)).toEqual(origin.chunks[last!.sequence]?.bytes);
    const init = viewer.initSegment(last!.initHash)!;
    init.fill(0);
    expect(viewer.initSegment(last!.initHash)).not.toEqual(init);
    expect(viewer.read({ ...last!, sequence: 9_999 as never })).toBeUndefined();
    viewer.close();
  });

  it('SS5: totals are reported at the tracker’s interval while it is joined, and once at the end', () => {
    const viewer = session();
    viewer.start();
    time.runFor(3_000);
    expect(tracker.reports).toEqual([]);
    tracker.accept();
    time.runFor(10_001);
    expect(tracker.reports).toHaveLength(5);
    expect(tracker.reports.at(-1)?.fromOriginBytes).toBeGreaterThan(1_000_000);
    expect(viewer.stats().dutyStripes).toEqual([3]);
    tracker.state = 'away';
    time.runFor(6_000);
    expect(tracker.reports).toHaveLength(5);
    tracker.accept();
    viewer.setUpload({ mode: 'off' });
    expect(tracker.reports.at(-1)?.isUploading).toBe(false);
    viewer.setVisible(false);
    expect(tracker.reports.at(-1)?.isVisible).toBe(false);
    const count = tracker.reports.length;
    viewer.close();
    expect(tracker.reports).toHaveLength(count + 1);
  });

  it('SS5 TR8: a longer interval holds from the next report on, a shorter one at once', () => {
    const viewer = session();
    viewer.start();
    tracker.accept();
    time.runFor(2_001);
    tracker.listener?.reportInterval(8_000);
    time.runFor(1_998);
    expect(tracker.reports).toHaveLength(1);
    time.runFor(2);
    expect(tracker.reports).toHaveLength(2);
    time.runFor(7_998);
    expect(tracker.reports).toHaveLength(2);
    time.runFor(2);
    expect(tracker.reports).toHaveLength(3);
    tracker.listener?.reportInterval(1_000);
    time.runFor(1_002);
    expect(tracker.reports).toHaveLength(4);
    viewer.close();
  });

  it('SS5: what is fetched beyond the chunks of the join answer is told the origin, and reported, as fetched in need', () => {
    const fetched: { sequence: number; purpose: string | undefined; bytes: number }[] = [];
    const client = origin.client(40);
    const noting: OriginClient = {
      ...client,
      join: (request, listener) => client.join(request, { ...listener, joined: (join) => {
        edge = Math.max(...join.headers.map(({ header }) => header.sequence));
        listener.joined(join);
      } }),
      fetchChunk: (request, listener) => client.fetchChunk(request, { ...listener, bytes: (bytes) => {
        fetched.push({ sequence: request.sequence, purpose: request.purpose, bytes: bytes.length });
        listener.bytes(bytes);
      } }),
    };
    let edge = -1;
    const viewer = session({ origin: noting });
    viewer.start();
    tracker.accept();
    time.runFor(6_001);
    const isFirst = ({ sequence }: { sequence: number }): boolean => sequence <= edge;
    expect(fetched.filter(isFirst).length).toBeGreaterThan(2);
    expect(fetched.filter((one) => !isFirst(one)).length).toBeGreaterThan(10);
    for (const one of fetched) expect(one.purpose).toBe(isFirst(one) ? 'join' : 'deadline');
    viewer.close();
    const inNeed = fetched.filter((one) => !isFirst(one)).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(tracker.reports.at(-1)?.fallbackBytes).toBe(inNeed);
  });

  it('SS5: the origin’s seeder names, with each report, those on duty that it is linked to', () => {
    const network = new MemoryNetwork({ time, random: seededRandom(2), oneWayDelayMs: 10 });
    const [reached, unreached] = [7, 8].map((byte) => peerIdFromBytes(new Uint8Array(16).fill(byte)));
    const listener = { sendSignal: () => undefined, linkOpened: () => undefined, dialFailed: () => undefined };
    const remote = network.createTransport({ peerId: reached!, role: 'viewer' });
    remote.listen(listener);
    remote.setCredentials({ ticket: 'ticket', trackerKey: new Uint8Array(32), iceServers: [] });
    const transport = network.createTransport({ peerId: ME, role: 'origin' });
    const uplink = { ask: () => () => undefined, maxCopies: () => 4 };
    const seeder = session({ role: 'origin', uplink, openTransport: (opened) => opened(transport) });
    seeder.start();
    tracker.accept();
    tracker.listener?.dutyMap({ stripes: Array.from({ length: 8 }, () => [reached!, unreached!]) });
    time.runFor(4_001);
    expect(tracker.linked).toEqual([[reached], [reached]]);
    expect(tracker.maxCopies).toEqual([4, 4]);
    seeder.close();
    tracker = new ScriptedTracker();
    const viewer = session();
    viewer.start();
    tracker.accept();
    time.runFor(4_001);
    expect(tracker.linked).toEqual([]);
    viewer.close();
  });

  it('SS6: a cap below 400,000 bits a second, or none at all, is refused with a code', () => {
    const viewer = session();
    for (const bitsPerSecond of [0, 399_999, NaN, -1]) {
      expect(() => viewer.setUpload({ mode: 'capped', bitsPerSecond })).toThrow(
        expect.objectContaining({ code: 'UPLOAD_CAP_TOO_LOW' }),
      );
    }
    viewer.setUpload({ mode: 'capped', bitsPerSecond: 400_000 });
    expect(viewer.stats().upload).toEqual({ mode: 'capped', bitsPerSecond: 400_000 });
  });

  it('SS7: after close nothing is asked, nothing is told, no timer is left', () => {
    for (const closeAfterMs of [0, 10, 45, 60, 90, 500, 2_000]) {
      const startedAtMs = time.nowMs();
      const viewer = session();
      const events: number[] = [];
      for (const name of ['joined', 'partReady', 'chunkVerified', 'originStateChanged', 'initReady', 'recordChanged'] as const) {
        viewer.on(name, () => events.push(time.nowMs()));
      }
      viewer.start();
      tracker.accept();
      time.runFor(closeAfterMs);
      viewer.close();
      viewer.close();
      const asked = log.length;
      const reported = tracker.reports.length;
      time.runFor(10_000);
      expect(log).toHaveLength(asked);
      expect(tracker.reports).toHaveLength(reported);
      expect(events.every((atMs) => atMs <= startedAtMs + closeAfterMs)).toBe(true);
      expect(tracker.calls.at(-1)).toBe('close');
    }
    time.runUntil(90_000);
    expect(time.scheduledCount).toBe(0);
  });

  it('SS7: a listener that closes the session is the last to be called, and begins nothing', () => {
    const viewer = session();
    let calls = 0;
    viewer.on('joined', () => viewer.close());
    viewer.on('chunkVerified', () => calls++);
    viewer.on('partReady', () => calls++);
    viewer.start();
    time.runFor(5_000);
    // What the answer still brings is ended too.
    expect(log).toEqual(['join', 'cancel join']);
    expect(calls).toBe(0);
    const other = session();
    other.on('partReady', () => {
      calls++;
      other.close();
    });
    log.length = 0;
    other.start();
    time.runFor(5_000);
    expect(calls).toBe(1);
    expect(log.filter((it) => it === 'followHeaders')).toEqual([]);
  });

  it('SS7: who closes it again is told as well', async () => {
    const viewer = session();
    viewer.start();
    viewer.close();
    await new Promise<void>((resolve) => viewer.close(resolve));
  });

  it('SS8: an init segment that a part needs is fetched, told of, and the record looked at again; not after close', () => {
    origin.restartEncoderAt(4_000);
    const viewer = session();
    const events: string[] = [];
    viewer.on('initReady', () => events.push('initReady'));
    viewer.on('recordChanged', ({ record }) => events.push(`record ${record.revision}`));
    viewer.start();
    time.runUntil(8_000);
    expect(events).toEqual(['initReady', 'record 2']);
    const { last } = viewer.timeline(RENDITION);
    expect(last?.epoch).toBe(2);
    expect(viewer.initSegment(last!.initHash)).toBeDefined();
    viewer.close();
    origin.restartEncoderAt(9_000);
    log.length = 0;
    const late = session();
    late.start();
    time.runUntilTrue(() => log.includes('fetchInit'), 10_000);
    late.close();
    const asked = log.length;
    time.runFor(5_000);
    expect(log.slice(asked)).toEqual([]);
  });

  it('SS9: an input that comes while another is handled waits its turn', () => {
    const order: string[] = [];
    const now: Verifier = new NodeVerifier(LINK.publicKey);
    const viewer = session({ verifier: now });
    viewer.on('partReady', ({ header }) => {
      order.push(`begin ${header.sequence}`);
      viewer.setPlayback({ playheadMs: header.programDateTimeMs, rate: 1 });
      viewer.setUpload({ mode: 'on' });
      order.push(`end ${header.sequence}`);
    });
    viewer.start();
    time.runFor(2_000);
    expect(order.length).toBeGreaterThan(10);
    order.forEach((entry, index) => expect(entry.startsWith(index % 2 === 0 ? 'begin' : 'end')).toBe(true));
    viewer.close();
  });

  it('SS10: a listener that throws hurts nobody else', () => {
    const viewer = session();
    let heard = 0;
    const errors: unknown[] = [];
    const catchIt = (error: unknown): void => void errors.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', catchIt);
    viewer.on('joined', () => {
      throw new Error('a listener’s own');
    });
    viewer.on('joined', () => heard++);
    viewer.start();
    time.runFor(500);
    expect(heard).toBe(1);
    expect(viewer.timeline(RENDITION).last).toBeDefined();
    viewer.close();
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      process.removeListener('uncaughtException', catchIt);
      for (const listener of before) process.on('uncaughtException', listener);
      expect(errors).toEqual([expect.objectContaining({ message: 'a listener’s own' })]);
    });
  });

  it('SS11: reachable is an origin that answers, even that it lacks something', () => {
    const answers: OriginFailure[] = ['notFound', 'unavailable', 'unavailable', 'invalid'];
    const client = origin.client(40);
    const viewer = session({
      origin: {
        ...client,
        join: (_request, listener) =>
          time.schedule(time.nowMs() + 10, () => listener.failed(answers.shift() ?? 'notFound')),
      },
    });
    const states: unknown[] = [];
    viewer.on('originStateChanged', (state) => states.push(state));
    viewer.start();
    time.runFor(6_000);
    expect(states).toEqual([
      { isReachable: false, failure: 'unavailable' },
      { isReachable: true, failure: 'invalid' },
    ]);
    expect(viewer.stats().neighbours).toEqual([] satisfies PeerId[]);
    viewer.close();
  });

  it('SS18: a stream that has ended is opened at its beginning', () => {
    time.runUntil(60_000);
    origin.isEnded = true;
    const viewer = session();
    const placed: number[] = [];
    viewer.on('playbackPlaced', ({ header }) => placed.push(header.sequence));
    viewer.start();
    time.runFor(1_000);
    expect([placed, viewer.isAtLiveEdge]).toEqual([[0], false]);
    expect(viewer.read({ rendition: RENDITION, sequence: 0 as ChunkSequence })).toBeDefined();
    const listed: number[] = [];
    viewer.listRecorded({ rendition: RENDITION, after: 2 }, { listed: ({ segments }) => listed.push(...segments.map(({ mediaSequence }) => mediaSequence)), failed: () => undefined });
    time.runFor(100);
    expect(listed[0]).toBe(3);
    viewer.goLive();
    expect(viewer.isAtLiveEdge).toBe(false);
    viewer.close();
  });

  it('SS19: a seek leaves the live edge once headers are there, and the tracker hears that it is no super-peer', () => {
    time.runUntil(20_000);
    const viewer = session();
    const placed: number[] = [];
    const parts: number[] = [];
    viewer.on('playbackPlaced', ({ header }) => placed.push(header.sequence));
    viewer.on('partReady', ({ header }) => parts.push(header.sequence));
    viewer.start();
    tracker.accept();
    time.runFor(1_000);
    const dateMs = origin.chunks[12]!.signed.header.programDateTimeMs;
    viewer.seek({ dateMs, pictureMs: dateMs + 100 });
    expect(viewer.isAtLiveEdge).toBe(true);
    time.runFor(500);
    expect([placed.at(-1), viewer.isAtLiveEdge]).toEqual([10, false]);
    expect(tracker.reports.at(-1)?.isVisible).toBe(false);
    parts.length = 0;
    viewer.goLive();
    time.runFor(2_000);
    expect(viewer.isAtLiveEdge).toBe(true);
    expect(parts[0]).toBeGreaterThan(100);
    expect(tracker.reports.at(-1)?.isVisible).toBe(true);
    viewer.close();
  });

  it('SS20: one rendition is watched on, whatever is chosen that is not there, also after a return to the live edge', () => {
    time.runUntil(20_000);
    const viewer = session();
    const chosen: number[] = [];
    viewer.on('renditionChosen', ({ rendition }) => chosen.push(rendition));
    viewer.setQuality('auto');
    viewer.start();
    time.runFor(1_000);
    viewer.setQuality(5 as RenditionId);
    time.runFor(1_000);
    expect(chosen).toEqual([]);
    expect(viewer.timeline(RENDITION).last).toBeDefined();
    viewer.close();
  });
});
