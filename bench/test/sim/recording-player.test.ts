import type { ChunkHeader, ChunkSequence } from '@p2ptv/protocol';
import { beforeEach, describe, expect, it } from 'vitest';

import { EventQueue } from '../../src/sim/event-queue.js';
import { RecordingPlayer } from '../../src/sim/recording-player.js';

const PART_MS = 200;
const PARTS = Array.from(
  { length: 50 },
  (_, sequence) => ({ sequence: sequence as ChunkSequence, programDateTimeMs: sequence * PART_MS, durationUs: PART_MS * 1000 }) as ChunkHeader,
);

let queue: EventQueue;
let there: Set<number>;
let log: string[];
let player: RecordingPlayer;

beforeEach(() => {
  queue = new EventQueue();
  there = new Set();
  log = [];
  const note = (text: string): void => void log.push(`${Math.round(queue.nowMs)} ${text}`);
  player = new RecordingPlayer(PARTS, {
    queue,
    peerIndex: 1,
    isThere: ({ sequence }) => there.has(sequence),
    listener: {
      playheadMoved: () => undefined,
      started: () => note('started'),
      sought: (tookMs) => note(`sought ${tookMs}`),
      stallBegan: () => note('stall'),
      stallEnded: (fromMs) => note(`on after ${Math.round(queue.nowMs - fromMs)}`),
      played: ({ sequence }) => played.push(sequence),
      ended: () => note('ended'),
    },
  });
  played.length = 0;
});
const played: number[] = [];

function come(from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence++) {
    there.add(sequence);
    player.partCame(queue.nowMs, PARTS[sequence]!);
  }
}

function runTo(ms: number): void {
  queue.runUntil(ms, 10_000);
  queue.nowMs = ms;
}

describe('a recording’s player', () => {
  it('begins with the part that it is told, once that is there, and stands still where one is missing', () => {
    player.placed(0, PARTS[10]!);
    come(11, 12);
    runTo(100);
    expect(log).toEqual([]);
    come(10, 10);
    runTo(1_000);
    // Three parts from 140 on.
    expect(log).toEqual(['140 started', '740 stall']);
    come(13, 13);
    runTo(1_100);
    expect(player.isStalled).toBe(true);
    come(14, 14);
    runTo(1_130);
    expect(log.at(-1)).toBe('1120 on after 380');
    player.close(1_130);
    expect(played).toEqual([10, 11, 12, 13]);
  });

  it('counts a seek from the wish to the picture, and hands over nothing that it passes by', () => {
    come(0, 9);
    player.placed(0, PARTS[0]!);
    runTo(500);
    expect(player.canSeek).toBe(true);
    player.seek(500);
    expect(player.canSeek).toBe(false);
    expect(player.waitsSinceMs).toBe(500);
    player.placed(550, PARTS[40]!);
    runTo(800);
    come(40, 49);
    runTo(5_000);
    expect(log).toEqual(['40 started', '840 sought 340', '2840 ended']);
    expect(played).toEqual([0, 1, 2, ...Array.from({ length: 10 }, (_, index) => 40 + index)]);
  });
});
