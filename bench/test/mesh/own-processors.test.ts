import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { keptOn, ownProcessors, parseProcessorList } from '../../src/mesh/own-processors.js';

describe('a processor for each worker', () => {
  it.each([
    ['0\n', [0]],
    ['0-3', [0, 1, 2, 3]],
    ['0-2,5,7-8', [0, 1, 2, 5, 7, 8]],
  ])('reads the list %j', (text, processors) => {
    expect(parseProcessorList(text)).toEqual(processors);
  });

  it.each(['', 'all', '0-', '1,,2', '0;1'])('takes %j for no list', (text) => {
    expect(parseProcessorList(text)).toBeUndefined();
  });

  it('keeps a program on the processor that it is given, in batches', async ({ skip }) => {
    const processors = ownProcessors();
    const processor = processors?.at(-1);
    if (processor === undefined) return skip('this system keeps no process on a processor');
    const { program, args } = keptOn(processor, { program: 'sh', args: ['-c', 'chrt --pid $$; taskset --cpu-list --pid $$'] });
    const { stdout } = await promisify(execFile)(program, [...args]);
    expect(stdout).toContain('SCHED_BATCH');
    expect(parseProcessorList(stdout.slice(stdout.lastIndexOf(':') + 1))).toEqual([processor]);
  });
});
