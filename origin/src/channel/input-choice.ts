import * as z from 'zod';

/** Where a channel's picture comes from. */
export type InputChoice =
  | { readonly kind: 'clip' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'testcard' }
  | { readonly kind: 'rtmp' }
  | { readonly kind: 'srt'; readonly port: number }
  | { readonly kind: 'hls'; readonly url: string }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'whip' }
  | { readonly kind: 'none' };

/** The longest text that names an input. */
const MAX_CHARACTERS = 4096;
/** Where SRT listens when nobody says. */
export const DEFAULT_SRT_PORT = 8890;
/** What people try, and what they may try instead. */
const UNKNOWN_SCHEMES = new Set(['http', 'https', 'udp', 'rtp', 'rtsp', 'rtmps', 'tcp']);

/** What is written as an input (`rtmp`, `testcard`, a file's path …), and what it means. */
export const inputSchema = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(MAX_CHARACTERS, `must not exceed ${MAX_CHARACTERS} characters`)
  .transform((value, context): InputChoice => {
    const meant = meaningOf(value);
    if (!('problem' in meant)) return meant;
    context.addIssue(meant.problem);
    return z.NEVER;
  });

/** The text that means an input: the inverse of {@link inputSchema}. */
export function formatInput(input: InputChoice): string {
  switch (input.kind) {
    case 'file':
      return input.path;
    case 'srt':
      return `srt:${input.port}`;
    case 'hls':
      return `hls:${input.url}`;
    case 'stdin':
      return '-';
    case 'clip':
    case 'testcard':
    case 'rtmp':
    case 'whip':
    case 'none':
      return input.kind;
  }
}

/** Whether whoever publishes to it shows a stream key. */
export function takesStreamKey(input: InputChoice): boolean {
  return input.kind === 'rtmp' || input.kind === 'whip';
}

/** Inputs that are a word. */
const WORDS: Readonly<Record<string, InputChoice>> = {
  clip: { kind: 'clip' },
  testcard: { kind: 'testcard' },
  rtmp: { kind: 'rtmp' },
  whip: { kind: 'whip' },
  srt: { kind: 'srt', port: DEFAULT_SRT_PORT },
  none: { kind: 'none' },
  '-': { kind: 'stdin' },
};

function meaningOf(value: string): InputChoice | { readonly problem: string } {
  const word = Object.hasOwn(WORDS, value) ? WORDS[value] : undefined;
  if (word) return word;
  const [, scheme = '', rest = ''] = /^([a-z]{3,}):(.*)$/is.exec(value) ?? [];
  if (scheme.toLowerCase() === 'srt') return srtInput(rest);
  if (scheme.toLowerCase() === 'hls') return hlsInput(rest);
  if (UNKNOWN_SCHEMES.has(scheme.toLowerCase())) {
    return { problem: `cannot be ${scheme}: give a file, testcard, rtmp, srt, whip, hls:<address>, - or none` };
  }
  return { kind: 'file', path: value };
}

function srtInput(rest: string): InputChoice | { readonly problem: string } {
  const port = Number(/^(\d{1,5})$/.exec(rest)?.[1] ?? NaN);
  if (port >= 1 && port <= 65_535) return { kind: 'srt', port };
  return { problem: 'must name the UDP port that SRT listens on, such as srt:8890, and nothing else' };
}

function hlsInput(rest: string): InputChoice | { readonly problem: string } {
  const url = URL.canParse(rest) ? new URL(rest) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return { kind: 'hls', url: url.href };
  return { problem: 'must name the playlist, such as hls:https://tv.example/index.m3u8' };
}
