import { expect, it } from 'vitest';

import { formatInput, inputSchema, type InputChoice } from '../../src/channel/input-choice.js';

it.each<[string, InputChoice, string]>([
  ['clip', { kind: 'clip' }, 'clip'],
  ['testcard', { kind: 'testcard' }, 'testcard'],
  ['rtmp', { kind: 'rtmp' }, 'rtmp'],
  ['none', { kind: 'none' }, 'none'],
  ['-', { kind: 'stdin' }, '-'],
  ['srt', { kind: 'srt', port: 8890 }, 'srt:8890'],
  ['SRT:9000', { kind: 'srt', port: 9000 }, 'srt:9000'],
  ['hls:https://tv.example/a.m3u8?b=1', { kind: 'hls', url: 'https://tv.example/a.m3u8?b=1' }, 'hls:https://tv.example/a.m3u8?b=1'],
  ['film.mp4', { kind: 'file', path: 'film.mp4' }, 'film.mp4'],
  ['C:\\film.mp4', { kind: 'file', path: 'C:\\film.mp4' }, 'C:\\film.mp4'],
  ['/films/a: b.mp4', { kind: 'file', path: '/films/a: b.mp4' }, '/films/a: b.mp4'],
])('%s', (text, meant, written) => {
  expect(inputSchema.parse(text)).toEqual(meant);
  expect(formatInput(meant)).toBe(written);
  expect(inputSchema.parse(written)).toEqual(meant);
});

it.each([
  ['', /must not be empty/],
  ['x'.repeat(4097), /must not exceed 4096 characters/],
  ['srt:0', /must name the UDP port/],
  ['srt:65536', /must name the UDP port/],
  ['srt://0.0.0.0:9000?mode=listener', /must name the UDP port/],
  ['hls:ftp://tv.example/a.m3u8', /must name the playlist/],
  ['hls:file:///etc/passwd', /must name the playlist/],
  ['hls:', /must name the playlist/],
  ['rtsp://camera/1', /cannot be rtsp: give/],
  ['http://tv.example/film.mp4', /cannot be http: give/],
  [7, /must be a text/],
])('refuses %s', (text, problem) => {
  expect(inputSchema.safeParse(text).error?.issues[0]?.message).toMatch(problem);
});
