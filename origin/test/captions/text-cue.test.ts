import { describe, expect, it } from 'vitest';

import { readCues, timestampMap, writeCues } from '../../src/captions/text-cue.js';

describe('WebVTT', () => {
  it('is read cue by cue, and written so that it reads the same', () => {
    const cues = readCues('WEBVTT\n\n00:01.000 --> 00:02.500\nGood <i>evening</i>\nall\n\nNOTE nothing\n\n7\n101:00:03.250 --> 101:00:04.000 line:0\nLate\n');
    expect(cues).toEqual([
      { startMs: 1000, endMs: 2500, text: 'Good <i>evening</i>\nall' },
      { startMs: 363_603_250, endMs: 363_604_000, text: 'Late' },
    ]);
    expect(readCues(writeCues(cues, [timestampMap(5, 7)]))).toEqual(cues);
  });

  it('of a stranger brings no cue into another, none that never ends, none without a word or an end, and none of any length', () => {
    const text = `WEBVTT\n\n00:01.000 --> 99:00:00.000\n00:05.000 --> 00:06.000\u0000\n\n00:02.000 --> 00:02.000\nempty\n\n00:03.000 --> 00:04.000\n\u0007\n\n00:04.000 --> 00:05.000\n${'x'.repeat(5000)}\n`;
    const cues = readCues(text);
    expect(cues.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [1000, 601_000],
      [4000, 5000],
    ]);
    expect(cues[0]?.text).toBe('00:05.000 --&gt; 00:06.000');
    expect(cues[1]?.text.length).toBe(1000);
    expect(readCues('\u0000\uFFFFno WebVTT at all -->')).toEqual([]);
  });

  it('is put on the clock of the media, which has 33 bits', () => {
    expect(timestampMap(2000, 1500)).toBe('X-TIMESTAMP-MAP=MPEGTS:180000,LOCAL:00:00:01.500');
    expect(timestampMap(2 ** 33 / 90 + 1000, 0)).toBe('X-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000');
  });
});
