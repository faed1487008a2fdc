import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { planCadence, planSoundCadence, type Cadence } from '../../src/encode/cadence.js';
import type { EncodingOptions } from '../../src/encode/encoder-arguments.js';
import { startEncoderSession, type SessionEnd } from '../../src/encode/encoder-session.js';
import { planLadder, SINGLE_RENDITION } from '../../src/encode/ladder.js';
import { locateFfmpeg, packagedFfmpegPath, type Ffmpeg } from '../../src/encode/ffmpeg-location.js';
import type { AssembledPart, AssembledRendition } from '../../src/fragment/part-assembler.js';
import type { Source } from '../../src/ingest/source.js';

/** The ffmpeg of the npm package and, where there is one, the system's: both must do. */
export async function allFfmpegs(): Promise<Ffmpeg[]> {
  const packaged = await locateFfmpeg({ P2PTV_FFMPEG: packagedFfmpegPath() });
  const chosen = await locateFfmpeg({});
  return chosen.foundBy === 'system' ? [chosen, packaged] : [packaged];
}

/** Everything that one session gave of one rendition. */
export type EncodedSession = {
  readonly cadence: Cadence;
  readonly init: AssembledRendition;
  readonly parts: readonly AssembledPart[];
  readonly arrivals: readonly number[];
  readonly end: SessionEnd;
};

type EncodeChoice = { partMs?: number; encoding?: EncodingOptions };

/** Encodes a source to its end in one rendition. */
export async function encodeAll(ffmpeg: Ffmpeg, source: Source, options: EncodeChoice = {}): Promise<EncodedSession> {
  const [session] = await encodeLadder(ffmpeg, source, options);
  return session!;
}

/** Encodes a source to its end, in all renditions of the ladder, best first. */
export async function encodeLadder(ffmpeg: Ffmpeg, source: Source, options: EncodeChoice = {}): Promise<EncodedSession[]> {
  const feed = await source.open(new AbortController().signal);
  if (feed === undefined) throw new Error('the source gave nothing');
  const { partMs = 200 } = options;
  const cadence = feed.media.hasVideo ? planCadence({ frameRate: feed.media.frameRate, partMs }) : planSoundCadence({ partMs });
  const { ladder: heights = SINGLE_RENDITION, videoBitrateKbps } = options.encoding ?? {};
  const renditions = planLadder({ heights, media: feed.media, cadence, videoBitrateKbps });
  const given: { part: AssembledPart; arrivedAtMs: number }[] = [];
  let inits: readonly AssembledRendition[] = [];
  const end = await new Promise<SessionEnd>((resolve) => {
    startEncoderSession(
      { ffmpeg, feed, cadence, renditions, encoding: options.encoding ?? {} },
      { nowMs: () => performance.now(), wallMs: () => Date.now() },
      {
        onInit: (init) => (inits = init.renditions),
        onPart: (part, arrivedAtMs) => void given.push({ part, arrivedAtMs }),
        onEnd: resolve,
      },
    );
  });
  if (inits.length === 0) throw new Error(`no init segment: ${JSON.stringify(end)}`);
  return inits.map((init) => {
    const own = given.filter(({ part }) => part.rendition === init.rendition);
    return { cadence, init, parts: own.map(({ part }) => part), arrivals: own.map(({ arrivedAtMs }) => arrivedAtMs), end };
  });
}

/** The session as one file. */
export function joined(session: EncodedSession): Buffer {
  return Buffer.concat([session.init.bytes, ...session.parts.map((part) => part.bytes)]);
}

/** Runs ffmpeg to its end and gives its standard output and its log; fails when it does. */
export function ffmpegOutput(path: string, args: readonly string[]): Promise<{ stdout: Buffer; log: string }> {
  return new Promise((resolve, reject) => {
    execFile(path, ['-hide_banner', '-nostdin', ...args], { encoding: 'buffer', maxBuffer: 2 ** 30 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.toString(), { cause: error }));
      else resolve({ stdout, log: stderr.toString() });
    });
  });
}

/** A folder that is gone after `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'p2ptv-origin-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Top rows of every decoded picture, as luma. */
export async function decodedLuma(
  ffmpeg: Ffmpeg,
  session: EncodedSession,
): Promise<{ width: number; height: number; pictures: Uint8Array[] }> {
  const { width, height } = session.init;
  return withFolder(async (folder) => {
    const file = join(folder, 'session.mp4');
    await writeFile(file, joined(session));
    const { stdout } = await ffmpegOutput(ffmpeg.path, [
      ...['-loglevel', 'error', '-i', file, '-map', '0:v:0', ffmpeg.constantRateOptions[0]!, 'passthrough'],
      ...['-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'],
    ]);
    const pictures: Uint8Array[] = [];
    for (let offset = 0; offset < stdout.length; offset += width * height) pictures.push(stdout.subarray(offset, offset + width * height));
    return { width, height, pictures };
  });
}
