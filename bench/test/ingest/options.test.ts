import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { UsageError } from '../../src/errors.js';
import { resolveIngestOptions } from '../../src/ingest/options.js';

describe('the ingest suite’s options', () => {
  it('measures every way in where nothing is said', () => {
    const { task, jsonPath } = resolveIngestOptions({});
    expect(task.kind === 'ways' && [task.rounds, ...task.ways.map(({ name }) => name)]).toEqual([5, 'rtmp', 'srt', 'whip', 'file', 'studio']);
    expect(jsonPath).toBeUndefined();
  });

  it('takes what is said', () => {
    const json = join(tmpdir(), 'figures.json');
    const { task, jsonPath } = resolveIngestOptions({ ways: 'studio,rtmp', rounds: '2', json });
    expect(task.kind === 'ways' && [task.rounds, ...task.ways.map(({ name }) => name)]).toEqual([2, 'rtmp', 'studio']);
    expect(jsonPath).toBe(json);
    expect(resolveIngestOptions({ channels: '3', seconds: '600' }).task).toEqual({ kind: 'channels', channels: 3, seconds: 600 });
    const sync = resolveIngestOptions({ avSync: true, ways: 'studio', seconds: '1800' }).task;
    expect(sync.kind === 'avSync' && [sync.seconds, ...sync.ways.map(({ name }) => name)]).toEqual([1800, 'studio']);
    expect(resolveIngestOptions({ lossPercent: '0,3' }).task).toEqual({ kind: 'lossy', lossPercent: [0, 3], seconds: 20 });
  });

  it.each([
    [{ ways: 'rtmp,tape' }, '--ways must name some of rtmp, srt, whip, file, studio, each once, with commas, not "rtmp,tape".'],
    [{ rounds: '0' }, '--rounds must be a whole number from 1 to 100, not "0".'],
    [{ channels: '3', rounds: '2' }, '--channels is another measurement: leave out --ways and --rounds, or --channels.'],
    [{ lossPercent: '3', channels: '3' }, '--channels and --loss-percent are two measurements: give one.'],
    [{ avSync: true, rounds: '2' }, '--av-sync has no rounds: leave out --rounds, or --av-sync.'],
    [{ avSync: true, lossPercent: '3' }, '--loss-percent and --av-sync are two measurements: give one.'],
    [{ lossPercent: '3,0' }, '--loss-percent must be whole numbers from 0 to 50 with commas, rising, not "3,0".'],
    [{ seconds: '60' }, '--seconds belongs to --channels, --loss-percent or --av-sync: give it with one of them.'],
  ])('refuses %o', (flags, sentence) => {
    expect(() => resolveIngestOptions(flags)).toThrow(new UsageError(sentence));
  });
});
