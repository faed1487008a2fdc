import * as z from 'zod/mini';
import { countSchema } from './schemas.js';

/** Longest beacon, bytes. Bounds what a stranger can make the origin parse. */
export const BEACON_BYTES = 1024;
/** How often a viewer sends one, ms; also at its end. */
export const BEACON_INTERVAL_MS = 30_000;

/** Longest time that one beacon tells of: hidden pages are seldom woken. */
const MOST_MS = 600_000;
const MOST_BYTES = 4e9;
const durationMs = z.number().check(z.gte(0), z.lte(MOST_MS));
const byteCount = countSchema.check(z.lte(MOST_BYTES));

/**
 * `POST <stream>/beacon`: how playback has been since the last beacon of this viewer. It tells neither who nor where: no id,
 * no address, nothing that joins two beacons.
 */
export const viewerBeaconSchema = z.strictObject({
  version: z.literal(1),
  /** From the click to the first frame painted, ms; in the first beacon after it. */
  startupMs: z.optional(durationMs),
  /** Glass to glass, ms, now; left out where nothing live is played. */
  delayMs: z.optional(durationMs),
  /** Time in which the picture should have moved, and in which it stood, ms. */
  playedMs: durationMs,
  stalledMs: durationMs,
  stalls: countSchema.check(z.lte(10_000)),
  /** Verified media, by who brought them. */
  bytes: z.strictObject({ origin: byteCount, seeder: byteCount, peers: byteCount, cache: byteCount }),
  /** All that the origin sent, media or not. */
  originSentBytes: byteCount,
  /** Media that came though they were there already. */
  duplicateBytes: byteCount,
});
/** See {@link viewerBeaconSchema}. */
export type ViewerBeacon = z.infer<typeof viewerBeaconSchema>;

/** {@link viewerBeaconSchema}, cut to what it lets through: a clock that jumped costs no beacon. */
export function clampBeacon(beacon: ViewerBeacon): ViewerBeacon {
  const ms = (value: number): number => Math.round(Math.min(MOST_MS, Math.max(0, value)));
  const bytes = (value: number): number => Math.round(Math.min(MOST_BYTES, Math.max(0, value)));
  return {
    version: 1,
    ...(beacon.startupMs === undefined ? {} : { startupMs: ms(beacon.startupMs) }),
    ...(beacon.delayMs === undefined ? {} : { delayMs: ms(beacon.delayMs) }),
    playedMs: ms(beacon.playedMs),
    stalledMs: ms(beacon.stalledMs),
    stalls: Math.min(10_000, Math.max(0, beacon.stalls)),
    bytes: {
      origin: bytes(beacon.bytes.origin),
      seeder: bytes(beacon.bytes.seeder),
      peers: bytes(beacon.bytes.peers),
      cache: bytes(beacon.bytes.cache),
    },
    originSentBytes: bytes(beacon.originSentBytes),
    duplicateBytes: bytes(beacon.duplicateBytes),
  };
}
