import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';

import type { UpstreamCaptions } from '../captions/upstream-captions.js';
import { processTimer, type StartTimer } from '../encode/start-timer.js';
import { FirstTimestamp } from './first-timestamp.js';
import { FeedWait } from './feed-wait.js';
import { parseFfmpegLog } from './media-probe.js';
import { PublisherPresence, type PresenceOptions } from './publisher-presence.js';
import type { MediaDescription, Source, SourceFeed } from './source.js';

/** Options of a {@link RelaySource}. */
export type RelaySourceOptions = PresenceOptions & {
  readonly kind: 'srt' | 'hls' | 'stdin';
  readonly label: string;
  /** For the log: where what it takes comes from. */
  readonly from: string;
  readonly ffmpegPath: string;
  /** ffmpeg's input options and input. */
  readonly inputArguments: readonly string[];
  /** ffmpeg's stream specifiers of the picture and of the sound. */
  readonly maps: { readonly video: string; readonly audio: string };
  /** Whether ffmpeg reads our own standard input. */
  readonly isStdin?: boolean;
  /** Whether it is taken anew after its end. Else the source has then nothing more. */
  readonly isRepeated: boolean;
  /** Why somebody was turned away, as a line of ffmpeg's log tells; undefined: it tells of something else. */
  readonly refusalIn?: (line: string) => string | undefined;
  /** Captions that ffmpeg does not relay. */
  readonly captions?: UpstreamCaptions | undefined;
  /** How long nothing may come, once something has, before the relay is given up; default: for ever. ms */
  readonly silenceMs?: number;
};

/** What a relay takes. MPEG-TS can be entered anywhere, and these codecs it carries; others it would carry as noise. */
const CODECS = {
  video: new Set(['h264', 'hevc', 'mpeg2video', 'mpeg1video', 'mpeg4']),
  audio: new Set(['aac', 'mp2', 'mp3', 'ac3', 'eac3', 'opus']),
};
/** A publisher who leaves is awaited again at once; one who cannot be had, later each time. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** Held from the first byte until an encoder session takes it. Bounds memory: 4 s of 16 Mb/s. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Bytes waiting for the encoder at which reading from the relay pauses. */
const FEED_BUFFER_BYTES = 1024 * 1024;
const MAX_LOG_CHARACTERS = 64 * 1024;
const STOP_GRACE_MS = 500;

/** What ffmpeg relays is MPEG-TS that has begun already: there is nothing to wait for. One frame at a time, as for RTMP. */
const ENCODER_INPUT = [
  ...['-f', 'mpegts', '-flags', 'low_delay', '-thread_type', 'slice'],
  ...['-probesize', '2000000', '-analyzeduration', '200000', '-fpsprobesize', '0', '-i', 'pipe:0'],
] as const;

/** What a relay has told of its input. */
type Relayed = {
  readonly media: MediaDescription;
  readonly isFinite: boolean;
  /** What the input's own clock says at the beginning of what is relayed, ms; undefined: it does not say. */
  readonly startMs: number | undefined;
};

type Relay = {
  readonly process: ChildProcess;
  log: string;
  /** Undefined until it is known. */
  relayed: Relayed | undefined;
  /** Why it is given up. */
  failure: string | undefined;
  held: Buffer[];
  heldBytes: number;
  cancelSilence: (() => void) | undefined;
};

/**
 * Whatever ffmpeg can read and our encoder cannot be let loose on directly: a listener that waits for
 * its caller, a pull that may break, a pipe. A first ffmpeg takes it, without decoding, and tells what
 * it is; encoder sessions are fed from it, and come and go without the other side's notice.
 */
export class RelaySource implements Source {
  readonly kind: RelaySourceOptions['kind'];
  readonly label: string;
  readonly publisher: PublisherPresence;
  readonly #options: RelaySourceOptions;
  readonly #startTimer: StartTimer;
  #relay: Relay | undefined;
  #feed: PassThrough | undefined;
  /** Of what that feed was given first; captions are placed by it. */
  #firstTimestamp: FirstTimestamp | undefined;
  #cancelRetry: (() => void) | undefined;
  #failuresInRow = 0;
  #hasBeenReady = false;
  readonly #wait = new FeedWait();
  #state: 'idle' | 'active' | 'exhausted' | 'closed' = 'idle';

  constructor(options: RelaySourceOptions) {
    this.kind = options.kind;
    this.label = options.label;
    this.publisher = new PublisherPresence(options);
    this.#options = options;
    this.#startTimer = options.startTimer ?? processTimer;
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    if (this.#state === 'idle') {
      this.#state = 'active';
      this.#startRelay();
    }
    if (signal.aborted || this.#isOver()) return Promise.resolve(undefined);
    if (this.#relay?.relayed) return Promise.resolve(this.#openFeed(this.#relay, this.#relay.relayed));
    return this.#wait.until(signal);
  }

  dismiss(reason: string): void {
    if (this.#relay) giveUp(this.#relay, reason);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.publisher.close();
    this.#options.captions?.close();
    this.#cancelRetry?.();
    this.#feed?.end();
    this.#wait.answer(undefined);
    const relay = this.#relay;
    if (!relay) return;
    const exited = new Promise<void>((resolve) => void relay.process.once('close', () => resolve()));
    giveUp(relay, 'It was stopped.');
    await exited;
  }

  #startRelay(): void {
    const { ffmpegPath, inputArguments, maps, isStdin = false, from, refusalIn } = this.#options;
    const child = spawn(
      ffmpegPath,
      [
        ...['-hide_banner', '-nostats', '-loglevel', 'info', ...(isStdin ? [] : ['-nostdin'])],
        ...inputArguments,
        ...['-map', `${maps.video}?`, '-map', `${maps.audio}?`, '-c', 'copy'],
        ...['-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', 'pipe:1'],
      ],
      { stdio: [isStdin ? 'inherit' : 'ignore', 'pipe', 'pipe'], windowsHide: true },
    );
    const relay: Relay = { process: child, log: '', relayed: undefined, failure: undefined, held: [], heldBytes: 0, cancelSilence: undefined };
    this.#relay = relay;
    this.#options.captions?.begin();
    // One that hangs does not notice that we are gone.
    const killAtExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      relay.log = (relay.log + text).slice(-MAX_LOG_CHARACTERS);
    });
    if (refusalIn) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const reason = refusalIn(line);
        if (reason !== undefined) this.publisher.refuse(from, reason);
      });
    }
    child.stdout.on('data', (bytes: Buffer) => this.#take(relay, bytes));
    const finish = (exitCode: number | null): void => {
      process.off('exit', killAtExit);
      this.#handleExit(relay, exitCode);
    };
    child.once('error', (error) => {
      // Spawning failed: no exit will follow.
      if (child.pid !== undefined) return;
      relay.failure = error.message;
      finish(null);
    });
    child.once('close', (exitCode) => {
      if (child.pid !== undefined) finish(exitCode);
    });
  }

  #take(relay: Relay, bytes: Buffer): void {
    if (relay.failure !== undefined) return;
    this.#watchSilence(relay);
    if (!relay.relayed) {
      this.#hold(relay, bytes);
      this.#look(relay);
      return;
    }
    if (this.#feed) this.#write(relay, bytes);
    else this.#hold(relay, bytes);
  }

  /** ffmpeg describes its input before it writes the first byte, but its words come by another pipe. */
  #look(relay: Relay): void {
    const relayed = describe(relay.log);
    if (!relayed) return;
    if ('problem' in relayed) {
      giveUp(relay, relayed.problem);
      return;
    }
    if (relayed.isFinite && this.#hasBeenReady && this.#options.isRepeated) {
      // What was live has ended meanwhile, and is a recording now.
      this.#exhaust();
      giveUp(relay, 'It has ended.');
      return;
    }
    relay.relayed = relayed;
    this.#hasBeenReady = true;
    this.#failuresInRow = 0;
    this.publisher.arrive(this.#options.from);
    if (this.#wait.isWaiting) this.#wait.answer(this.#openFeed(relay, relayed));
  }

  #openFeed(relay: Relay, { media, startMs }: Relayed): SourceFeed {
    this.#feed?.end();
    const { captions } = this.#options;
    const first = captions && new FirstTimestamp(Number(media.hasVideo) + Number(media.hasAudio));
    this.#firstTimestamp = first;
    const feed = new PassThrough({ writableHighWaterMark: FEED_BUFFER_BYTES });
    feed.on('drain', () => relay.process.stdout?.resume());
    this.#feed = feed;
    for (const bytes of relay.held.splice(0)) this.#write(relay, bytes);
    relay.heldBytes = 0;
    return {
      media,
      inputArguments: ENCODER_INPUT,
      videoMap: media.hasVideo ? '0:v:0' : undefined,
      audioMap: media.hasAudio ? '0:a:0' : undefined,
      stdin: feed,
      isPaced: true,
      captions: captions?.open(() => (startMs === undefined || first?.ms === undefined ? undefined : startMs + first.ms)),
    };
  }

  /** Keeps what a session can begin with; what is old already would only make it late. */
  #hold(relay: Relay, bytes: Buffer): void {
    relay.held.push(bytes);
    relay.heldBytes += bytes.length;
    if (relay.heldBytes <= MAX_HELD_BYTES) return;
    relay.held = [];
    relay.heldBytes = 0;
  }

  #write(relay: Relay, bytes: Buffer): void {
    const feed = this.#feed;
    if (feed === undefined || feed.writableEnded) return;
    this.#firstTimestamp?.push(bytes);
    if (!feed.write(bytes)) relay.process.stdout?.pause();
  }

  #watchSilence(relay: Relay): void {
    const { silenceMs } = this.#options;
    if (silenceMs === undefined) return;
    relay.cancelSilence?.();
    relay.cancelSilence = this.#startTimer(silenceMs, () => {
      // Not its fault when we do not read.
      if (relay.process.stdout?.isPaused() === true) this.#watchSilence(relay);
      else giveUp(relay, `Nothing has come for ${silenceMs / 1000} s.`);
    });
  }

  #handleExit(relay: Relay, exitCode: number | null): void {
    relay.cancelSilence?.();
    if (this.#relay === relay) this.#relay = undefined;
    this.#feed?.end();
    this.#feed = undefined;
    if (this.#isOver()) return;
    const { isRepeated, from } = this.#options;
    const reason = relay.failure ?? (exitCode === 0 ? undefined : lastWords(relay.log));
    const isFinished = relay.relayed !== undefined && (!isRepeated || relay.relayed.isFinite) && relay.failure === undefined;
    if (isFinished) this.publisher.finish(reason);
    else if (relay.relayed) this.publisher.leave(reason);
    if (isFinished || (!isRepeated && relay.relayed === undefined)) {
      if (!relay.relayed) this.publisher.fail({ address: from, reason: reason ?? lastWords(relay.log), retryMs: undefined });
      this.#exhaust();
      return;
    }
    const retryMs = relay.relayed ? 0 : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failuresInRow++);
    if (!relay.relayed) this.publisher.fail({ address: from, reason: reason ?? lastWords(relay.log), retryMs });
    this.#cancelRetry = this.#startTimer(retryMs, () => this.#startRelay());
  }

  #exhaust(): void {
    this.#state = 'exhausted';
    this.#options.captions?.close();
    this.publisher.close();
    this.#wait.answer(undefined);
  }

  #isOver(): boolean {
    return this.#state === 'exhausted' || this.#state === 'closed';
  }
}

function giveUp(relay: Relay, reason: string): void {
  if (relay.failure !== undefined) return;
  relay.failure = reason;
  relay.process.kill('SIGTERM');
  const kill = setTimeout(() => relay.process.kill('SIGKILL'), STOP_GRACE_MS);
  relay.process.once('close', () => clearTimeout(kill));
}

/** What ffmpeg has told of its input; undefined while it has not yet. */
function describe(log: string): Relayed | { readonly problem: string } | undefined {
  if (!/^Output #0/m.test(log)) return undefined;
  const codecOf = (kind: 'Video' | 'Audio'): string | undefined => new RegExp(`Stream #0.*: ${kind}: ([\\w-]+)`).exec(log)?.[1];
  const [video, audio] = [codecOf('Video'), codecOf('Audio')];
  const media = parseFfmpegLog(log);
  if (!media) return { problem: 'There is neither picture nor sound in it.' };
  if (video !== undefined && !CODECS.video.has(video)) return { problem: `Its video is ${video}: give H.264, H.265 or MPEG-2.` };
  if (audio !== undefined && !CODECS.audio.has(audio)) return { problem: `Its sound is ${audio}: give AAC, MP3, AC-3 or Opus.` };
  const { width, height, frameRate, hasVideo, hasAudio, durationSeconds } = media;
  const start = /^ *Duration: [^\n]*, start: (-?\d+\.\d+)/m.exec(log);
  return { media: { width, height, frameRate, hasVideo, hasAudio }, isFinite: durationSeconds !== undefined, startMs: start === null ? undefined : Number(start[1]) * 1000 };
}

/** ffmpeg's last line, without the part of it that speaks. */
function lastWords(log: string): string {
  if (/matches no streams|does not contain any stream/.test(log)) return 'There is neither picture nor sound in it.';
  const line = log.split(/[\r\n]+/).map((text) => text.trim()).filter((text) => text !== '').at(-1) ?? 'ffmpeg said nothing';
  return `${line.replace(/^\[[^\]]*\]\s*/, '').replace(/\.$/, '').slice(0, 300)}.`;
}
