import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { joinAnswerSchema, TRACKER_SOCKET_PATH } from '@p2ptv/protocol';

import { BenchError } from '../../errors.js';
import { ChildProgram } from '../../load/child-program.js';
import { SDP_LENGTH, type PeerDialogue, type PeerEvent, type RunningTracker, type TrackerSystem } from './system.js';

const CLI = new URL('../../../../tracker/dist/entry/cli.js', import.meta.url);
/** As `npm run tracker` runs it: the young objects of thousands of joins and reports die young, and full collections are rare (decision 0014). */
const AS_STARTED = ['--max-semi-space-size=32', '--heap-growing-percent=300'];
const START_LIMIT_MS = 20_000;
/** All peers of a run watch the same stream. */
const STREAM_ID = 'b'.repeat(40);
const MEGABIT = 1_000_000;

/** Our own tracker: the command that operators run, told that it stands behind a proxy. */
export const p2ptv: TrackerSystem = {
  summary: 'p2ptv-tracker, one process',
  start: async (options): Promise<RunningTracker> => {
    const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
    // Each peer then has an address of its own, by its header: what one address may do is not what is measured.
    const args = ['--port', '0', '--host', '127.0.0.1', '--data', folder, '--trust-proxy'];
    const program = new ChildProgram({ name: 'The tracker', script: CLI, args, ...options, nodeArgs: [...AS_STARTED, ...options.nodeArgs] });
    const stop = async (): Promise<void> => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      const [, port = ''] = await program.line(/^Tracker at http:\/\/127\.0\.0\.1:(\d+)/, START_LIMIT_MS);
      return { program, url: `ws://127.0.0.1:${port}${TRACKER_SOCKET_PATH}/?EIO=4&transport=websocket`, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  },
  newDialogue: () => new P2ptvDialogue(),
};

/** Engine.IO 4 and Socket.IO 5 by hand, as far as a peer needs them: twenty thousand whole clients would be the load. */
class P2ptvDialogue implements PeerDialogue {
  readonly isReadyAtOpen = false;
  reportIntervalMs: number | undefined;
  #peerId = '';
  #fingerprint = '';
  #lastAck = 0;
  #awaitedAck = -1;
  #receivedBytes = 0;

  get peerId(): string {
    return this.#peerId;
  }

  read(text: string): PeerEvent {
    if (text === '2') return { kind: 'reply', text: '3' };
    if (text.startsWith('0')) return { kind: 'reply', text: '40' };
    if (text.startsWith('40')) return { kind: 'ready' };
    if (text.startsWith('42["signal"')) return { kind: 'signal' };
    if (text.startsWith(`43${this.#awaitedAck}[`)) return this.#answered(text.slice(`43${this.#awaitedAck}`.length));
    if (text.startsWith('42["reportInterval"')) {
      this.reportIntervalMs = intervalIn(text);
      return { kind: 'other' };
    }
    if (text.startsWith('44')) return { kind: 'refused', reason: text.slice(0, 200) };
    return { kind: 'other' };
  }

  join(): readonly string[] {
    const random = randomBytes(48).toString('hex');
    this.#peerId = random.slice(0, 32);
    this.#fingerprint = (random.slice(32).toUpperCase().match(/../g) ?? []).join(':');
    this.#awaitedAck = ++this.#lastAck;
    const request = {
      version: 1,
      streamId: STREAM_ID,
      peerId: this.#peerId,
      role: 'viewer',
      fingerprint: this.#fingerprint,
      uplinkBitsPerSecond: 12 * MEGABIT,
      isUploading: true,
      isVisible: true,
    };
    return [`42${this.#awaitedAck}${JSON.stringify(['join', request])}`];
  }

  leave(): readonly string[] {
    return ['42["leave"]'];
  }

  report(): string {
    // At 3 Mb/s, all but a little of it from peers: a viewer in a swarm that works.
    this.#receivedBytes += ((this.reportIntervalMs ?? 0) / 1000) * ((3 * MEGABIT) / 8);
    const report = {
      fromPeersBytes: Math.round(this.#receivedBytes * 0.99),
      fromOriginBytes: Math.round(this.#receivedBytes * 0.01),
      fromSeederBytes: 0,
      fallbackBytes: 0,
      sentBytes: Math.round(this.#receivedBytes),
      uplinkBitsPerSecond: 12 * MEGABIT,
      neighbourCount: 14,
      isUploading: true,
      isVisible: true,
    };
    return `42${JSON.stringify(['report', report])}`;
  }

  signal(toPeerId: string): string {
    const body = { kind: 'offer', sdp: 's'.repeat(SDP_LENGTH), ticket: 't'.repeat(500) };
    return `42${JSON.stringify(['signal', { from: this.#peerId, to: toPeerId, connectionId: '0123456789abcdef', body }])}`;
  }

  #answered(text: string): PeerEvent {
    this.#awaitedAck = -1;
    // The rest of a run's answers are looked at no closer than it takes to tell them apart.
    if (this.reportIntervalMs !== undefined && text.startsWith('[{"kind":"joined"')) {
      this.reportIntervalMs = intervalIn(text);
      return { kind: 'joined' };
    }
    const [answer] = JSON.parse(text) as unknown[];
    const parsed = joinAnswerSchema.safeParse(answer);
    if (!parsed.success) throw new BenchError('The tracker answered a join with what is no answer.');
    if (parsed.data.kind === 'refused') return { kind: 'refused', reason: parsed.data.code };
    this.reportIntervalMs = parsed.data.reportIntervalMs;
    return { kind: 'joined' };
  }
}

/** The report interval that a message names, ms. */
function intervalIn(text: string): number {
  const [, digits] = /"reportIntervalMs":(\d+)/.exec(text) ?? [];
  if (digits === undefined) throw new BenchError('The tracker named no report interval.');
  return Number(digits);
}
