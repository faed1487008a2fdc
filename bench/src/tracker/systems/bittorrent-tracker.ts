import { randomBytes } from 'node:crypto';

import { ChildProgram } from '../../load/child-program.js';
import { SDP_LENGTH, type PeerDialogue, type PeerEvent, type RunningTracker, type TrackerSystem } from './system.js';

const SERVER = new URL('./bittorrent-server.js', import.meta.url);
const START_LIMIT_MS = 20_000;
/** Both are 20 bytes, one a character. */
const INFO_HASH = 'p2ptv-bench-torrent0';
const PEER_ID_BYTES = 10;

/** WebTorrent's tracker, its WebSocket server alone. */
export const bittorrentTracker: TrackerSystem = {
  summary: "WebTorrent's tracker over WebSocket, one process",
  start: async (options): Promise<RunningTracker> => {
    const program = new ChildProgram({ name: 'bittorrent-tracker', script: SERVER, ...options });
    try {
      const [, port = ''] = await program.line(/^listening (\d+)/, START_LIMIT_MS);
      return { program, url: `ws://127.0.0.1:${port}`, stop: () => program.stop() };
    } catch (error) {
      await program.stop();
      throw error;
    }
  },
  newDialogue: () => new BittorrentDialogue(),
};

/**
 * BEP 3's announces as WebTorrent sends them over WebSocket. They carry no offers, which is the least
 * that this tracker can be asked for; a signal is the answer to an offer, which it passes on to one peer.
 */
class BittorrentDialogue implements PeerDialogue {
  readonly isReadyAtOpen = true;
  /** Its peers announce every two minutes; what that costs is left out in its favour. */
  readonly reportIntervalMs = undefined;
  #peerId = '';
  /** What the answers to come are answers to. */
  readonly #awaited: ('left' | 'joined')[] = [];

  get peerId(): string {
    return this.#peerId;
  }

  read(text: string): PeerEvent {
    if (text.includes('"answer":')) return { kind: 'signal' };
    if (text.includes('"failure reason"')) return { kind: 'refused', reason: text.slice(0, 200) };
    if (text.includes('"interval":')) return this.#awaited.shift() === 'joined' ? { kind: 'joined' } : { kind: 'other' };
    return { kind: 'other' };
  }

  join(): readonly string[] {
    // A socket keeps its first name with this tracker.
    if (this.#peerId === '') this.#peerId = randomBytes(PEER_ID_BYTES).toString('hex');
    this.#awaited.push('joined');
    return [this.#announce({ event: 'started' })];
  }

  leave(): readonly string[] {
    this.#awaited.push('left');
    return [this.#announce({ event: 'stopped' })];
  }

  report(): undefined {
    return undefined;
  }

  signal(toPeerId: string): string {
    return this.#announce({ to_peer_id: toPeerId, offer_id: '0'.repeat(20), answer: { type: 'answer', sdp: 's'.repeat(SDP_LENGTH) } });
  }

  #announce(more: object): string {
    return JSON.stringify({ action: 'announce', info_hash: INFO_HASH, peer_id: this.#peerId, uploaded: 0, downloaded: 0, left: 1, ...more });
  }
}
