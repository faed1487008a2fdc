import { BEACON_INTERVAL_MS, BLOCK_BYTES, clampBeacon, STREAM_PATHS, type ViewerBeacon } from '@p2ptv/protocol';
import type { P2ptvAttachment, P2ptvStats } from './attachment.js';

/** What a beacon is made of: totals since the attachment began. */
type Totals = Pick<ViewerBeacon, 'playedMs' | 'stalledMs' | 'stalls' | 'originSentBytes' | 'duplicateBytes'> & ViewerBeacon['bytes'];

const NOTHING: Totals = { playedMs: 0, stalledMs: 0, stalls: 0, originSentBytes: 0, duplicateBytes: 0, origin: 0, seeder: 0, peers: 0, cache: 0 };

/** Makes beacons of snapshots: each tells what has come to those before. */
export class BeaconLedger {
  #told = NOTHING;
  #isStartupTold = false;

  /** What is new since the last call; undefined: nothing. */
  next(stats: Pick<P2ptvStats, 'startupMs' | 'playoutDelayMs' | 'isFollowingLive' | 'playedMs' | 'stalledMs' | 'stalls' | 'bytes' | 'session'>): ViewerBeacon | undefined {
    const totals = totalsOf(stats);
    const since = (name: keyof Totals): number => totals[name] - this.#told[name];
    const startupMs = this.#isStartupTold ? undefined : stats.startupMs;
    if (startupMs === undefined && (Object.keys(NOTHING) as (keyof Totals)[]).every((name) => since(name) <= 0)) return undefined;
    const beacon = clampBeacon({
      version: 1,
      ...(startupMs === undefined ? {} : { startupMs }),
      ...(stats.isFollowingLive && stats.playoutDelayMs !== undefined ? { delayMs: stats.playoutDelayMs } : {}),
      playedMs: since('playedMs'),
      stalledMs: since('stalledMs'),
      stalls: since('stalls'),
      bytes: { origin: since('origin'), seeder: since('seeder'), peers: since('peers'), cache: since('cache') },
      originSentBytes: since('originSentBytes'),
      duplicateBytes: since('duplicateBytes'),
    });
    this.#told = totals;
    this.#isStartupTold ||= startupMs !== undefined;
    return beacon;
  }
}

/** Tells the origin every 30 s, and at the end, how playback goes. Nobody waits for it, and a failure changes nothing. */
export function sendBeacons(attachment: P2ptvAttachment, baseUrl: string): void {
  const ledger = new BeaconLedger();
  const send = (): void => {
    const beacon = ledger.next(attachment.stats());
    if (beacon) post(`${baseUrl}/${STREAM_PATHS.beacon}`, JSON.stringify(beacon));
  };
  const timer = setInterval(send, BEACON_INTERVAL_MS);
  window.addEventListener('pagehide', send);
  attachment.on('stateChanged', ({ state }) => {
    if (state.kind !== 'detached') return;
    clearInterval(timer);
    window.removeEventListener('pagehide', send);
    send();
  });
}

/** Without credentials, and as plain text, so that no other origin is asked for leave; it outlives the page. */
function post(url: string, body: string): void {
  fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit', mode: 'no-cors' }).catch(() => undefined);
}

function totalsOf({ playedMs, stalledMs, stalls, bytes, session }: Pick<P2ptvStats, 'playedMs' | 'stalledMs' | 'stalls' | 'bytes' | 'session'>): Totals {
  const { media = 0, init = 0, headers = 0, join = 0 } = session?.originReceived ?? {};
  return {
    playedMs,
    stalledMs,
    stalls,
    originSentBytes: media + init + headers + join + (session?.seederFrameBytes ?? 0),
    duplicateBytes: (session?.mechanisms.duplicateBlocks ?? 0) * BLOCK_BYTES,
    origin: bytes.fromOrigin,
    seeder: bytes.fromSeeder,
    peers: bytes.fromPeers,
    cache: bytes.fromCache,
  };
}
