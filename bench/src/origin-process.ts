import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { streamListSchema, type OriginBytes, type StreamListing } from '@p2ptv/protocol';
import * as z from 'zod';

import { BenchError } from './errors.js';
import { sumBytes } from './metrics/offload.js';
import { originBytesSchema } from './origin-bytes.js';

/** How the origin is run. */
export type OriginSettings = {
  readonly partMs: number;
  /** Of the renditions, pixels, the best first. */
  readonly heights: readonly number[];
  readonly input: string;
  /** Bit rate of the video, kb/s. Default: by size. */
  readonly videoKbps?: number;
  /** What it may send in all, kb/s. Default: no limit. */
  readonly uplinkKbps?: number | undefined;
  /** Address to listen on. Default: loopback. */
  readonly host?: string;
  /** It publishes so much of its input, a file or `clip`, and then the stream ends, s. Default: it goes on. */
  readonly recordedSeconds?: number | undefined;
  /** A tracker that runs by itself. Default: the origin's own. */
  readonly trackerUrl?: string | undefined;
  /** STUN server that its tracker tells peers. Default: none. */
  readonly stunUrl?: string | undefined;
  /** Is told of every chunk when it is published. */
  readonly published?: (chunk: PublishedChunk) => void;
};

const publishedSchema = z.object({
  /** 0: the best. */
  rendition: z.int().min(0),
  sequence: z.int().min(0),
  byteLength: z.int().positive(),
  durationUs: z.int().positive(),
  isIndependent: z.boolean(),
  programDateTimeMs: z.number(),
});
/** A chunk as the origin's log has it, and when it was published, ms since the Unix epoch. */
export type PublishedChunk = z.infer<typeof publishedSchema> & { readonly publishedWallMs: number };

const statsSchema = z.object({
  streams: z.array(
    z.object({
      slug: z.string(),
      originBytes: originBytesSchema,
      viewers: z.int().min(0),
      lastSequence: z.int().nullable(),
    }),
  ),
});
/** One stream in `GET /api/stats`. */
export type StreamStats = z.infer<typeof statsSchema>['streams'][number];

const logLineSchema = z.object({
  level: z.number(),
  time: z.number(),
  msg: z.string(),
  port: z.number().optional(),
  version: z.string().optional(),
  path: z.string().optional(),
  chunk: publishedSchema.optional(),
});

/** The built command line, seen from the sources and from the built files alike. */
const CLI = fileURLToPath(new URL('../../origin/dist/entry/cli.js', import.meta.url));
/** The clip that comes with the origin. */
const CLIP = fileURLToPath(new URL('../../origin/media/clip.mp4', import.meta.url));
/** Two groups of pictures. The playlist has a minute of them, as the origin's does by default. */
export const SEGMENT_MS = 2_000;
const READY = /^P2PTV is ready/;
const FOUND_FFMPEG = /^Found ffmpeg/;
/** pino's number for `warn`. */
const WARNING = 40;
const READY_LIMIT_MS = 30_000;
const LIVE_LIMIT_MS = 30_000;
/** What a player that follows the edge may start from, s: there before anybody joins. */
const HEAD_START_SECONDS = 8;
/** Beyond the time that the media themselves take, ms. */
const PUBLISHING_LIMIT_MS = 30_000;
const POLL_MS = 200;
/** How long a stopped origin may take, ms, before it is killed. */
const STOP_LIMIT_MS = 4_000;

/** Loopback. */
const DEFAULT_HOST = '127.0.0.1';

/** An origin of the bench's own: a child process with a data folder of its own, both gone at the end. */
export class OriginProcess {
  readonly #folder: string;
  readonly #settings: OriginSettings;
  #child: ChildProcess;
  #exited: Promise<void>;
  /** Plays a file into it. */
  #feeder: ChildProcess | undefined;
  readonly #removeNow: () => void;
  /** What it complained of, line by line. */
  readonly warnings: string[] = [];
  #lastWords = '';
  #port: number | undefined;
  #isReady = false;
  /** Between its killing and its new start. */
  #isAway = false;
  /** What it had sent when it was killed: it counts from 0 again. */
  #sentBefore: OriginBytes = sumBytes([]);
  #ffmpegVersion = 'unknown';

  private constructor(settings: OriginSettings) {
    this.#settings = settings;
    this.#folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
    this.#child = this.#spawn();
    this.#exited = exitOf(this.#child);
    // Whatever ends this process: nothing is left behind.
    this.#removeNow = () => {
      this.#feeder?.kill('SIGKILL');
      this.#child.kill('SIGKILL');
      rmSync(this.#folder, { recursive: true, force: true });
    };
    process.once('exit', this.#removeNow);
  }

  /**
   * Starts an origin and waits until there is something to watch.
   *
   * @throws BenchError with the origin's own sentence when it does not come up
   */
  static async start(settings: OriginSettings, signal: AbortSignal): Promise<OriginProcess> {
    if (!existsSync(CLI)) throw new BenchError('The origin is not built: run npm run build first.');
    const origin = new OriginProcess(settings);
    try {
      await origin.#untilReady(signal);
      const isLive = async (): Promise<boolean> => (await origin.listing())?.state === 'live';
      await origin.#until(isLive, { limitMs: LIVE_LIMIT_MS, what: 'be live', signal });
      await origin.untilHeld(HEAD_START_SECONDS, signal);
      if (settings.recordedSeconds !== undefined) await origin.#untilEnded(settings.recordedSeconds, signal);
      return origin;
    } catch (error) {
      await origin.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Base URL, without a closing slash. */
  get url(): string {
    return `http://${this.#settings.host ?? DEFAULT_HOST}:${this.#port ?? 0}`;
  }

  get ffmpegVersion(): string {
    return this.#ffmpegVersion;
  }

  /** @throws BenchError when it has ended by itself */
  check(): void {
    if (this.#isAway) return;
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new BenchError(`The origin has ended: ${this.#lastWords || `code ${this.#child.exitCode ?? this.#child.signalCode ?? 'unknown'}`}`);
  }

  /** The one stream there is, as viewers find it. */
  async listing(): Promise<StreamListing | undefined> {
    return streamListSchema.parse(await this.#get('/api/streams')).streams[0];
  }

  /** What it has sent so far, before a killing too, and to how many. */
  async stats(): Promise<StreamStats | undefined> {
    const stats = statsSchema.parse(await this.#get('/api/stats')).streams[0];
    return stats && { ...stats, originBytes: sumBytes([this.#sentBefore, stats.originBytes]) };
  }

  /** Ends it as a power cut does: it finishes nothing. Its data and its port stay. */
  async kill(): Promise<void> {
    this.#sentBefore = (await this.stats())?.originBytes ?? this.#sentBefore;
    this.#isAway = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /**
   * Starts it again with the data that it had, at the address that it had.
   *
   * @returns when it answers again; media come a little later
   * @throws BenchError with the origin's own sentence when it does not come up
   */
  async startAgain(signal: AbortSignal): Promise<void> {
    this.#isReady = false;
    this.#child = this.#spawn();
    this.#exited = exitOf(this.#child);
    this.#isAway = false;
    await this.#untilReady(signal);
  }

  /**
   * Waits until so much of the stream has been published, s.
   *
   * @throws BenchError when it does not come
   */
  async untilHeld(seconds: number, signal: AbortSignal): Promise<void> {
    const parts = Math.ceil((seconds * 1000) / this.#settings.partMs);
    const isHeld = async (): Promise<boolean> => ((await this.stats())?.lastSequence ?? -1) >= parts;
    await this.#until(isHeld, { limitMs: seconds * 1000 + PUBLISHING_LIMIT_MS, what: `publish ${seconds} s`, signal });
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await Promise.race([this.#exited, setTimeout(STOP_LIMIT_MS, undefined, { ref: false })]);
    this.#removeNow();
    process.off('exit', this.#removeNow);
    await this.#exited;
  }

  async #untilEnded(seconds: number, signal: AbortSignal): Promise<void> {
    const isEnded = async (): Promise<boolean> => (await this.listing())?.state === 'ended';
    await this.#until(isEnded, { limitMs: seconds * 1000 + PUBLISHING_LIMIT_MS, what: `record ${seconds} s`, signal });
  }

  #untilReady(signal: AbortSignal): Promise<void> {
    return this.#until(() => Promise.resolve(this.#isReady), { limitMs: READY_LIMIT_MS, what: 'be ready', signal });
  }

  #arguments(): string[] {
    const { partMs, heights, input, videoKbps, uplinkKbps, host, trackerUrl, stunUrl, recordedSeconds, published } = this.#settings;
    return [
      ...[CLI, 'start', '--clock', '--input', recordedSeconds === undefined ? input : '-', '--part-ms', String(partMs), '--segment-ms', String(SEGMENT_MS), '--ladder', heights.join(',')],
      ...['--host', host ?? DEFAULT_HOST, '--port', String(this.#port ?? 0), '--rtmp-port', '0', '--data', this.#folder],
      // An end, and not a recording of its own beside the stream that has ended.
      ...(recordedSeconds === undefined ? [] : ['--recorded', 'no']),
      ...(trackerUrl === undefined ? [] : ['--tracker', trackerUrl]),
      ...(stunUrl === undefined ? [] : ['--stun', stunUrl]),
      ...(videoKbps === undefined ? [] : ['--video-kbps', String(videoKbps)]),
      ...(uplinkKbps === undefined ? [] : ['--uplink-kbps', String(uplinkKbps)]),
      ...['--log-format', 'json', '--log-level', published ? 'trace' : 'debug'],
    ];
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, this.#arguments(), { stdio: 'pipe' });
    createInterface({ input: child.stdout }).on('line', (line) => this.#logged(line));
    createInterface({ input: child.stderr }).on('line', (line) => (this.#lastWords = line));
    child.on('error', (error) => (this.#lastWords = error.message));
    return child;
  }

  #logged(text: string): void {
    const line = logLineSchema.safeParse(parseJson(text));
    if (!line.success) return;
    const { level, time, msg, port, version, path, chunk } = line.data;
    if (chunk) this.#settings.published?.({ ...chunk, publishedWallMs: time });
    if (READY.test(msg)) {
      this.#port = port;
      this.#isReady = true;
    }
    if (FOUND_FFMPEG.test(msg)) {
      this.#ffmpegVersion = version ?? 'unknown';
      if (path !== undefined) this.#feed(path);
    }
    if (level >= WARNING) {
      this.warnings.push(msg);
      this.#lastWords = msg;
    }
  }

  /** Pipes the input into it as fast as it takes it, from its beginning again as often as need be, and then ends it. */
  #feed(ffmpegPath: string): void {
    const { input, recordedSeconds } = this.#settings;
    const { stdin } = this.#child;
    if (recordedSeconds === undefined || this.#feeder || !stdin) return;
    const file = input === 'clip' ? CLIP : input;
    const length = ['-stream_loop', '-1', '-i', file, '-t', String(recordedSeconds)];
    const feeder = spawn(ffmpegPath, ['-nostdin', '-loglevel', 'error', ...length, '-c', 'copy', '-f', 'mpegts', 'pipe:1'], { stdio: 'pipe' });
    this.#feeder = feeder;
    createInterface({ input: feeder.stderr }).on('line', (line) => (this.#lastWords = line));
    feeder.on('error', (error) => (this.#lastWords = error.message));
    // An origin that ends first breaks the pipe, and says why itself.
    stdin.on('error', () => undefined);
    feeder.stdout.pipe(stdin);
  }

  async #get(path: string): Promise<unknown> {
    try {
      const answer = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) });
      if (answer.ok) return await answer.json();
      throw new BenchError(`The origin answered ${path} with ${answer.status}.`);
    } catch (error) {
      if (error instanceof BenchError) throw error;
      this.check();
      throw new BenchError(`The origin does not answer ${path}.`, { cause: error });
    }
  }

  async #until(
    isSo: () => Promise<boolean>,
    wait: { readonly limitMs: number; readonly what: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const endMs = performance.now() + wait.limitMs;
    while (!(await isSo())) {
      wait.signal.throwIfAborted();
      this.check();
      if (performance.now() > endMs) {
        throw new BenchError(`The origin took more than ${wait.limitMs / 1000} s to ${wait.what}: ${this.#lastWords || 'it did not say why'}`);
      }
      await setTimeout(POLL_MS);
    }
  }
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
