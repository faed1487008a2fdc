import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

import type { Clock } from '@p2ptv/protocol';

import { parseFlvPacket, type FlvPacket } from '../fragment/flv-packet.js';
import { FlvReader } from '../fragment/flv-reader.js';
import { PartAssembler, type Assembler, type AssembledInit, type AssembledPart, type AssemblerOutput } from '../fragment/part-assembler.js';
import { SoundAssembler } from '../fragment/sound-assembler.js';
import type { TrackCadence } from '../fragment/video-track.js';
import { AUDIO_FD, encoderArguments, videoFd, type EncoderRun } from './encoder-arguments.js';
import { giveWay } from './give-way.js';
import { processTimer, type StartTimer } from './start-timer.js';

/** How a session ended. `finished`: the input ended, or we were asked to stop. */
export type SessionEnd =
  | { readonly kind: 'finished' }
  | {
      readonly kind: 'died';
      /** Null when a signal ended it, or when it never began. */
      readonly exitCode: number | null;
      /** What ffmpeg said last, or why we gave it up; newest last. */
      readonly lastLines: readonly string[];
    };

/** What a session tells, in this order: `init` once, then parts, then its end. */
export type SessionListener = {
  readonly onInit: (init: AssembledInit) => void;
  /** @param arrivedAtMs wall clock when the part's last byte came */
  readonly onPart: (part: AssembledPart, arrivedAtMs: number) => void;
  readonly onEnd: (end: SessionEnd) => void;
};

/** A running encoder session. */
export interface EncoderSession {
  /** Whether ffmpeg has input that it has not taken; always, where it fetches its input itself. */
  readonly isInputWaiting: boolean;
  /** Ends ffmpeg; `onEnd` follows. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const LAST_LINES = 12;
/** How long ffmpeg may take to end when asked, before it is killed. Below what the process gives itself to end. */
const STOP_GRACE_MS = 1000;
/** How often we look whether ffmpeg still gives something. */
const STALL_CHECK_MS = 1000;
/**
 * Looks in a row without a byte from ffmpeg after which it has hung. Counting looks, not time, is of no
 * harm when the machine has slept or we were busy.
 */
const STALL_CHECKS = 15;
/** The same where we feed it, once it has begun: only looks with input are counted, and output follows input within a second. */
const FED_STALL_CHECKS = 5;

/**
 * Runs one ffmpeg process and cuts its output into parts.
 *
 * The process cannot outlive us: it is killed when we exit; should we be killed ourselves, its outputs
 * are pipes to us, and it ends when it cannot write, and where it reads from us, with its input.
 */
export function startEncoderSession(run: EncoderRun, clock: Clock, listener: SessionListener): EncoderSession {
  return new FfmpegSession(run, clock, listener);
}

function trackCadence({ cadence, cadenceOf, feed }: EncoderRun): TrackCadence {
  return cadenceOf ? { kind: 'found', frameRate: feed.media.frameRate, cadenceOf } : { kind: 'given', cadence };
}

class FfmpegSession implements EncoderSession {
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  readonly #assembler: Assembler;
  readonly #process: ChildProcess;
  readonly #lastLines: string[] = [];
  readonly #closed: Promise<void>;
  #failure: string | undefined;
  #isStopping = false;
  readonly #startTimer: StartTimer;
  readonly #isFed: boolean;
  #cancelStallCheck: (() => void) | undefined;
  #stalledChecks = 0;
  #hasGivenSomething = false;
  /** Since the last look. */
  #isInputSeen = false;
  #isOutputSeen = false;

  constructor(run: EncoderRun, clock: Clock, listener: SessionListener) {
    this.#clock = clock;
    this.#listener = listener;
    const { feed, renditions } = run;
    const hasAudio = feed.audioMap !== undefined;
    const ids = renditions.map(({ rendition }) => rendition);
    this.#assembler =
      feed.videoMap === undefined
        ? new SoundAssembler(run.cadence)
        : new PartAssembler({ cadence: trackCadence(run), renditions: ids, hasAudio, isPaced: feed.isPaced });
    this.#isFed = feed.stdin !== undefined;
    this.#startTimer = run.startTimer ?? processTimer;
    this.#process = spawn(run.ffmpeg.path, encoderArguments(run), {
      stdio: [feed.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', hasAudio ? 'pipe' : 'ignore', ...ids.slice(1).map(() => 'pipe' as const)],
      windowsHide: true,
    });
    // What nobody waits for takes what the live ones leave.
    if (!feed.isPaced) giveWay(this.#process);
    // One that hangs does not notice that we are gone.
    const killAtExit = (): void => void this.#process.kill('SIGKILL');
    process.once('exit', killAtExit);
    for (const [index, rendition] of ids.entries()) {
      this.#readTrack(this.#output(videoFd(index)), { take: (packet) => this.#assembler.pushVideo(rendition, packet) });
    }
    if (hasAudio) {
      this.#readTrack(this.#output(AUDIO_FD), {
        take: (packet) => this.#assembler.pushAudio(packet),
        end: () => this.#handle(this.#assembler.endAudio()),
      });
    }
    this.#readLog(this.#process.stderr);
    if (feed.stdin !== undefined) this.#feed(feed.stdin);
    this.#closed = this.#untilClosed();
    void this.#closed.then(() => process.off('exit', killAtExit));
    if (feed.isPaced) this.#watchForStall();
  }

  get isInputWaiting(): boolean {
    return !this.#isFed || this.#process.stdin?.writableNeedDrain === true;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#end();
    await this.#closed;
  }

  #end(): void {
    this.#cancelStallCheck?.();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGTERM');
    const cancelKill = this.#startTimer(STOP_GRACE_MS, () => void this.#process.kill('SIGKILL'));
    void this.#closed.then(cancelKill);
  }

  #feed(input: Readable): void {
    const { stdin } = this.#process;
    if (stdin === null) return;
    // Once ffmpeg is going, what the source still gives is let run dry, so that it does not stall the source.
    const abandon = (): void => {
      input.unpipe(stdin);
      input.resume();
    };
    stdin.on('error', abandon);
    stdin.on('close', abandon);
    input.on('error', () => stdin.end());
    input.on('data', () => (this.#isInputSeen = true));
    input.pipe(stdin);
  }

  #output(fd: number): Readable | null {
    // Node knows only three by their type.
    return (this.#process.stdio as readonly unknown[])[fd] as Readable | null;
  }

  #readTrack(stream: Readable | null, track: { readonly take: (packet: FlvPacket) => AssemblerOutput[]; readonly end?: () => void }): void {
    if (stream === null) return;
    const reader = new FlvReader();
    stream.on('data', (bytes: Buffer) => {
      this.#isOutputSeen = true;
      const result = reader.push(bytes);
      if (result.kind === 'malformed') this.#giveUp(`the encoder's output is no FLV: ${result.reason}`);
      else for (const tag of result.tags) this.#handle(track.take(parseFlvPacket(tag)));
    });
    stream.on('error', () => undefined);
    if (track.end !== undefined) stream.on('end', track.end);
  }

  #handle(outputs: readonly AssemblerOutput[]): void {
    for (const output of outputs) {
      // What ffmpeg flushes while it is being stopped belongs to nobody.
      if (this.#isStopping) return;
      switch (output.kind) {
        case 'broken':
          this.#giveUp(output.reason);
          break;
        case 'init':
          this.#listener.onInit(output);
          break;
        case 'part':
          this.#listener.onPart(output, this.#clock.wallMs());
          break;
      }
    }
  }

  #readLog(stream: Readable | null): void {
    if (stream === null) return;
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (rest + text).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(-1000);
      this.#lastLines.push(...lines.map((line) => line.trim().slice(0, 500)).filter((line) => line !== ''));
      this.#lastLines.splice(0, Math.max(0, this.#lastLines.length - LAST_LINES));
    });
  }

  #watchForStall(): void {
    this.#cancelStallCheck = this.#startTimer(STALL_CHECK_MS, () => {
      this.#checkForStall();
      if (this.#failure === undefined && !this.#isStopping) this.#watchForStall();
    });
  }

  /**
   * Any byte counts, not parts only: a publisher may send sound without pictures for a while. And one who
   * sends nothing is not the encoder's fault; ffmpeg that does not take what waits for it, is.
   */
  #checkForStall(): void {
    const isInputDue = !this.#isFed || this.#isInputSeen || this.#process.stdin?.writableNeedDrain === true;
    if (this.#isOutputSeen) {
      this.#stalledChecks = 0;
      this.#hasGivenSomething = true;
    } else if (isInputDue) this.#stalledChecks++;
    this.#isInputSeen = false;
    this.#isOutputSeen = false;
    const limit = this.#isFed && this.#hasGivenSomething ? FED_STALL_CHECKS : STALL_CHECKS;
    if (this.#stalledChecks >= limit) this.#giveUp(`the encoder gave nothing for ${(limit * STALL_CHECK_MS) / 1000} s`);
  }

  #giveUp(reason: string): void {
    if (this.#failure !== undefined || this.#isStopping) return;
    this.#failure = reason;
    this.#end();
  }

  #untilClosed(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once('error', (error) => {
        // Spawning failed: no exit will follow.
        if (this.#process.pid !== undefined) return;
        this.#failure = error.message;
        this.#finish(null);
        resolve();
      });
      this.#process.once('close', (exitCode) => {
        if (this.#process.pid === undefined) return;
        if (this.#failure === undefined) this.#handle(this.#assembler.end());
        this.#finish(exitCode);
        resolve();
      });
    });
  }

  #finish(exitCode: number | null): void {
    this.#cancelStallCheck?.();
    if (this.#isStopping || (exitCode === 0 && this.#failure === undefined)) {
      this.#listener.onEnd({ kind: 'finished' });
      return;
    }
    const lastLines = this.#failure === undefined ? this.#lastLines : [...this.#lastLines, this.#failure];
    this.#listener.onEnd({ kind: 'died', exitCode, lastLines });
  }
}
