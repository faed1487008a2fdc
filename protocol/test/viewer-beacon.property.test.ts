import { BEACON_BYTES, clampBeacon, viewerBeaconSchema } from '@p2ptv/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const number = fc.oneof(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), fc.constantFrom(Infinity, -Infinity));
const beacon = fc.record(
  {
    version: fc.constant(1 as const),
    startupMs: number,
    delayMs: number,
    playedMs: number,
    stalledMs: number,
    stalls: fc.integer({ min: -5, max: 1e9 }),
    bytes: fc.record({ origin: number, seeder: number, peers: number, cache: number }),
    originSentBytes: number,
    duplicateBytes: number,
  },
  { requiredKeys: ['version', 'playedMs', 'stalledMs', 'stalls', 'bytes', 'originSentBytes', 'duplicateBytes'] },
);

it('OR9: whatever a viewer counts becomes a beacon that the origin takes', () => {
  fc.assert(
    fc.property(beacon, (counted) => {
      const sent = JSON.stringify(clampBeacon(counted));
      expect(sent.length).toBeLessThanOrEqual(BEACON_BYTES);
      expect(viewerBeaconSchema.safeParse(JSON.parse(sent)).success).toBe(true);
    }),
    { numRuns: 200, seed: 9 },
  );
});
