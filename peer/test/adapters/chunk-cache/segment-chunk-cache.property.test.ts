import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemorySegmentFiles } from '../../../src/adapters/chunk-cache/memory-segment-files.js';
import { parseSegmentName } from '../../../src/adapters/chunk-cache/segment-format.js';
import { bytesOf, CacheRig, chunk, listed, read } from './chunk-cache-contract.js';

const QUOTA_BYTES = 20_000;
const SEGMENT_BYTES = 6_000;
const sequence = fc.integer({ min: 0, max: 12 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), sequence }),
  fc.record({ kind: fc.constant('read' as const), sequence }),
  fc.record({ kind: fc.constant('drop' as const), sequence }),
  fc.record({ kind: fc.constant('flush' as const) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
  fc.record({ kind: fc.constant('clear' as const) }),
);

it('CA5: gives back only what was put, and its files never exceed the quota', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const files = new MemorySegmentFiles();
      const rig = new CacheRig(files);
      let cache = rig.open({ quotaBytes: QUOTA_BYTES, segmentBytes: SEGMENT_BYTES });
      for (const done of steps) {
        if (done.kind === 'put') cache.put(chunk(done.sequence), bytesOf(done.sequence, 500 + done.sequence * 300));
        else if (done.kind === 'drop') cache.drop(chunk(done.sequence));
        else if (done.kind === 'flush') await cache.flush();
        else if (done.kind === 'clear') await new Promise<void>((resolve) => cache.clear(resolve));
        else if (done.kind === 'reopen') {
          await cache.flush();
          cache.close();
          cache = rig.open({ quotaBytes: QUOTA_BYTES, segmentBytes: SEGMENT_BYTES });
          await listed(cache);
        } else {
          const bytes = await read(cache, chunk(done.sequence));
          if (bytes) expect(bytes).toEqual(bytesOf(done.sequence, 500 + done.sequence * 300));
        }
        let total = 0;
        for (const name of await files.list()) {
          if (name === 'uses.json') continue;
          const bytes = (await files.read(name, { from: 0, to: Infinity }))?.length;
          expect(bytes).toBe(parseSegmentName(name)?.bytes);
          total += bytes ?? 0;
        }
        expect(total).toBeLessThanOrEqual(QUOTA_BYTES);
      }
      await cache.flush();
      // What was put last has room, and what is listed can be read.
      cache.put(chunk(99), bytesOf(99));
      await cache.flush();
      for (const held of await listed(cache)) expect(await read(cache, chunk(held))).toBeDefined();
      expect(await read(cache, chunk(99))).toEqual(bytesOf(99));
    }),
    { numRuns: 100, seed: 5 },
  );
});
