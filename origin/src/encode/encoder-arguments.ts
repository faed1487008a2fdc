import type { SourceFeed } from '../ingest/source.js';
import { burntClockFilters } from './burnt-clock.js';
import type { Cadence } from './cadence.js';
import type { Ffmpeg } from './ffmpeg-location.js';
import type { StartTimer } from './start-timer.js';
import { formatFrameRate, framesPerSecond } from './frame-rate.js';

/** How the picture and the sound are encoded. All optional. */
export type EncodingOptions = {
  /**
   * x264 preset. `ultrafast` takes the least CPU (6 % of a core at 640x360); `veryfast` looks better at
   * the same rate for three times that. Default `ultrafast`.
   */
  readonly preset?: string;
  /** The picture is shrunk to this height, or into 1280x720 where none is given; never enlarged. Pixels. Too high takes more CPU than there is. */
  readonly height?: number;
  /** Rate of the video, kb/s. Default by size: 800 at 640x360, 2400 at 1280x720. Too low gives blocks, too high late parts. */
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
  readonly encoding: EncodingOptions;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer | undefined;
};

/** The file descriptor on which ffmpeg writes the sound. */
export const AUDIO_FD = 3;

/** Stereo AAC without audible loss for most. */
export const DEFAULT_AUDIO_BITRATE_KBPS = 96;

/** Pixels. */
type Frame = { readonly width: number; readonly height: number };

const DEFAULT_FRAME: Frame = { width: 1280, height: 720 };

/**
 * ffmpeg's arguments for one session: H.264 on standard output and AAC on {@link AUDIO_FD}, each as FLV.
 *
 * Two outputs, because one would hold every frame back until the sound of the same time exists
 * (44–64 ms); FLV, because it is written packet by packet.
 */
export function encoderArguments({ ffmpeg, feed, cadence, encoding }: EncoderRun): string[] {
  const output = (target: string): string[] => ['-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1', target];
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'warning', '-nostdin', '-filter_threads', '1'],
    ...feed.inputArguments,
    ...['-map', feed.videoMap, ...videoArguments({ ffmpeg, feed, cadence, encoding }), ...output('pipe:1')],
    ...(feed.audioMap === undefined
      ? []
      : ['-map', feed.audioMap, ...audioArguments(encoding), ...output(`pipe:${AUDIO_FD}`)]),
  ];
}

/** The video's rate in kb/s that a picture of this size gets when nobody says otherwise. */
export function defaultVideoBitrateKbps(width: number, height: number, framesASecond: number): number {
  const pixelRatio = (width * height) / (640 * 360);
  // Neighbouring pixels and frames resemble each other the more, the more there are: hence the exponents.
  return Math.round(800 * pixelRatio ** 0.8 * (framesASecond / 30) ** 0.5);
}

function videoArguments({ ffmpeg, feed, cadence, encoding }: EncoderRun): string[] {
  const { preset = 'ultrafast', hasClock = false } = encoding;
  const frame = largestFrame(encoding.height);
  const rate = encoding.videoBitrateKbps ?? defaultRate(feed, cadence, frame);
  const gop = String(cadence.framesPerGop);
  return [
    ...['-vf', [...scaleFilters(frame), ...(hasClock ? burntClockFilters() : [])].join(',')],
    ...['-r', formatFrameRate(cadence.frameRate), ...ffmpeg.constantRateOptions],
    ...['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'main', '-pix_fmt', 'yuv420p'],
    ...['-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
    // Half a second of buffer: a key frame's part is at most about twice as large as the others.
    ...['-b:v', `${rate}k`, '-maxrate', `${rate}k`, '-bufsize', `${Math.ceil(rate / 2)}k`],
  ];
}

function audioArguments({ audioBitrateKbps = DEFAULT_AUDIO_BITRATE_KBPS }: EncodingOptions): string[] {
  return [
    ...['-af', 'aresample=async=1:first_pts=0', '-ar', '48000', '-ac', '2'],
    ...['-c:a', 'aac', '-b:a', `${audioBitrateKbps}k`],
  ];
}

/** An explicit height is obeyed; the width then bounds only pictures that are wider than 16:9, and never below the default. */
function largestFrame(height: number | undefined): Frame {
  if (height === undefined) return DEFAULT_FRAME;
  return { width: Math.max(DEFAULT_FRAME.width, Math.ceil((height * 16) / 9)), height };
}

/** Shrinks into the frame, with square pixels and even sides. Expressions, because a live picture's size may be unknown yet. */
function scaleFilters(frame: Frame): string[] {
  const shrink = `min(1,min(${frame.width}/(iw*sar),${frame.height}/ih))`;
  const even = (side: string): string => `max(2,2*floor(${side}*${shrink}/2+0.01))`;
  return [`scale=w='${even('iw*sar')}':h='${even('ih')}'`, 'setsar=1', 'format=yuv420p'];
}

function defaultRate(feed: SourceFeed, cadence: Cadence, frame: Frame): number {
  const { width = frame.width, height = frame.height } = feed.media;
  const shrink = Math.min(1, frame.width / width, frame.height / height);
  return defaultVideoBitrateKbps(width * shrink, height * shrink, framesPerSecond(cadence.frameRate));
}
