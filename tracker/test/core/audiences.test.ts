import type { DutyMap, PeerId, RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { peerId, TrackerWorld } from './tracker-world.js';

const OTHER = 1 as RenditionId;

/** Viewers 1 to n with the origin; whoever is above `first` watches the other rendition. All have reported. */
function world(count: number, first: number): TrackerWorld {
  const made = new TrackerWorld();
  made.joinOrigin();
  for (let index = 1; index <= count; index++) made.joined(index, index > first ? { rendition: OTHER } : {});
  for (let index = 1; index <= count; index++) made.report(index, index > first ? { rendition: OTHER } : {});
  made.advance(1_000);
  return made;
}

function map(of: TrackerWorld, rendition?: RenditionId): DutyMap['stripes'] {
  return of.got(0xff, 'dutyMap').filter((told) => told.rendition === rendition).at(-1)?.stripes ?? [];
}

function indicesOf(peers: readonly PeerId[]): number[] {
  return [...new Set(peers)].map((id) => Number.parseInt(id, 16));
}

describe('renditions', () => {
  it('each has its own duty, held by those who watch it', () => {
    const made = world(24, 12);
    const [ours, theirs] = [indicesOf(map(made).flat()), indicesOf(map(made, OTHER).flat())];
    expect(map(made).every((holders) => holders.length === 2)).toBe(true);
    expect(map(made, OTHER).every((holders) => holders.length === 2)).toBe(true);
    expect(ours.every((index) => index <= 12)).toBe(true);
    expect(theirs.every((index) => index > 12)).toBe(true);
    expect(made.got(theirs[0]!, 'duty').at(-1)).toMatchObject({ rendition: OTHER });
    expect(made.got(ours[0]!, 'duty').at(-1)).not.toHaveProperty('rendition');
  });

  it('copies are counted by those who watch it: one for each up to ten', () => {
    const made = world(16, 8);
    expect([...map(made), ...map(made, OTHER)].every((holders) => holders.length === 1)).toBe(true);
  });

  it('who changes over loses its duty at once, is told so, and others get it', () => {
    const made = world(30, 15);
    const mover = indicesOf(map(made).flat())[0]!;
    const kept = map(made, OTHER);
    made.report(mover, { rendition: OTHER });
    expect(made.got(mover, 'duty').at(-1)).toEqual({ stripes: [], rendition: OTHER });
    made.advance(1_000);
    expect(map(made).flat()).not.toContain(peerId(mover));
    expect(map(made).every((holders) => holders.length === 2)).toBe(true);
    expect(map(made, OTHER)).toEqual(kept);
  });

  it('the last one who leaves a rendition leaves its duty empty, and one who comes to it gets all', () => {
    const made = world(9, 8);
    expect(indicesOf(map(made, OTHER).flat())).toEqual([9]);
    made.report(9, {});
    made.advance(1_000);
    expect(map(made, OTHER).flat()).toEqual([]);
    made.report(3, { rendition: OTHER });
    made.advance(1_000);
    expect(indicesOf(map(made, OTHER).flat())).toEqual([3]);
    expect(made.got(3, 'duty').at(-1)).toEqual({ stripes: [0, 1, 2, 3, 4, 5, 6, 7], rendition: OTHER });
  });

  it('a seeder that comes is told of each', () => {
    const made = world(24, 12);
    made.joinOrigin(0xfe);
    expect(new Set(made.got(0xfe, 'dutyMap').map(({ rendition }) => rendition))).toEqual(new Set([undefined, OTHER]));
  });

  it('three quarters of the neighbours named watch the same, the others stand by', () => {
    const made = world(80, 40);
    const told = made.joined(90, { rendition: OTHER }).neighbours;
    const same = told.filter(({ peerId: id }) => Number.parseInt(id, 16) > 40);
    expect(told).toHaveLength(14);
    expect(same).toHaveLength(11);
  });

  it('whoever asks for some of a rendition gets those first, also before it has told that it watches it', () => {
    const made = world(80, 40);
    const { neighbours } = made.tracker.neighboursWanted('c1', { count: 4, exclude: [], rendition: OTHER });
    expect(neighbours.filter(({ peerId: id }) => Number.parseInt(id, 16) > 40)).toHaveLength(3);
  });

  it('where few watch the same, all of them are named, and others make up the rest', () => {
    const made = world(40, 38);
    const told = made.joined(90, { rendition: OTHER }).neighbours;
    expect(told).toHaveLength(14);
    expect(told.map(({ peerId: id }) => Number.parseInt(id, 16))).toEqual(expect.arrayContaining([39, 40]));
  });
});
