import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { signatureOf, signedPortion } from '@p2ptv/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { hashBlocks } from '../../src/package/record-file.js';
import { kill, openStream, publisher, temporaryFolder } from './stream-fixture.js';

type Run = {
  readonly parts: number;
  readonly sessions: number;
  readonly end: 'clean' | 'kill' | 'powerLoss';
  /** Where each file is cut by the power loss, as a fraction of its length. */
  readonly cuts: readonly number[];
  /** The numbering file falls back to what was flushed last. */
  readonly isNumberingLost: boolean;
};

const run = fc.record<Run>({
  parts: fc.integer({ min: 0, max: 45 }),
  sessions: fc.integer({ min: 1, max: 3 }),
  end: fc.constantFrom('clean', 'kill', 'powerLoss'),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
  isNumberingLost: fc.boolean(),
});

it('whatever crashes and wherever the log is torn, no number is used twice and nothing unsigned or garbled is served', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 2, maxLength: 4 }), async (runs) => {
      const folder = temporaryFolder();
      const used = { sequences: new Set<number>(), epochs: new Set<number>(), positions: new Set<string>(), revisions: new Set<number>() };
      let bootId = 1;
      let isWhole = true;
      let last: { sequence: number; mediaSequence: number } | undefined;
      try {
        for (const [index, { parts, sessions, end, cuts, isNumberingLost }] of runs.entries()) {
          const { live, begin, publish } = openStream(folder.path, { bootId: `boot ${bootId}` });
          const flushedNumbering = readFileSync(join(folder.path, 'numbering'));
          await expectSound(live);
          if (isWhole && last) expect(live.log.last?.sequence).toBe(last.sequence);
          const epochsOfRun = new Set<number>();
          live.onChange((change) => {
            if (change.kind === 'recordChanged') {
              expect(used.revisions.has(live.record!.revision)).toBe(false);
              used.revisions.add(live.record!.revision);
            }
            if (change.kind !== 'published') return;
            const { header } = change.chunk.signed;
            const position = `${header.mediaSequence}/${header.partIndex}`;
            expect(used.sequences.has(header.sequence)).toBe(false);
            expect(used.positions.has(position)).toBe(false);
            expect(used.epochs.has(header.epoch)).toBe(false);
            if (isWhole && last) expect(header.mediaSequence - last.mediaSequence).toBeLessThanOrEqual(1);
            isWhole = true;
            used.sequences.add(header.sequence);
            used.positions.add(position);
            epochsOfRun.add(header.epoch);
            last = header;
          });
          for (let session = 0; session < sessions; session++) {
            begin(`${index}-${session}`);
            publish(parts);
          }
          for (const epoch of epochsOfRun) used.epochs.add(epoch);
          if (end === 'clean') {
            live.close();
            continue;
          }
          kill(folder.path, live);
          if (end === 'kill') continue;
          bootId++;
          isWhole = false;
          if (isNumberingLost) writeFileSync(join(folder.path, 'numbering'), flushedNumbering);
          const names = readdirSync(folder.path).filter((name) => name.startsWith('chunks-'));
          names.forEach((name, at) => {
            const path = join(folder.path, name);
            truncateSync(path, Math.floor(statSync(path).size * (cuts[at % cuts.length] ?? 0)));
          });
        }
        const { live } = openStream(folder.path, { bootId: `boot ${bootId}` });
        await expectSound(live);
        live.close();
      } finally {
        folder.remove();
      }
    }),
    { numRuns: 30, seed: 20261121 },
  );
});

async function expectSound(live: ReturnType<typeof openStream>['live']): Promise<void> {
  for (const { header } of live.log.headersAfter(-1, 10_000)) {
    const chunk = (await live.log.read(header.sequence))!;
    expect(publisher.isSigned(signedPortion(chunk.signed), signatureOf(chunk.signed))).toBe(true);
    expect(hashBlocks(chunk.bytes)).toEqual(chunk.signed.header.blockHashes.map((hash) => new Uint8Array(hash)));
    expect(live.log.init(header.initHash)).toBeDefined();
  }
}
