import { expect, it } from 'vitest';

import { summarizeTurns } from '../../src/origin/segment-turns.js';

const turn = (ours: number, theirs: number): Parameters<typeof summarizeTurns>[0][number] => ({
  p2ptv: { bytesPerSecond: ours, bytesPerCpuSecond: ours * 2 },
  nginx: { bytesPerSecond: theirs, bytesPerCpuSecond: theirs },
});

it('ratios are taken turn by turn: what slows a machine down for a while slows both', () => {
  const { segments, nginx } = summarizeTurns([turn(100, 200), turn(10, 20), turn(90, 90)]);
  expect(segments).toEqual({ bytesPerSecond: 90, bytesPerCpuSecond: 180 });
  expect(nginx).toEqual({ segments: { bytesPerSecond: 90, bytesPerCpuSecond: 90 }, bytesPerSecondRatio: 0.5, bytesPerCpuSecondRatio: 1 });
});

it('without nginx, and where processor time cannot be read, there is no ratio', () => {
  const ours = { bytesPerSecond: 100, bytesPerCpuSecond: null };
  expect(summarizeTurns([{ p2ptv: ours }])).toEqual({ segments: ours, nginx: undefined });
  expect(summarizeTurns([{ p2ptv: ours, nginx: ours }]).nginx).toEqual({ segments: ours, bytesPerSecondRatio: 1, bytesPerCpuSecondRatio: null });
});
