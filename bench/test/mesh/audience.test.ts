import { describe, expect, it } from 'vitest';
import { planAudience } from '../../src/mesh/audience.js';

const options = { peers: 50, browsers: 1, arrivalSeconds: 20, uplink: { kind: 'mixed', meanBitsPerSecond: 1e6 }, seed: 1 } as const;

describe('planAudience', () => {
  it('lets all come in the order of their numbers, from 1 s on and within the time', () => {
    const audience = planAudience(options);
    expect(audience.map(({ index }) => index)).toEqual(Array.from({ length: 51 }, (_, place) => place + 1));
    const times = audience.map(({ joinAtMs }) => joinAtMs);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(times[0]).toBeGreaterThanOrEqual(1_000);
    expect(times.at(-1)).toBeLessThanOrEqual(21_000);
  });

  it.each([
    [0, []],
    [1, [27]],
    [2, [18, 36]],
  ])('%d browsers come among the others, not first', (browsers, numbers) => {
    const audience = planAudience({ ...options, browsers });
    expect(audience.filter(({ isBrowser }) => isBrowser).map(({ index }) => index)).toEqual(numbers);
    expect(audience.filter(({ isBrowser }) => !isBrowser)).toHaveLength(50);
  });

  it('draws the same uplinks for the same seed, and others for another', () => {
    const uplinks = (seed: number): number[] => planAudience({ ...options, seed }).map(({ uplinkBitsPerSecond }) => uplinkBitsPerSecond);
    expect(uplinks(1)).toEqual(uplinks(1));
    expect(uplinks(1)).not.toEqual(uplinks(2));
    expect(new Set(planAudience({ ...options, uplink: { kind: 'equal', bitsPerSecond: 7 } }).map(({ uplinkBitsPerSecond }) => uplinkBitsPerSecond))).toEqual(new Set([7]));
  });
});
