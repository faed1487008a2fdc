import { describe, expect, it } from 'vitest';
import { formatTable } from '../src/text-table.js';

describe('a table', () => {
  it('lines names up on the left and figures on the right', () => {
    expect(formatTable([['', 'p2ptv', 'hlsjs'], ['startup', '9', '1000'], ['x', '-', '1']])).toBe(
      ['          p2ptv   hlsjs', 'startup       9    1000', 'x             -       1'].join('\n'),
    );
  });
});
