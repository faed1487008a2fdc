import { execFile } from 'node:child_process';

import { nearestStandardFrameRate } from '../encode/frame-rate.js';
import { giveWay } from '../encode/give-way.js';
import { IngestError } from './errors.js';
import type { MediaDescription } from './source.js';

/** What a file holds. */
export type ProbedMedia = MediaDescription & {
  /** 0 without a picture. */
  readonly width: number;
  readonly height: number;
  /** Seconds; undefined when the container does not say. */
  readonly durationSeconds: number | undefined;
  /** Its tracks of captions that are text. */
  readonly captions: readonly { /** As ffmpeg maps it. */ readonly stream: number; /** As the file says it, mostly ISO 639-2. */ readonly language: string | undefined }[];
  /** What ffmpeg calls the container, all its names: `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly format: string;
  /** Whether average and nominal frame rate differ, so that frames get repeated or dropped. */
  readonly isVariableRate: boolean;
};

/** Long enough for a file on a slow network disk. */
const PROBE_TIMEOUT_MS = 20_000;
/** A film's sound is decoded three times: once, and two turns of it. */
const TURN_TIMEOUT_MS = 600_000;
/** What ffmpeg says when it says most: of each half second of a film that is read through. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/**
 * Looks into a media file by decoding its first frame with ffmpeg (the npm package has no ffprobe).
 *
 * @throws IngestError `BAD_INPUT` when the file cannot be read, is broken, or has neither picture nor sound
 */
export async function probeMedia(ffmpegPath: string, file: string): Promise<ProbedMedia> {
  const first = (output: readonly string[]): ReturnType<typeof run> => run(ffmpegPath, ['-hide_banner', '-nostdin', '-i', inputUrl(file), ...output, '-f', 'null', '-']);
  const { exitCode, log } = await first(['-map', '0:V:0', '-frames:v', '1']);
  const media = parseFfmpegLog(log);
  if (media?.hasVideo === true && exitCode === 0 && /frame=\s*1\b/.test(log)) return media;
  if (media?.hasVideo === false) {
    const sound = await first(['-map', '0:a:0', '-frames:a', '20']);
    // Undecodable sound is said, and skipped: ffmpeg then ends well with nothing.
    if (sound.exitCode === 0 && /audio:\s*[1-9]/.test(sound.log)) return media;
  }
  throw new IngestError('BAD_INPUT', `The input ${file} cannot be played: ${reasonFrom(log, file)}.`);
}

/**
 * A file name as ffmpeg takes it literally.
 *
 * Without the prefix a name with a colon is read as a protocol, and so is one that a stranger chose.
 */
export function inputUrl(file: string): string {
  return `file:${file}`;
}

/**
 * How long one stream of a file really is, by reading it through without decoding; the container's
 * own figure is that of its longest stream.
 *
 * @param map ffmpeg's stream specifier, e.g. `0:a:0`
 * @returns seconds; undefined when it cannot be told within the time limit of a probe
 */
export async function measureStreamSeconds(ffmpegPath: string, file: string, map: string): Promise<number | undefined> {
  const args = ['-hide_banner', '-nostdin', '-i', inputUrl(file), '-map', map, '-c', 'copy', '-f', 'null', '-'];
  const { exitCode, log } = await run(ffmpegPath, args);
  const time = [...log.matchAll(/time=(\d+):(\d+):(\d+(?:\.\d+)?)/g)].at(-1);
  return exitCode !== 0 || time === undefined ? undefined : secondsOf(time);
}

/**
 * How long a turn of a file is that ffmpeg loops, as ffmpeg counts it: in samples of its sound, else in frames of its picture.
 * Its own count, because a hundredth of a second too much is a second after a hundred turns.
 *
 * @returns ms; undefined when it cannot be told, or is not to be any more
 */
export async function measureTurnMs(ffmpegPath: string, file: string, { hasVideo, hasAudio, signal }: Pick<MediaDescription, 'hasVideo' | 'hasAudio'> & { readonly signal?: AbortSignal }): Promise<number | undefined> {
  // The sound is decoded, which takes little: only so its samples are counted.
  const maps = [...(hasVideo ? ['-map', '0:v:0', '-c:v', 'copy'] : []), ...(hasAudio ? ['-map', '0:a:0'] : [])];
  const endUs: number[] = [];
  for (const repeats of ['0', '1']) {
    const args = ['-v', 'error', '-nostdin', '-stream_loop', repeats, '-i', inputUrl(file), ...maps, '-progress', 'pipe:2', '-f', 'null', '-'];
    const { exitCode, log } = await run(ffmpegPath, args, { timeoutMs: TURN_TIMEOUT_MS, ...(signal ? { signal } : {}) });
    const found = [...log.matchAll(/^out_time_(?:us|ms)=(\d+)/gm)].at(-1)?.[1];
    if (exitCode !== 0 || found === undefined) return undefined;
    endUs.push(Number(found));
  }
  const [once = 0, twice = 0] = endUs;
  return twice > once ? (twice - once) / 1000 : undefined;
}

/** Reads the description that ffmpeg prints of its first input; undefined when there is neither a picture nor sound in it, or the picture's size is not known. A cover is no picture. */
export function parseFfmpegLog(log: string): ProbedMedia | undefined {
  const input = /^Input #0.*?(?=^(?:Output #0|Stream mapping)|(?![\s\S]))/ms.exec(log)?.[0] ?? '';
  // Older builds do not mark a cover where they list it, but find no picture.
  const isPictureless = log.includes("0:V:0' matches no streams");
  const video = input.split('\n').find((line) => /Stream #0.*: Video: /.test(line) && !isPictureless && !line.includes('(attached pic)'));
  const size = video === undefined ? null : /, (\d{1,5})x(\d{1,5})[ ,[]/.exec(`${video},`);
  const hasAudio = /Stream #0.*: Audio: /.test(input);
  if (video === undefined ? !hasAudio : size === null) return undefined;
  const averageRate = video === undefined ? undefined : numberBefore(video, 'fps');
  const nominalRate = video === undefined ? undefined : numberBefore(video, 'tbr');
  const [width, height] = video === undefined || size === null ? [0, 0] : shownSize([Number(size[1]), Number(size[2])], video, input);
  const duration = /Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/.exec(input);
  return {
    width,
    height,
    captions: captionsIn(input),
    format: /^Input #0, (\S+), from /m.exec(input)?.[1] ?? '',
    frameRate: nearestStandardFrameRate(averageRate ?? nominalRate),
    isVariableRate: averageRate !== undefined && nominalRate !== undefined && Math.abs(averageRate / nominalRate - 1) > 0.01,
    hasVideo: video !== undefined,
    hasAudio,
    durationSeconds: duration === null ? undefined : secondsOf(duration),
  };
}

/** Pictures of letters, as discs have them, cannot be shown as text. */
function captionsIn(input: string): ProbedMedia['captions'] {
  const tracks = input.matchAll(/Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\((\w{2,8})\))?: Subtitle: (?:subrip|srt|ass|ssa|mov_text|webvtt|text)\b/g);
  return [...tracks].map(([, stream, language]) => ({ stream: Number(stream), language }));
}

function secondsOf(match: RegExpMatchArray): number {
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}

/** `59.94 fps`, `1k tbr`. */
function numberBefore(line: string, unit: string): number | undefined {
  const found = new RegExp(`([\\d.]+)(k?) ${unit}\\b`).exec(line);
  return found === null ? undefined : Number(found[1]) * (found[2] === 'k' ? 1000 : 1);
}

/** With square pixels, and turned the way a phone held it: ffmpeg does both before our filters. */
function shownSize([codedWidth, height]: [number, number], video: string, input: string): [number, number] {
  const aspect = /SAR (\d+):(\d+)/.exec(video);
  const stretch = aspect === null || aspect[2] === '0' ? 1 : Number(aspect[1]) / Number(aspect[2]);
  const width = Math.round(codedWidth * stretch);
  const rotation = /rotation of (-?[\d.]+) degrees|rotate\s*: (-?\d+)/.exec(input);
  const degrees = Math.abs(Number(rotation?.[1] ?? rotation?.[2] ?? 0));
  return Math.round(degrees) % 180 === 90 ? [height, width] : [width, height];
}

function reasonFrom(log: string, file: string): string {
  if (/No such file or directory/.test(log)) return 'there is no such file';
  if (/Permission denied/.test(log)) return 'we may not read it';
  if (/Is a directory/.test(log)) return 'it is a directory';
  if (/matches no streams/.test(log)) return 'there is neither picture nor sound in it';
  if (/Invalid data found/.test(log)) return 'it is broken, or no media file';
  if (log.includes('timed out')) return 'reading it took too long';
  const line = log.split('\n').find((text) => text.includes(`${inputUrl(file)}: `));
  return line?.split(`${inputUrl(file)}: `)[1]?.trim().replace(/\.$/, '') ?? 'it holds nothing that can be decoded';
}

function run(path: string, args: readonly string[], { timeoutMs = PROBE_TIMEOUT_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<{ exitCode: number; log: string }> {
  return new Promise((resolve) => {
    const child = execFile(path, args, { timeout: timeoutMs, maxBuffer: MAX_LOG_BYTES, windowsHide: true, ...(signal ? { signal } : {}) }, (error, _stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, log: stderr });
      else resolve({ exitCode: 1, log: error.killed === true ? `${stderr}\ntimed out` : stderr });
    });
    // A long one runs beside what is live.
    if (timeoutMs > PROBE_TIMEOUT_MS) giveWay(child);
  });
}
