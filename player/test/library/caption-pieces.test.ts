import type { CaptionPair } from '@p2ptv/protocol';
import { eraseCaption, popOnCaption, rollUpCaption } from '@p2ptv/protocol/caption-writer';
import { describe, expect, it } from 'vitest';
import { CaptionPieces, type CaptionPiece } from '../../src/library/caption-pieces.js';

const FRAME_SECONDS = 1 / 30;
const FRAMES_PER_PART = 6;

/** Reads parts of six frames, of which each carries a pair, from a time on. */
function readParts(pieces: CaptionPieces, pairs: readonly CaptionPair[], { fromSeconds = 0, parts = Math.ceil(pairs.length / FRAMES_PER_PART) } = {}): CaptionPiece[] {
  return Array.from({ length: parts }, (_part, index) => {
    const first = index * FRAMES_PER_PART;
    const carried = Array.from({ length: FRAMES_PER_PART }, (_frame, frame) => ({ startSeconds: fromSeconds + (first + frame) * FRAME_SECONDS, pairs: pairs.slice(first + frame, first + frame + 1) }));
    return pieces.read(carried, fromSeconds + (first + FRAMES_PER_PART) * FRAME_SECONDS);
  }).flat();
}

const told = (pieces: readonly CaptionPiece[]): unknown[] => pieces.map(({ channel, startSeconds, endSeconds, text }) => [channel, Math.round(startSeconds * 30), Math.round(endSeconds * 30), text]);

describe('captions in the picture, part by part', () => {
  it('one that is loaded over several parts stands from its last command on, in every part until it is erased', () => {
    const pairs = popOnCaption('Words that take time');
    const reader = new CaptionPieces();
    expect(pairs).toHaveLength(18);
    // The first of the two commands that show it.
    expect(told(readParts(reader, pairs))).toEqual([['CC1', 16, 18, 'Words that take time']]);
    expect(told(readParts(reader, [], { fromSeconds: 0.6, parts: 2 }))).toEqual([['CC1', 18, 24, 'Words that take time'], ['CC1', 24, 30, 'Words that take time']]);
    expect(told(readParts(reader, eraseCaption(), { fromSeconds: 1, parts: 2 }))).toEqual([]);
  });

  it('one that comes letter by letter is shown in steps of a part, each from its beginning', () => {
    const reader = new CaptionPieces();
    const first = told(readParts(reader, rollUpCaption('One two three four')));
    expect(first.map((piece) => (piece as unknown[])[3])).toEqual(['One two thre', 'One two three four']);
    const second = readParts(reader, rollUpCaption('Five'), { fromSeconds: 1 });
    expect(second.at(-1)?.text).toBe('One two three four\nFive');
  });

  it('each channel for itself', () => {
    const reader = new CaptionPieces();
    const pieces = readParts(reader, [...popOnCaption('Over here', 'CC1'), ...popOnCaption('Over there', 'CC4')]);
    expect(new Set(pieces.map(({ channel, text }) => `${channel} ${text}`))).toEqual(new Set(['CC1 Over here', 'CC4 Over there']));
  });

  it('text services and descriptions of the programme are none', () => {
    const text = (letters: string): CaptionPair[] => rollUpCaption(letters).slice(-Math.ceil(letters.length / 2));
    const reader = new CaptionPieces();
    const service: CaptionPair[] = [{ field: 1, first: 0x14, second: 0x2a }, ...text('Weather')];
    const description: CaptionPair[] = [{ field: 2, first: 1, second: 3 }, ...text('Film').map((pair) => ({ ...pair, field: 2 as const })), { field: 2, first: 0x0f, second: 0x20 }];
    const captions = [...rollUpCaption('Hi', 'CC1'), ...rollUpCaption('Ho', 'CC3'), ...service, ...description];
    const pieces = readParts(reader, [...captions, ...captions]);
    expect([...new Set(pieces.flatMap((piece) => piece.text.split('\n')))].sort()).toEqual(['Hi', 'Ho']);
  });

  it('after sixteen seconds without a word nothing stands there any more, and nothing after a reset', () => {
    const reader = new CaptionPieces();
    readParts(reader, popOnCaption('Hi'));
    expect(readParts(reader, [], { fromSeconds: 10, parts: 1 })).toHaveLength(1);
    expect(readParts(reader, [], { fromSeconds: 17, parts: 1 })).toEqual([]);
    readParts(reader, popOnCaption('Hi'), { fromSeconds: 20 });
    reader.reset();
    expect(readParts(reader, [], { fromSeconds: 22, parts: 1 })).toEqual([]);
  });
});
