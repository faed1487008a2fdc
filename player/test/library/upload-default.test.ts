import { describe, expect, it } from 'vitest';
import { defaultUpload } from '../../src/library/upload-default.js';

describe('default upload', () => {
  it.each([
    [undefined, 'on'],
    [{}, 'on'],
    [{ saveData: false, type: 'wifi' }, 'on'],
    [{ saveData: true }, 'off'],
    [{ type: 'cellular' }, 'off'],
  ] as const)('with %j is %s', (hints, mode) => {
    expect(defaultUpload(hints)).toEqual({ mode });
  });
});
