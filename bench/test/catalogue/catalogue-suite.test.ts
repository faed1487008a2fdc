import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { catalogueReportSchema } from '../../src/catalogue/report.js';
import { catalogueSuite } from '../../src/catalogue/suite.js';

describe('the catalogue suite', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2ptv-catalogue-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('times every kind of search, and finds something', async () => {
    const json = join(folder, 'out.json');
    const lines: string[] = [];
    const context = { signal: new AbortController().signal, print: (line: string) => void lines.push(line) };
    await catalogueSuite.run({ recordings: '300', searches: '20', json }, context);
    const { results, config } = catalogueReportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(config).toEqual({ recordings: 300, searches: 20 });
    expect(results.p2ptv.searches.map(({ name, samples }) => `${name} ${samples}`)).toEqual(
      ['firstLetter', 'oneWord', 'twoWords', 'wordsAndFilters', 'newest', 'longest'].map((name) => `${name} 20`),
    );
    const found = Object.fromEntries(results.p2ptv.searches.map(({ name, foundP50 }) => [name, foundP50]));
    // Lists have all that are not private; a first letter is in most; two words are in fewer than one.
    expect(found['longest']).toBe(300);
    expect(found['firstLetter']).toBeGreaterThan(found['oneWord'] ?? NaN);
    expect(found['oneWord']).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('p95 of a search over 300');
  });

  it('stops between searches, and leaves no file', async () => {
    const context = { signal: AbortSignal.abort(), print: () => undefined };
    await expect(catalogueSuite.run({}, context)).rejects.toThrow('Stopped before anything was measured.');
  });

  it('refuses a number that is none', async () => {
    const context = { signal: new AbortController().signal, print: () => undefined };
    await expect(catalogueSuite.run({ recordings: 'many' }, context)).rejects.toThrow('--recordings must be a whole number from 100 to 1000000, not "many".');
  });
});
