import { describe, expect, it } from 'vitest';
import { parseStat, ProcessTreeMeter, type ProcessTimes } from '../src/process-times.js';

function process(pid: number, parentPid: number, cpuSeconds: number, name = 'chromium'): ProcessTimes {
  return { pid, parentPid, cpuSeconds, name };
}

describe('a line of /proc/<pid>/stat', () => {
  it('gives parent and processor time, whatever the name', () => {
    const rest = 'S 7 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 100 0 0';
    expect(parseStat(`42 (a) b (c) ${rest}`)).toEqual({ pid: 42, name: 'a) b (c', parentPid: 7, cpuSeconds: 3 });
  });

  it('is refused when it is something else', () => {
    expect(parseStat('')).toBeUndefined();
  });
});

describe('the processor time of a process tree', () => {
  it('counts from the first look on, descendants included, strangers not', () => {
    const meter = new ProcessTreeMeter(1);
    meter.look([process(3, 2, 30), process(1, 0, 10), process(2, 1, 20), process(9, 0, 99)]);
    expect(meter.cpuSeconds()).toBe(0);
    meter.look([process(3, 2, 33), process(1, 0, 11), process(2, 1, 22), process(9, 0, 200)]);
    expect(meter.cpuSeconds()).toBe(6);
  });

  it('counts a latecomer from its beginning, and keeps what an ended one has used', () => {
    const meter = new ProcessTreeMeter(1);
    meter.look([process(1, 0, 10)]);
    meter.look([process(1, 0, 10), process(2, 1, 5)]);
    meter.look([process(1, 0, 12)]);
    expect(meter.cpuSeconds()).toBe(7);
  });

  it('tells processes apart by name', () => {
    const meter = new ProcessTreeMeter(1);
    meter.look([process(1, 0, 0, 'node'), process(2, 1, 0, 'ffmpeg')]);
    meter.look([process(1, 0, 2, 'node'), process(2, 1, 7, 'ffmpeg')]);
    expect(meter.cpuSeconds((name) => name === 'ffmpeg')).toBe(7);
    expect(meter.cpuSeconds((name) => name !== 'ffmpeg')).toBe(2);
  });
});
