import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { readCaptions } from '../captions/file-captions.js';
import { LoopedCaptions, type ReadCaptions } from '../captions/looped-captions.js';
import { IngestError } from './errors.js';
import { inputUrl, measureStreamSeconds, measureTurnMs, probeMedia, type ProbedMedia } from './media-probe.js';
import type { Source, SourceFeed } from './source.js';

/** Options of a {@link FileSource}. */
export type FileSourceOptions = {
  readonly ffmpegPath: string;
  readonly file: string;
  /** Whether it begins again at its end. Default true. */
  readonly isLooped?: boolean;
  /** Whether it is read in real time; false encodes as fast as the machine can. Default true. */
  readonly isPaced?: boolean;
};

/**
 * ffmpeg loops by the length of the sound. Where the picture differs from it by more than this, ffmpeg
 * would drop or repeat as much picture at each turn, and the file is begun anew instead (with a discontinuity).
 */
const LOOP_TOLERANCE_SECONDS = 0.25;

/** A media file, by default looped in real time as if it were live. */
export class FileSource implements Source {
  readonly kind = 'file';
  readonly label: string;
  /** What the file holds. */
  readonly media: ProbedMedia;
  readonly #options: FileSourceOptions;
  /** Length of the picture where it differs from the sound's, seconds. */
  readonly #pictureSeconds: number | undefined;
  #hasBeenOpened = false;
  /** Once, for all sessions, beside the first: the picture does not wait for them. */
  #captions: Promise<ReadCaptions> | undefined;
  readonly #closing = new AbortController();

  private constructor(options: FileSourceOptions, media: ProbedMedia, pictureSeconds: number | undefined) {
    this.#options = options;
    this.#pictureSeconds = pictureSeconds;
    this.media = media;
    this.label = basename(options.file);
  }

  /**
   * Looks into the file first, so that a bad one is reported before anything is started.
   *
   * @throws IngestError `BAD_INPUT`
   */
  static async create(options: FileSourceOptions): Promise<FileSource> {
    const { ffmpegPath, file, isLooped = true } = options;
    const media = await probeMedia(ffmpegPath, file);
    if (!isLooped || !media.hasAudio || !media.hasVideo) return new FileSource(options, media, undefined);
    const [picture, sound] = await Promise.all(['0:v:0', '0:a:0'].map((map) => measureStreamSeconds(ffmpegPath, file, map)));
    const isUneven = picture !== undefined && sound !== undefined && Math.abs(picture - sound) > LOOP_TOLERANCE_SECONDS;
    return new FileSource(options, media, isUneven ? picture : undefined);
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    const { file, isLooped = true, isPaced = true } = this.#options;
    if (signal.aborted || (this.#hasBeenOpened && !isLooped)) return Promise.resolve(undefined);
    this.#hasBeenOpened = true;
    return Promise.resolve({
      media: this.media,
      inputArguments: [...(isPaced ? ['-re'] : []), ...this.#lengthArguments(isLooped), '-i', inputUrl(file)],
      videoMap: this.media.hasVideo ? '0:v:0' : undefined,
      audioMap: this.media.hasAudio ? '0:a:0' : undefined,
      stdin: undefined,
      isPaced,
      captions: this.#openCaptions(),
    });
  }

  /** What is not live brings its captions another way. */
  #openCaptions(): LoopedCaptions | undefined {
    if (this.#options.isPaced === false || this.media.captions.length === 0) return undefined;
    this.#captions ??= this.#readCaptions();
    return new LoopedCaptions(this.#captions);
  }

  async #readCaptions(): Promise<ReadCaptions> {
    const { ffmpegPath, file, isLooped = true } = this.#options;
    const tracks = await readCaptions(ffmpegPath, file, { ...this.media, signal: this.#closing.signal });
    if (this.#pictureSeconds !== undefined) return { tracks, turnMs: this.#pictureSeconds * 1000 };
    const turnMs = isLooped && tracks.length > 0 ? await measureTurnMs(ffmpegPath, file, { ...this.media, signal: this.#closing.signal }) : undefined;
    return { tracks, turnMs: turnMs ?? Infinity };
  }

  #lengthArguments(isLooped: boolean): string[] {
    if (this.#pictureSeconds !== undefined) return ['-t', String(this.#pictureSeconds)];
    return isLooped ? ['-stream_loop', '-1'] : [];
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }
}

/**
 * Checks that there is such a file, before anything is looked for that takes longer.
 *
 * @throws IngestError `BAD_INPUT`
 */
export function checkFile(path: string): void {
  if (!existsSync(path)) throw new IngestError('BAD_INPUT', `The input file ${path} does not exist: check its path.`);
  if (statSync(path).isDirectory()) throw new IngestError('BAD_INPUT', `The input ${path} is a folder: name a file.`);
}
