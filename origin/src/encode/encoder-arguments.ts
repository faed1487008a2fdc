import type { SourceFeed } from '../ingest/source.js';
import { burntClockFilters } from './burnt-clock.js';
import { SOUND_SAMPLE_RATE, type Cadence } from './cadence.js';
import type { Ffmpeg } from './ffmpeg-location.js';
import { formatFrameRate } from './frame-rate.js';
import type { Frame, PlannedRendition } from './ladder.js';
import type { StartTimer } from './start-timer.js';

/** How the picture and the sound are encoded. All optional. */
export type EncodingOptions = {
  /**
   * x264 preset. `ultrafast` takes the least CPU (6 % of a core at 640x360); `veryfast` looks better at
   * the same rate for three times that. Default `ultrafast`.
   */
  readonly preset?: string;
  /** Heights of the renditions to make, the largest first, pixels; see {@link planLadder}. Default: one of 720. Too many or too high take more CPU than there is. */
  readonly ladder?: readonly number[];
  /** Whether the picture is passed on as it comes, where it fits; else it is encoded. Default false. */
  readonly isPassedOn?: boolean;
  /**
   * Rate of the best rendition's video, kb/s; the others get less by size. Default by size: 800 at 640x360, 2400 at 1280x720.
   * Too low gives blocks, too high late parts.
   */
  readonly videoBitrateKbps?: number;
  /** Rate of the audio, kb/s. Default {@link DEFAULT_AUDIO_BITRATE_KBPS}. */
  readonly audioBitrateKbps?: number;
  /** Whether the wall clock is drawn into the picture, for measuring delay. Default false. */
  readonly hasClock?: boolean;
};

/** Options of one encoder run. */
export type EncoderRun = {
  readonly ffmpeg: Ffmpeg;
  readonly feed: SourceFeed;
  readonly cadence: Cadence;
  /** What is made, best first. */
  readonly renditions: readonly PlannedRendition[];
  readonly encoding: EncodingOptions;
  /** Finds the cadence of an input whose picture is passed on as it comes; undefined: it is encoded in {@link EncoderRun.cadence}. */
  readonly cadenceOf?: ((framesPerGop: number) => Cadence | undefined) | undefined;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer | undefined;
};

/** The file descriptor on which ffmpeg writes the sound. */
export const AUDIO_FD = 3;

/** Stereo AAC without audible loss for most. */
export const DEFAULT_AUDIO_BITRATE_KBPS = 96;

/** The file descriptor on which ffmpeg writes the picture of its `index`-th rendition. */
export function videoFd(index: number): number {
  return index === 0 ? 1 : AUDIO_FD + index;
}

/**
 * ffmpeg's arguments for one session: the picture of the best rendition on standard output, the sound on {@link AUDIO_FD}
 * and the other pictures on {@link videoFd}, each as FLV.
 *
 * An output each, because one with both would hold every frame back until the sound of the same time
 * exists (44–64 ms); FLV, because it is written packet by packet. The input is decoded once, and the
 * smaller pictures are made from the largest.
 */
export function encoderArguments(run: EncoderRun): string[] {
  const { feed, renditions, encoding } = run;
  const output = (fd: number): string[] => ['-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1', `pipe:${fd}`];
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'warning', '-nostdin', '-filter_threads', '1'],
    ...(renditions.length > 1 ? ['-filter_complex_threads', '1'] : []),
    ...feed.inputArguments,
    ...(renditions.length > 1 ? ['-filter_complex', splitGraph(run)] : []),
    ...renditions.flatMap((rendition, index) =>
      feed.videoMap === undefined ? [] : [...pictureArguments(run, { rendition, index, videoMap: feed.videoMap }), ...output(videoFd(index))],
    ),
    ...(feed.audioMap === undefined ? [] : ['-map', feed.audioMap, ...audioArguments(encoding), ...output(AUDIO_FD)]),
  ];
}

type Picture = { readonly rendition: PlannedRendition; readonly index: number; readonly videoMap: string };

function pictureArguments(run: EncoderRun, { rendition, index, videoMap }: Picture): string[] {
  const { renditions, cadenceOf } = run;
  if (cadenceOf) return ['-map', videoMap, '-c:v', 'copy'];
  const from = renditions.length > 1 ? ['-map', `[v${index}]`] : ['-map', videoMap, '-vf', pictureFilters(run, rendition.bounds).join(',')];
  return [...from, ...videoArguments(run, rendition)];
}

/** The best picture, and from it the others; the clock is drawn once and shrinks with it. */
function splitGraph(run: EncoderRun): string {
  const { feed, renditions } = run;
  const [best, ...others] = renditions;
  if (best === undefined) return '';
  const names = others.map((_, index) => `[s${index + 1}]`);
  return [
    `[${feed.videoMap ?? ''}]${[...pictureFilters(run, best.bounds), `split=${renditions.length}`].join(',')}[v0]${names.join('')}`,
    ...others.map(({ bounds }, index) => `[s${index + 1}]${scaleFilters(bounds).join(',')}[v${index + 1}]`),
  ].join(';');
}

function pictureFilters({ feed: { canvas }, encoding: { hasClock = false } }: EncoderRun, bounds: Frame): string[] {
  const toCanvas = canvas ? [`scale=${canvas.width}:${canvas.height}`] : [];
  return [...toCanvas, ...scaleFilters(bounds), ...(hasClock ? burntClockFilters() : [])];
}

function videoArguments({ ffmpeg, cadence, encoding }: EncoderRun, { videoBitrateKbps: rate }: PlannedRendition): string[] {
  const { preset = 'ultrafast' } = encoding;
  const gop = String(cadence.framesPerGop);
  return [
    ...['-r', formatFrameRate(cadence.frameRate), ...ffmpeg.constantRateOptions],
    ...['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'main', '-pix_fmt', 'yuv420p'],
    ...['-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
    // Half a second of buffer: a key frame's part is at most about twice as large as the others.
    ...['-b:v', `${rate}k`, '-maxrate', `${rate}k`, '-bufsize', `${Math.ceil(rate / 2)}k`],
  ];
}

function audioArguments({ audioBitrateKbps = DEFAULT_AUDIO_BITRATE_KBPS }: EncodingOptions): string[] {
  return [
    ...['-af', 'aresample=async=1:first_pts=0', '-ar', String(SOUND_SAMPLE_RATE), '-ac', '2'],
    ...['-c:a', 'aac', '-b:a', `${audioBitrateKbps}k`],
  ];
}

/** Shrinks into the frame, with square pixels and even sides. Expressions, because a live picture's size may be unknown yet. */
function scaleFilters(frame: Frame): string[] {
  const shrink = `min(1,min(${frame.width}/(iw*sar),${frame.height}/ih))`;
  const even = (side: string): string => `max(2,2*floor(${side}*${shrink}/2+0.01))`;
  return [`scale=w='${even('iw*sar')}':h='${even('ih')}'`, 'setsar=1', 'format=yuv420p'];
}
