import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import { freeTcpPort } from '../load/free-port.js';
import { HttpClient } from './http-client.js';

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 3_000;
const POLL_MS = 50;
/** Where distributions put it, which may not be on a user's PATH. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** Looks for nginx on the PATH and where it usually is; undefined: it is not installed. */
export function findNginx(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...USUAL_FOLDERS].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'nginx')).find(isProgram);
}

/** Whether a path names something that can be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** nginx with one worker, serving a folder on loopback. */
export class Nginx {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #killNow: () => void;
  #lastWords = '';

  private constructor(program: string, folder: string, port: number) {
    this.port = port;
    this.#child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (text: Buffer) => (this.#lastWords = text.toString().trim()));
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', (error) => {
        this.#lastWords = error.message;
        resolve();
      });
    });
    this.#killNow = () => void this.#child.kill('SIGKILL');
    process.once('exit', this.#killNow);
  }

  /**
   * Starts it on a free port.
   *
   * @param folder its own; what it serves is in `files` in it
   * @throws BenchError with nginx's own sentence when it does not come up
   */
  static async start(program: string, folder: string, signal: AbortSignal): Promise<Nginx> {
    const port = await freeTcpPort();
    mkdirSync(join(folder, 'temp'), { recursive: true });
    writeFileSync(join(folder, 'nginx.conf'), configuration(port));
    const nginx = new Nginx(program, folder, port);
    const endMs = performance.now() + START_LIMIT_MS;
    while (!(await nginx.#answers())) {
      if (signal.aborted || nginx.#hasEnded || performance.now() > endMs) {
        await nginx.stop();
        signal.throwIfAborted();
        throw new BenchError(`nginx did not start: ${nginx.#lastWords || 'it said nothing'}`);
      }
      await setTimeout(POLL_MS);
    }
    return nginx;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await Promise.race([this.#exited, setTimeout(STOP_LIMIT_MS, undefined, { ref: false })]);
    this.#killNow();
    process.off('exit', this.#killNow);
    await this.#exited;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  async #answers(): Promise<boolean> {
    try {
      const client = await HttpClient.open(this.port);
      client.close();
      return true;
    } catch {
      return false;
    }
  }
}

/** As an operator would set it up for segments; one process, as the origin is one. */
function configuration(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path temp/${name};`);
  return [
    'daemon off;',
    'master_process off;',
    'pid temp/nginx.pid;',
    'events { worker_connections 4096; }',
    'http {',
    ...temporary,
    '  access_log off;',
    '  sendfile on;',
    '  tcp_nopush on;',
    '  keepalive_requests 100000000;',
    '  open_file_cache max=1000;',
    '  types { video/mp4 m4s; }',
    `  server { listen 127.0.0.1:${port}; root files; add_header cache-control "public, max-age=31536000, immutable"; }`,
    '}',
    '',
  ].join('\n');
}
