import { spawn, type ChildProcess } from 'node:child_process';

import type { Publisher } from './way.js';

/** As OBS is told to by its low-latency settings: a key frame a second, no frames held back. */
const ENCODING = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-b:v', '800k', '-c:a', 'aac', '-ar', '48000'];

/** Publishes a film in real time, from its start on again and again. */
export class FfmpegPublisher implements Publisher {
  readonly #path: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #lastWords = '';
  failure: string | undefined;

  /** @param plan `output`: ffmpeg's format and address; `filters`: what is done to the picture */
  constructor(path: string, plan: { readonly film: string; readonly output: readonly string[]; readonly filters?: string }) {
    this.#path = path;
    const filters = plan.filters === undefined ? [] : ['-vf', plan.filters];
    this.#args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', plan.film, ...filters, ...ENCODING, ...plan.output];
  }

  start(): Promise<number> {
    const startedAtMs = Date.now();
    const child = spawn(this.#path, this.#args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const killNow = (): void => void child.kill('SIGKILL');
    process.once('exit', killNow);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#lastWords = text.trim().split('\n').at(-1) ?? ''));
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        process.off('exit', killNow);
        this.failure ??= `ffmpeg ended: ${this.#lastWords || reason}`;
        resolve();
      };
      child.once('close', (code, signal) => end(signal ?? `code ${code ?? 0}`));
      child.once('error', (error) => end(error.message));
    });
    return Promise.resolve(startedAtMs);
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }
}
