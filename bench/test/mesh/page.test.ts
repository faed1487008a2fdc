import { describe, expect, it } from 'vitest';
import { meshPage } from '../../src/mesh/page.js';
import { meshResult, report } from './made-up-mesh.js';

describe('the page of a mesh', () => {
  const page = meshPage(report(meshResult({ offloadOverLimit: 0.97, chunkDelayMs: { p50: 110, p95: 200, p99: 700 }, failures: ['Worker <1> ended.'] })));

  it('needs nothing but itself, and runs no script', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|href=|src=/);
    expect(page).toContain('Worker &lt;1&gt; ended.');
  });

  it('has both side by side, drawn and in figures, and which bars are met', () => {
    expect(page).toContain('1 of 2 bars met');
    expect(page).toMatch(/700 ms.*simulator 400 ms/);
    expect(page).toMatch(/chunk delay p99<\/th><td class="number">700 ms<\/td><td class="number">400 ms<\/td><td class="number">\+75 %/);
    // Each drawing for wide pages and for phones.
    expect(page.match(/<svg/g)).toHaveLength(2 * 4);
  });
});
